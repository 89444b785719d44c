#pragma once

// Numbers in searches have a precision: "5.40" means 5.395 up to 5.405 (R4, search.html#number).

#include <string_view>

#include "fhir/search_values.h"

namespace lightbox::fhir {

// [prefix]number
[[nodiscard]] Parsed<NumberValue> parse_number_value(std::string_view text);
// [prefix]number, [prefix]number|system|code or [prefix]number||code; still escaped.
[[nodiscard]] Parsed<NumberValue> parse_quantity_value(std::string_view text);

// Cuts a prefix from the front; eq when there is none. Fails on other letters in its place.
[[nodiscard]] Parsed<Prefix> take_prefix(std::string_view& text);

}  // namespace lightbox::fhir
