// Text as searches compare it (R4, search.html#string: "insensitive to casing and included
// accents"), and UIDs as UIDs.

#include <algorithm>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include "fhir/index.h"

namespace lightbox::fhir {
namespace {

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

constexpr bool is_ascii_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Lower case; runs of white space become one space, those at the ends none.
std::string normalise_ascii(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  bool space = false;
  for (const char c : text) {
    if (is_ascii_space(c)) {
      space = !result.empty();
      continue;
    }
    if (space) result.push_back(' ');
    space = false;
    result.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  return result;
}

bool is_mark(UChar32 c) { return (U_GET_GC_MASK(c) & (U_GC_MN_MASK | U_GC_ME_MASK)) != 0; }

std::string normalise_unicode(std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* decompose = icu::Normalizer2::getNFDInstance(status);
  if (U_FAILURE(status)) return normalise_ascii(text);
  icu::UnicodeString folded = icu::UnicodeString::fromUTF8(icu::StringPiece(text));
  // Fold, decompose, fold again: some letters decompose to ones that fold (Unicode 3.13, D145).
  folded = decompose->normalize(folded.foldCase(), status);
  folded = decompose->normalize(folded.foldCase(), status);
  icu::UnicodeString kept;
  bool space = false;
  for (std::int32_t i = 0; i < folded.length();) {
    const UChar32 c = folded.char32At(i);
    i += U16_LENGTH(c);
    if (is_mark(c)) continue;
    if (u_isUWhiteSpace(c)) {
      space = !kept.isEmpty();
      continue;
    }
    if (space) kept.append(u' ');
    space = false;
    kept.append(c);
  }
  std::string result;
  return kept.toUTF8String(result);
}

// DICOM PS3.5, 9.1: components of digits, divided by dots.
bool is_uid(std::string_view text) {
  bool after_digit = false;
  for (const char c : text) {
    if (c == '.') {
      if (!after_digit) return false;
      after_digit = false;
    } else if (c >= '0' && c <= '9') {
      after_digit = true;
    } else {
      return false;
    }
  }
  return after_digit;
}

}  // namespace

std::string normalise(std::string_view text) {
  return is_ascii(text) ? normalise_ascii(text) : normalise_unicode(text);
}

std::string_view strip_uid(std::string_view text) {
  constexpr std::string_view prefix = "urn:oid:";
  if (!text.starts_with(prefix) || !is_uid(text.substr(prefix.size()))) return text;
  return text.substr(prefix.size());
}

}  // namespace lightbox::fhir
