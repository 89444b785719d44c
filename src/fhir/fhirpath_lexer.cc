#include "fhir/fhirpath_lexer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <fmt/format.h>

#include "fhir/validate.h"

namespace lightbox::fhir {
namespace {

using Kind = FhirPathToken::Kind;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

void append_utf8(std::uint32_t c, std::string& out) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | (c >> 6));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xE0 | (c >> 12));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

}  // namespace

Problem fhirpath_problem(std::string_view text, std::size_t offset, std::string_view what) {
  return problem(ProblemKind::invalid, "value",
                 fmt::format("In the FHIRPath expression {}, at character {}: {}", quoted(text),
                             offset + 1, what));
}

Problem FhirPathLexer::wrong(std::string_view what, std::size_t offset) const {
  return fhirpath_problem(text_, offset, what);
}

Result<void> FhirPathLexer::skip_space() {
  while (at_ < text_.size()) {
    const std::string_view rest = text_.substr(at_);
    if (is_space(rest.front())) {
      ++at_;
    } else if (rest.starts_with("//")) {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else if (rest.starts_with("/*")) {
      const std::size_t end = text_.find("*/", at_ + 2);
      if (end == std::string_view::npos) return wrong("the comment has no end", at_);
      at_ = end + 2;
    } else {
      break;
    }
  }
  return {};
}

Result<FhirPathToken> FhirPathLexer::next() {
  TRY_DO(skip_space());
  if (at_ == text_.size()) return FhirPathToken{.kind = Kind::end, .text = "", .offset = at_};
  const std::size_t start = at_;
  const char c = text_[at_];
  if (c == '\'' || c == '"') return quoted(c, Kind::string);
  if (c == '`') return quoted(c, Kind::quoted);
  if (is_digit(c)) return number();
  if (c == '@') {
    auto token = temporal();
    if (token.text.empty()) return wrong("expected a date or time after @", start);
    return token;
  }
  if (is_letter(c)) {
    while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]))) ++at_;
    return FhirPathToken{Kind::identifier, std::string(text_.substr(start, at_ - start)), start};
  }
  static constexpr std::array<std::string_view, 22> symbols = {
      "!=", "!~", "<=", ">=", ".", "(", ")", "[", "]", "{", "}",
      ",",  "+",  "-",  "*",  "/", "&", "|", "=", "~", "<", ">"};
  for (const std::string_view symbol : symbols) {
    if (!text_.substr(at_).starts_with(symbol)) continue;
    at_ += symbol.size();
    return FhirPathToken{Kind::symbol, std::string(symbol), start};
  }
  if (c == '$' || c == '%') {
    ++at_;
    return FhirPathToken{Kind::symbol, std::string(1, c), start};
  }
  return wrong(fmt::format("{} has no meaning here", lightbox::fhir::quoted(text_.substr(at_, 1))),
               start);
}

Result<FhirPathToken> FhirPathLexer::quoted(char quote, Kind kind) {
  FhirPathToken token{.kind = kind, .text = "", .offset = at_};
  for (++at_; at_ < text_.size() && text_[at_] != quote;) {
    if (text_[at_] == '\\') {
      TRY_DO(escape(token.text));
    } else {
      token.text += text_[at_++];
    }
  }
  if (at_ == text_.size()) return wrong(fmt::format("{} has no end", quote), token.offset);
  ++at_;
  return token;
}

// \' \" \` \\ \/ \f \n \r \t \uXXXX
Result<void> FhirPathLexer::escape(std::string& out) {
  constexpr std::string_view names = "'\"`\\/fnrt";
  constexpr std::string_view meanings = "'\"`\\/\f\n\r\t";
  const std::size_t start = at_++;
  const char c = at_ < text_.size() ? text_[at_] : '\0';
  if (const auto found = names.find(c); found != std::string_view::npos && c != '\0') {
    ++at_;
    out += meanings[found];
    return {};
  }
  std::uint32_t code = 0;
  const std::string_view digits = text_.substr(std::min(at_ + 1, text_.size()), 4);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
  const bool is_surrogate = code >= 0xD800 && code < 0xE000;
  if (c != 'u' || digits.size() != 4 || error != std::errc{} || end != digits.data() + 4 ||
      is_surrogate) {
    return wrong(R"(expected one of \' \" \` \\ \/ \f \n \r \t \uXXXX)", start);
  }
  at_ += 5;
  append_utf8(code, out);
  return {};
}

FhirPathToken FhirPathLexer::number() {
  const std::size_t start = at_;
  while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
  // "1.5", but not the "1." of 1.toString().
  if (at_ + 1 < text_.size() && text_[at_] == '.' && is_digit(text_[at_ + 1])) {
    ++at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
  }
  return {Kind::number, std::string(text_.substr(start, at_ - start)), start};
}

// @2015-02, @2015-02-04T14:34:28+09:00, @2015T, @T14:34:28.123
FhirPathToken FhirPathLexer::temporal() {
  const std::size_t start = at_++;
  if (at_ < text_.size() && text_[at_] == 'T') {
    const std::size_t from = ++at_;
    while (at_ < text_.size() &&
           (is_digit(text_[at_]) || text_[at_] == ':' ||
            (text_[at_] == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1])))) {
      ++at_;
    }
    return {Kind::time, std::string(text_.substr(from, at_ - from)), start};
  }
  const std::size_t from = at_;
  while (at_ < text_.size() && (is_digit(text_[at_]) || text_[at_] == '-')) ++at_;
  if (at_ == text_.size() || text_[at_] != 'T') {
    return {Kind::date, std::string(text_.substr(from, at_ - from)), start};
  }
  ++at_;
  while (at_ < text_.size() &&
         (is_digit(text_[at_]) ||
          std::string_view(":+-Z").find(text_[at_]) != std::string_view::npos ||
          (text_[at_] == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1])))) {
    ++at_;
  }
  std::string text(text_.substr(from, at_ - from));
  if (text.ends_with('T')) text.pop_back();
  return {Kind::date_time, std::move(text), start};
}

}  // namespace lightbox::fhir
