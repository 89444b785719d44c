#include "dimse/extended_negotiation.h"

#include <algorithm>

namespace lightbox::dimse {
namespace {

// PS3.4 table C.5.1-1: the bytes in their order; those after are not performed here.
enum Place : std::size_t { relational_queries, combined_date_times, fuzzy_names, performed_count };

bool has(std::string_view information, Place place) {
  return place < information.size() && information[place] == 1;
}

}  // namespace

ExtendedNegotiation granted(const ExtendedNegotiation& proposed) {
  ExtendedNegotiation answer = proposed;
  for (std::size_t i = 0; i < answer.information.size(); ++i) {
    const bool is_granted = i < performed_count && proposed.information[i] == 1;
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
