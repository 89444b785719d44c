#pragma once

// Text as XML 1.0 writes it. Pure. Text is UTF-8.

#include <cstddef>
#include <string>
#include <string_view>

namespace lightbox {

// What stands for a character that XML does not have: U+FFFD.
inline constexpr std::string_view xml_replacement = "\xEF\xBF\xBD";

// How many bytes long the character at `at` is when XML does not have it (2.2), else 0.
[[nodiscard]] std::size_t xml_forbidden_length(std::string_view text, std::size_t at);

// As the content of an element, or an attribute's value in double quotes. White space other than
// blanks is written as character references: a reader would make blanks of it in an attribute
// (3.3.3), and "\n" of "\r\n" anywhere (2.11).
void append_xml_text(std::string_view text, std::string& out);

}  // namespace lightbox
