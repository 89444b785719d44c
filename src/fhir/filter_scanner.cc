#include "fhir/filter_scanner.h"

#include <algorithm>
#include <fmt/format.h>

#include "fhir/json.h"

namespace lightbox::fhir {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_name(char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-'; }

// Shown in a message: up to about 20 characters, none of them cut.
std::string_view beginning(std::string_view text) {
  std::size_t end = std::min<std::size_t>(text.size(), 20);
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) ++end;
  return text.substr(0, end);
}

}  // namespace

void FilterScanner::skip_space() {
  while (place_ < text_.size() && is_space(text_[place_])) ++place_;
}

bool FilterScanner::at_end() {
  skip_space();
  return place_ == text_.size();
}

bool FilterScanner::take(char wanted) {
  skip_space();
  return take_next(wanted);
}

bool FilterScanner::take_next(char wanted) {
  if (place_ == text_.size() || text_[place_] != wanted) return false;
  ++place_;
  return true;
}

bool FilterScanner::take_word(std::string_view word) {
  skip_space();
  if (!text_.substr(place_).starts_with(word)) return false;
  const Place end = place_ + word.size();
  if (end < text_.size() && !is_space(text_[end]) && text_[end] != '(') return false;
  place_ = end;
  return true;
}

std::string_view FilterScanner::name() {
  const Place start = place_;
  if (place_ < text_.size() && (is_letter(text_[place_]) || text_[place_] == '_')) {
    while (place_ < text_.size() && is_name(text_[place_])) ++place_;
  }
  return text_.substr(start, place_ - start);
}

std::string_view FilterScanner::step() {
  const Place start = place_;
  if (text_.substr(place_).starts_with("_has:")) {
    place_ += std::string_view("_has:").size();
    const bool has_type = !name().empty() && take_next(':');
    if (has_type && !name().empty() && take_next(':')) {
      return text_.substr(start, place_ - 1 - start);
    }
    place_ = start;
    return {};
  }
  if (!name().empty() && (!take_next(':') || !name().empty())) {
    const Place end = place_;
    if (take_next('.')) return text_.substr(start, end - start);
  }
  place_ = start;
  return {};
}

std::string FilterScanner::unsupported_path() const {
  const std::string_view rest = text_.substr(place_);
  if (rest.starts_with(':')) {
    if (text_.substr(0, place_).ends_with("_has")) {
      return "_has is written _has:[type]:[reference]:[parameter]";
    }
    return "a filter has no modifiers: for :not write not (…), for :missing pr, for :in, :below "
           "and :above in, ss and sb";
  }
  return {};
}

std::expected<std::string, Issue> FilterScanner::value() {
  if (place_ < text_.size() && text_[place_] == '"') return json_string();
  const Place start = place_;
  while (place_ < text_.size() && !is_space(text_[place_]) && text_[place_] != ')' &&
         text_[place_] != ']') {
    ++place_;
  }
  if (place_ == start) return std::unexpected(issue("invalid", "expected a value"));
  return std::string(text_.substr(start, place_ - start));
}

std::expected<std::string, Issue> FilterScanner::json_string() {
  Place end = place_ + 1;
  while (end < text_.size() && text_[end] != '"') end += text_[end] == '\\' ? 2 : 1;
  if (end >= text_.size()) {
    return std::unexpected(issue("invalid", "this string has no end: a \" is missing"));
  }
  const auto parsed = parse_json(text_.substr(place_, end + 1 - place_));
  if (!parsed) {
    return std::unexpected(
        issue("invalid", "this is not a JSON string: write \\\" for a \" and \\\\ for a \\"));
  }
  std::string value(parsed->root()->text);
  if (value.empty()) return std::unexpected(issue("invalid", "the value is empty"));
  place_ = end + 1;
  return value;
}

Issue FilterScanner::issue(std::string_view code, std::string_view what) const {
  const auto position = 1 + std::count_if(text_.begin(), text_.begin() + place_, [](char c) {
                          return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
                        });
  const std::string_view rest = beginning(text_.substr(place_));
  return {Severity::error,
          code,
          fmt::format("Search parameter '_filter', character {}{}: {}", position,
                      rest.empty() ? " (its end)" : fmt::format(" ('{}')", rest), what),
          {}};
}

}  // namespace lightbox::fhir
