#include "http/message.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "http/text.h"

namespace lightbox::http {
namespace {

enum class Plus { is_plus, is_space };

// The length of the well-formed UTF-8 sequence at the start of `text`, or 0 (Unicode, table 3-7).
std::size_t utf8_sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto is_between = [&](std::size_t i, unsigned low, unsigned high) {
    return byte(i) >= low && byte(i) <= high;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return is_between(1, 0x80, 0xBF) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = first == 0xED ? 0x9F : 0xBF;
    return is_between(1, low, high) && is_between(2, 0x80, 0xBF) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned low = first == 0xF0 ? 0x90 : 0x80;
    const unsigned high = first == 0xF4 ? 0x8F : 0xBF;
    return is_between(1, low, high) && is_between(2, 0x80, 0xBF) && is_between(3, 0x80, 0xBF) ? 4
                                                                                              : 0;
  }
  return 0;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_sequence(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

Problem bad_encoding(std::string_view encoded, std::string_view what) {
  constexpr std::size_t shown_max = 80;
  std::string message = "In the URL or form, '";
  message += encoded.substr(0, shown_max);
  message += "' ";
  message += what;
  return problem(ProblemKind::invalid, std::move(message));
}

Result<std::string> decode(std::string_view encoded, Plus plus) {
  std::string out;
  out.reserve(encoded.size());
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    char c = encoded[i];
    if (c == '%') {
      const int high = i + 1 < encoded.size() ? hex_digit(encoded[i + 1]) : -1;
      const int low = i + 2 < encoded.size() ? hex_digit(encoded[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return bad_encoding(encoded, "has a '%' that two hexadecimal digits do not follow");
      }
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus == Plus::is_space) {
      c = ' ';
    }
    if (c == '\0') return bad_encoding(encoded, "holds a NUL character");
    out += c;
  }
  if (!is_utf8(out)) return bad_encoding(encoded, "is not UTF-8 when decoded");
  return out;
}

// RFC 3986: unreserved, and of the reserved those that have no meaning of their own in name=value&…
bool is_readable_in_query(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return std::string_view("-._~/:,;@$!*()?").find(c) != std::string_view::npos;
}

}  // namespace

std::string_view name(Method method) {
  constexpr std::array<std::string_view, 8> names = {"GET",   "HEAD",   "POST",    "PUT",
                                                     "PATCH", "DELETE", "OPTIONS", "OTHER"};
  return names[static_cast<std::size_t>(method)];
}

std::string_view Request::field(std::string_view wanted) const {
  for (const auto& [field_name, value] : fields) {
    if (equals_ignoring_case(field_name, wanted)) return value;
  }
  return {};
}

std::string Request::field_list(std::string_view wanted) const {
  std::string joined;
  for (const auto& [field_name, value] : fields) {
    if (!equals_ignoring_case(field_name, wanted)) continue;
    if (!joined.empty()) joined += ", ";
    joined += value;
  }
  return joined;
}

Result<std::string> decode_path_segment(std::string_view encoded) {
  return decode(encoded, Plus::is_plus);
}

Result<Parameters> decode_form(std::string_view encoded) {
  Parameters parameters;
  while (!encoded.empty()) {
    const std::size_t end = std::min(encoded.find('&'), encoded.size());
    const std::string_view pair = encoded.substr(0, end);
    encoded.remove_prefix(std::min(end + 1, encoded.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    TRY(std::string name, decode(pair.substr(0, equals), Plus::is_space));
    TRY(std::string value, decode(pair.substr(std::min(equals + 1, pair.size())), Plus::is_space));
    parameters.emplace_back(std::move(name), std::move(value));
  }
  return parameters;
}

void append_encoded(std::string_view text, std::string& out) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  for (const char c : text) {
    if (is_readable_in_query(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += hex[byte >> 4];
    out += hex[byte & 15];
  }
}

}  // namespace lightbox::http
