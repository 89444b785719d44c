#pragma once

// The formats of R4's primitive types (datatypes.html#primitive). Pure functions; safe from any
// thread.

#include <string_view>

#include "fhir/definitions.h"
#include "fhir/json.h"

namespace lightbox::fhir {

// How JSON writes a value of the type.
[[nodiscard]] Json::Kind json_kind_of(Primitive type);

// "dateTime"
[[nodiscard]] std::string_view name_of(Primitive type);

struct PrimitiveFault {
  std::string_view code;      // of the issue: "value" or "too-long"; empty: there is no fault
  std::string_view expected;  // what would be right, to follow "expected "
  explicit operator bool() const { return !code.empty(); }
};

// Checks `text`, the string's content or the number's literal. xhtml is checked as a string only:
// see narrative.h.
[[nodiscard]] PrimitiveFault check_primitive(Primitive type, std::string_view text);

}  // namespace lightbox::fhir
