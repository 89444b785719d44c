#include "fhir/json_text.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>

namespace lightbox::fhir {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The four hexadecimal digits at `text`; nullopt when they are not there.
std::optional<std::uint32_t> hexadecimal(std::string_view text) {
  if (text.size() < 4) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : text.substr(0, 4)) {
    std::uint32_t digit = 0;
    if (is_digit(c)) {
      digit = static_cast<std::uint32_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<std::uint32_t>(c - 'a' + 10);
    } else if (c >= 'A' && c <= 'F') {
      digit = static_cast<std::uint32_t>(c - 'A' + 10);
    } else {
      return std::nullopt;
    }
    value = value << 4 | digit;
  }
  return value;
}

char* write_utf8(std::uint32_t code_point, char* to) {
  const auto byte = [&to](std::uint32_t value) { *to++ = static_cast<char>(value); };
  if (code_point < 0x80) {
    byte(code_point);
  } else if (code_point < 0x800) {
    byte(0xC0 | code_point >> 6);
    byte(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    byte(0xE0 | code_point >> 12);
    byte(0x80 | (code_point >> 6 & 0x3F));
    byte(0x80 | (code_point & 0x3F));
  } else {
    byte(0xF0 | code_point >> 18);
    byte(0x80 | (code_point >> 12 & 0x3F));
    byte(0x80 | (code_point >> 6 & 0x3F));
    byte(0x80 | (code_point & 0x3F));
  }
  return to;
}

// The character that backslash and `letter` mean; 0 when there is no such escape.
char simple_escape(char letter) {
  switch (letter) {
    case '"':
      return '"';
    case '\\':
      return '\\';
    case '/':
      return '/';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return 0;
  }
}

constexpr const char* lone_surrogate = "half of a surrogate pair";

// The code point of the escape at raw[at] (at its backslash), and how long the escape is.
struct CodePoint {
  std::uint32_t value = 0;
  std::size_t length = 0;
  const char* error = nullptr;
};

CodePoint unicode_escape(std::string_view raw, std::size_t at) {
  const auto unit = hexadecimal(raw.substr(at + 2));
  if (!unit) return {.error = "\\u needs four hexadecimal digits"};
  if (*unit < 0xD800 || *unit > 0xDFFF) return {.value = *unit, .length = 6};
  const std::string_view low_escape = raw.substr(std::min(at + 6, raw.size()));
  if (*unit > 0xDBFF || !low_escape.starts_with("\\u")) return {.error = lone_surrogate};
  const auto low = hexadecimal(low_escape.substr(2));
  if (!low || *low < 0xDC00 || *low > 0xDFFF) return {.error = lone_surrogate};
  return {.value = 0x10000 + ((*unit - 0xD800) << 10) + (*low - 0xDC00), .length = 12};
}

// The length of the UTF-8 sequence at the start of `text`; 0 when it is not valid (Unicode, table
// 3-7).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t at) {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
  };
  const auto in = [](unsigned value, unsigned low, unsigned high) {
    return value >= low && value <= high;
  };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (in(lead, 0xC2, 0xDF)) return in(byte(1), 0x80, 0xBF) ? 2 : 0;
  const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (!in(lead, 0xE0, 0xF4) || !in(byte(1), low, high) || !in(byte(2), 0x80, 0xBF)) return 0;
  if (lead < 0xF0) return 3;
  return in(byte(3), 0x80, 0xBF) ? 4 : 0;
}

bool must_be_escaped(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

// Eight bytes at once: false when none of them must be escaped; true when one may.
bool may_need_escape(const char* bytes) {
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t highs = 0x8080808080808080;
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  const auto has_zero = [](std::uint64_t of) { return (of - ones) & ~of & highs; };
  const std::uint64_t control = (word - ones * 0x20) & ~word & highs;
  return (control | has_zero(word ^ ones * '"') | has_zero(word ^ ones * '\\')) != 0;
}

}  // namespace

std::size_t find_escaped(std::string_view text, std::size_t from) {
  std::size_t at = from;
  while (at + 8 <= text.size() && !may_need_escape(text.data() + at)) at += 8;
  for (; at < text.size(); ++at) {
    if (must_be_escaped(text[at])) return at;
  }
  return text.size();
}

bool is_json_number(std::string_view text) {
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t start = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at - start;
  };
  if (text.starts_with('-')) ++at;
  const bool leading_zero = at < text.size() && text[at] == '0';
  const std::size_t whole = digits();
  if (whole == 0 || (leading_zero && whole > 1)) return false;
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (digits() == 0) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (digits() == 0) return false;
  }
  return at == text.size();
}

Unescaped unescape_json(std::string_view raw, char* to) {
  char* const start = to;
  std::size_t at = 0;
  while (at < raw.size()) {
    const std::size_t escape = std::min(raw.find('\\', at), raw.size());
    to = std::copy(raw.data() + at, raw.data() + escape, to);
    at = escape;
    if (at == raw.size()) break;
    const char letter = at + 1 < raw.size() ? raw[at + 1] : '\0';
    if (letter == 'u') {
      const CodePoint code_point = unicode_escape(raw, at);
      if (code_point.error != nullptr) return {.size = at, .error = code_point.error};
      to = write_utf8(code_point.value, to);
      at += code_point.length;
    } else if (const char plain = simple_escape(letter); plain != 0) {
      *to++ = plain;
      at += 2;
    } else {
      return {.size = at, .error = "not an escape of JSON"};
    }
  }
  return {.size = static_cast<std::size_t>(to - start)};
}

std::string position_text(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto line = std::ranges::count(before, '\n') + 1;
  const std::string_view in_line = before.substr(before.rfind('\n') + 1);
  const auto column = std::ranges::count_if(in_line, [](char c) { return (c & 0xC0) != 0x80; }) + 1;
  return fmt::format("line {}, column {}", line, column);
}

std::string found_text(std::string_view text, std::size_t offset) {
  if (offset >= text.size()) return "the end";
  const std::size_t length = utf8_length(text.substr(offset));
  const auto byte = static_cast<unsigned char>(text[offset]);
  if (length == 0 || byte < 0x20) return fmt::format("the byte {:02x}", byte);
  return fmt::format("'{}'", text.substr(offset, length));
}

std::size_t find_invalid_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t length = utf8_length(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return at;
}

StringError find_string_error(std::string_view text) {
  StringError error{.control_character = text.size(), .unclosed = text.size()};
  bool in_string = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '"') {
      in_string = !in_string;
      if (in_string) error.unclosed = at;
    } else if (in_string && c == '\\') {
      ++at;
    } else if (in_string && static_cast<unsigned char>(c) < 0x20) {
      error.control_character = std::min(error.control_character, at);
    }
  }
  return error;
}

}  // namespace lightbox::fhir
