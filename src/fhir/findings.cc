#include "fhir/findings.h"

#include <fmt/format.h>
#include <utility>

namespace lightbox::fhir {
namespace {

// A client may send names and values of many megabytes: one of them must not come back a hundred
// times in the findings.
std::string shortened(std::string_view text) {
  constexpr std::size_t shown_max = 64;
  std::string_view shown = text.substr(0, shown_max);
  while (shown.size() < text.size() && !shown.empty() && (text[shown.size()] & 0xC0) == 0x80) {
    shown.remove_suffix(1);  // not within a character
  }
  return fmt::format("{}{}", shown, shown.size() < text.size() ? "…" : "");
}

}  // namespace

std::string expression_of(const Place& place) {
  std::string text;
  if (place.parent != nullptr) {
    text = expression_of(*place.parent);
    if (place.index < 0 || !place.name.empty()) text += '.';
  }
  text += shortened(place.name);
  if (place.index >= 0) text += fmt::format("[{}]", place.index);
  return text;
}

void Findings::add(std::string_view code, const Place& place, std::string diagnostics) {
  if (issues_.size() >= issues_max_) {
    ++left_out_;
    return;
  }
  issues_.push_back({.severity = Severity::error,
                     .code = code,
                     .diagnostics = std::move(diagnostics),
                     .expression = expression_of(place)});
}

std::vector<Issue> Findings::take() && {
  if (left_out_ > 0) {
    issues_.push_back(
        {.severity = Severity::error,
         .code = "too-costly",
         .diagnostics = fmt::format("{} more findings are not listed (issues_max)", left_out_),
         .expression = {}});
  }
  return std::move(issues_);
}

std::string quoted(std::string_view text) { return fmt::format("\"{}\"", shortened(text)); }

}  // namespace lightbox::fhir
