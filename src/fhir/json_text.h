#pragma once

// What parse_json needs to know about JSON as text. Pure functions; safe from any thread.

#include <cstddef>
#include <fmt/format.h>
#include <string>
#include <string_view>

namespace lightbox::fhir {

// Where at or after `from` the first byte is that a JSON string must escape: a control character, a
// quote or a backslash; text.size() if there is none.
[[nodiscard]] std::size_t find_escaped(std::string_view text, std::size_t from);

// RFC 8259, section 6.
[[nodiscard]] bool is_json_number(std::string_view text);

struct Unescaped {
  std::size_t size = 0;         // bytes written; after an error: where in `raw` the escape starts
  const char* error = nullptr;  // what is wrong; nullptr: nothing
};

// Writes `raw`, what is between the quotes of a JSON string, unescaped to `to`, which has room for
// raw.size() bytes: an escape is never shorter than what it means.
[[nodiscard]] Unescaped unescape_json(std::string_view raw, char* to);

// "line 3, column 14": both from 1, columns in code points.
[[nodiscard]] std::string position_text(std::string_view text, std::size_t offset);
// What stands there, for a message: "'x'", "the end".
[[nodiscard]] std::string found_text(std::string_view text, std::size_t offset);

// Where the first byte is that is not valid UTF-8; text.size() if there is none.
[[nodiscard]] std::size_t find_invalid_utf8(std::string_view text);

struct StringError {
  std::size_t control_character = 0;  // the first one within a string
  std::size_t unclosed = 0;           // where the string starts that has no end
};
[[nodiscard]] StringError find_string_error(std::string_view text);

}  // namespace lightbox::fhir
