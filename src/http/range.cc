#include "http/range.h"

#include <algorithm>
#include <charconv>

#include "http/text.h"

namespace lightbox::http {
namespace {

// All of it digits; what does not fit is as large as can be.
std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || end != text.data() + text.size()) return std::nullopt;
  return error == std::errc::result_out_of_range ? UINT64_MAX : number;
}

}  // namespace

WantedRange wanted_range(std::string_view field, std::uint64_t size) {
  const WantedRange all;
  std::string_view rest = field;
  if (!equals_ignoring_case(take_until('=', rest), "bytes")) return all;
  if (rest.find(',') != std::string_view::npos) return all;
  const std::size_t dash = rest.find('-');
  if (dash == std::string_view::npos) return all;
  const auto first = number_of(trimmed(rest.substr(0, dash)));
  const auto last = number_of(trimmed(rest.substr(dash + 1)));
  const bool has_first = !trimmed(rest.substr(0, dash)).empty();
  const bool has_last = !trimmed(rest.substr(dash + 1)).empty();
  if ((has_first && !first) || (has_last && !last) || (!has_first && !has_last)) return all;
  if (!has_first) {  // the last so many bytes
    if (*last == 0 || size == 0) return {.kind = WantedRange::Kind::unsatisfiable};
    const std::uint64_t length = std::min(*last, size);
    return {.kind = WantedRange::Kind::part, .range = {size - length, length}};
  }
  if (has_last && *last < *first) return all;
  if (*first >= size) return {.kind = WantedRange::Kind::unsatisfiable};
  const std::uint64_t end = has_last ? std::min(*last, size - 1) : size - 1;
  return {.kind = WantedRange::Kind::part, .range = {*first, end - *first + 1}};
}

}  // namespace lightbox::http
