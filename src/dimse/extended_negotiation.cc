#include "dimse/extended_negotiation.h"

#include <algorithm>

namespace lightbox::dimse {
namespace {

// PS3.4 table C.5.1-1: the bytes in their order; those after are not performed here. Of retrieval
// (tables C.5.2-1 and C.5.3-1) the first is.
enum Place : std::size_t { relational_queries, combined_date_times, fuzzy_names, performed_count };
constexpr std::size_t performed_of_retrieve = relational_queries + 1;

bool has(std::string_view information, Place place) {
  return place < information.size() && information[place] == 1;
}

}  // namespace

ExtendedNegotiation granted(const ExtendedNegotiation& proposed, ServiceKind service) {
  const std::size_t performed =
      service == ServiceKind::retrieve ? performed_of_retrieve : performed_count;
  ExtendedNegotiation answer = proposed;
  for (std::size_t i = 0; i < answer.information.size(); ++i) {
    const bool is_granted = i < performed && proposed.information[i] == 1;
    answer.information[i] = is_granted ? '\1' : '\0';
  }
  return answer;
}

FindOptions find_options_of(std::string_view information) {
  return {.is_relational = has(information, relational_queries),
          .has_combined_date_times = has(information, combined_date_times),
          .has_fuzzy_names = has(information, fuzzy_names)};
}

}  // namespace lightbox::dimse
