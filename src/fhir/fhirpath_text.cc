#include "fhir/fhirpath_text.h"

#include <fmt/format.h>
#include <unicode/locid.h>
#include <unicode/regex.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include "fhir/validate.h"

namespace lightbox::fhir {
namespace {

icu::UnicodeString unicode(std::string_view text) {
  return icu::UnicodeString::fromUTF8(
      icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())));
}

std::string utf8(const icu::UnicodeString& text) {
  std::string out;
  return text.toUTF8String(out);
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

Problem refused(std::string_view expression, UErrorCode status) {
  return problem(ProblemKind::unprocessable, "value",
                 fmt::format("The regular expression {} cannot be used: {}", quoted(expression),
                             u_errorName(status)));
}

// A matcher of ICU with bounds: a regular expression may take exponential time.
struct Matcher {
  UErrorCode status = U_ZERO_ERROR;
  icu::UnicodeString text;
  icu::RegexMatcher matcher;

  Matcher(std::string_view given, std::string_view expression)
      : text(unicode(given)), matcher(unicode(expression), 0, status) {
    constexpr std::int32_t time_max = 100;             // of about a millisecond each
    constexpr std::int32_t stack_bytes_max = 1 << 20;  // on the heap
    if (U_FAILURE(status)) return;
    matcher.setTimeLimit(time_max, status);
    matcher.setStackLimit(stack_bytes_max, status);
    matcher.reset(text);
  }
};

}  // namespace

std::string upper_case(std::string_view text) {
  return utf8(unicode(text).toUpper(icu::Locale::getRoot()));
}
std::string lower_case(std::string_view text) {
  return utf8(unicode(text).toLower(icu::Locale::getRoot()));
}

std::string folded(std::string_view text) {
  icu::UnicodeString out;
  const icu::UnicodeString given = unicode(text).foldCase();
  bool is_space = false;
  for (std::int32_t at = 0; at < given.length();) {
    const UChar32 c = given.char32At(at);
    at += U16_LENGTH(c);
    if (!u_isUWhiteSpace(c)) {
      if (is_space && !out.isEmpty()) out.append(u' ');
      out.append(c);
    }
    is_space = u_isUWhiteSpace(c) != 0;
  }
  return utf8(out);
}

std::size_t length_of(std::string_view text) {
  std::size_t length = 0;
  for (const char c : text) length += is_continuation(c) ? 0 : 1;
  return length;
}

std::string_view substring_of(std::string_view text, std::size_t start, std::size_t count) {
  const auto skip = [](std::string_view rest, std::size_t characters) {
    std::size_t at = 0;
    while (at < rest.size() && characters > 0) {
      ++at;
      while (at < rest.size() && is_continuation(rest[at])) ++at;
      --characters;
    }
    return at;
  };
  text.remove_prefix(skip(text, start));
  return text.substr(0, skip(text, count));
}

Result<bool> matches(std::string_view text, std::string_view expression, Match match) {
  Matcher matcher(text, expression);
  UBool found = 0;
  if (U_SUCCESS(matcher.status)) {
    found = match == Match::whole ? matcher.matcher.matches(matcher.status)
                                  : matcher.matcher.find(matcher.status);
  }
  if (U_FAILURE(matcher.status)) return refused(expression, matcher.status);
  return found != 0;
}

Result<std::string> replace_matches(std::string_view text, std::string_view expression,
                                    std::string_view substitution) {
  Matcher matcher(text, expression);
  icu::UnicodeString result;
  if (U_SUCCESS(matcher.status)) {
    result = matcher.matcher.replaceAll(unicode(substitution), matcher.status);
  }
  if (U_FAILURE(matcher.status)) return refused(expression, matcher.status);
  return utf8(result);
}

}  // namespace lightbox::fhir
