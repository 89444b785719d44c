#include "fhir/search_words.h"

#include <algorithm>
#include <fmt/format.h>

namespace lightbox::fhir {
namespace {

constexpr std::size_t depth_max = 16;
constexpr std::size_t words_max = 100;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         (c & 0x80) != 0;
}

bool equals(std::string_view word, std::string_view lower) {
  return std::ranges::equal(
      word, lower, [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
}

// Shown in a message: no more than about 60 bytes, and no character cut.
std::string beginning(std::string_view text) {
  if (text.size() <= 60) return std::string(text);
  std::size_t end = 60;
  while ((static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return std::string(text.substr(0, end)) + "…";
}

class WordParser {
 public:
  explicit WordParser(std::string_view text) : text_(text) {}

  Parsed<std::string> parse() {
    auto query = any_of(1);
    if (query && place_ < text_.size()) return fail("a ) is too many");
    return query;
  }

 private:
  [[nodiscard]] std::unexpected<std::string> fail(std::string_view what) const {
    return std::unexpected(
        fmt::format("'{}': {}. Write words, \"words that stand together\", begin*, or, and, ( )",
                    beginning(text_), what));
  }

  void skip_space() {
    while (place_ < text_.size() && is_space(text_[place_])) ++place_;
  }

  // The next word, without taking it; empty at a quote, a parenthesis and the end.
  std::string_view peek() {
    skip_space();
    std::size_t end = place_;
    while (end < text_.size() && !is_space(text_[end]) &&
           std::string_view("()\"").find(text_[end]) == std::string_view::npos) {
      ++end;
    }
    return text_.substr(place_, end - place_);
  }

  Parsed<std::string> any_of(std::size_t depth) {
    if (depth > depth_max) return fail("too many parentheses within each other");
    std::string query;
    for (;;) {
      auto all = all_of(depth);
      if (!all) return all;
      query.append(query.empty() ? "" : " OR ").append(*all);
      if (!equals(peek(), "or")) return "(" + query + ")";
      place_ += 2;
    }
  }

  Parsed<std::string> all_of(std::size_t depth) {
    std::string query;
    for (;;) {
      auto one = item(depth);
      if (!one) return one;
      query.append(query.empty() ? "" : " AND ").append(*one);
      const std::string_view next = peek();
      if (equals(next, "and")) {
        place_ += 3;
      } else if (equals(next, "or") || place_ == text_.size() || text_[place_] == ')') {
        return "(" + query + ")";
      }
    }
  }

  Parsed<std::string> item(std::size_t depth) {
    const std::string_view word = peek();
    if (++words_ > words_max) return fail("there are more than 100 words");
    if (place_ == text_.size()) return fail("a word is missing at the end");
    if (text_[place_] == '(') {
      ++place_;
      auto inner = any_of(depth + 1);
      if (!inner) return inner;
      skip_space();
      if (place_ == text_.size()) return fail("a ) is missing");
      ++place_;
      return inner;
    }
    if (text_[place_] == '"') return phrase();
    if (equals(word, "and") || equals(word, "or") || word.empty()) return fail("a word is missing");
    if (equals(word, "not")) return fail("'not' is not supported");
    place_ += word.size();
    const bool is_prefix = word.ends_with('*');
    return quoted(word.substr(0, word.size() - (is_prefix ? 1 : 0)), is_prefix ? "*" : "");
  }

  Parsed<std::string> phrase() {
    const auto end = text_.find('"', place_ + 1);
    if (end == std::string_view::npos) return fail("a \" is missing");
    const std::string_view words = text_.substr(place_ + 1, end - place_ - 1);
    place_ = end + 1;
    return quoted(words, "");
  }

  Parsed<std::string> quoted(std::string_view words, std::string_view behind) {
    if (words.find('*') != std::string_view::npos) return fail("a * stands at the end of a word");
    if (std::ranges::none_of(words, is_letter)) {
      return fail(fmt::format("'{}' is no word", beginning(words)));
    }
    return fmt::format("\"{}\"{}", words, behind);
  }

  std::string_view text_;
  std::size_t place_ = 0;
  std::size_t words_ = 0;
};

}  // namespace

Parsed<std::string> parse_words(std::string_view text) { return WordParser(text).parse(); }

}  // namespace lightbox::fhir
