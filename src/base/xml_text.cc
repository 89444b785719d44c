#include "base/xml_text.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

namespace lightbox {
namespace {

bool is_special(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == '&' || c == '<' || c == '>' || c == '"' ||
         c == '\xEF';
}

}  // namespace

std::size_t xml_forbidden_length(std::string_view text, std::size_t at) {
  const char c = text[at];
  if (static_cast<unsigned char>(c) < 0x20) return c == '\t' || c == '\n' || c == '\r' ? 0 : 1;
  const std::string_view three = text.substr(at, 3);
  return three == "\xEF\xBF\xBE" || three == "\xEF\xBF\xBF" ? 3 : 0;
}

void append_xml_text(std::string_view text, std::string& out) {
  std::size_t at = 0;
  while (true) {
    const auto found =
        std::find_if(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), is_special);
    const auto end = static_cast<std::size_t>(found - text.begin());
    out += text.substr(at, end - at);
    if (end == text.size()) return;
    at = end + 1;
    switch (text[end]) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        if (const std::size_t length = xml_forbidden_length(text, end); length > 0) {
          out += xml_replacement;
          at = end + length;
        } else if (text[end] == '\xEF') {
          out += text[end];
        } else {
          fmt::format_to(std::back_inserter(out), "&#{};", static_cast<int>(text[end]));
        }
    }
  }
}

}  // namespace lightbox
