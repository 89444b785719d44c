#pragma once

// The values of `_text` and `_content`: words as a query of FTS5. Pure; safe from any thread.

#include <string>
#include <string_view>

#include "fhir/search_values.h"

namespace lightbox::fhir {

// Words side by side, or with `and` between them, must all be there; `or` binds less tightly, and
// parentheses group. "Words in quotes" stand side by side; a word with * at its end is how words
// begin. The result has each word in quotes, so that nothing else in it means anything to FTS5.
[[nodiscard]] Parsed<std::string> parse_words(std::string_view text);

}  // namespace lightbox::fhir
