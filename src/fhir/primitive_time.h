#pragma once

// date, dateTime, instant and time (R4, datatypes.html#dateTime).

#include <string_view>

#include "fhir/definitions.h"

namespace lightbox::fhir {

// What would be right, to follow "expected "; empty when `text` is a valid value of `type`, which
// is one of the four.
[[nodiscard]] std::string_view check_time(Primitive type, std::string_view text);

}  // namespace lightbox::fhir
