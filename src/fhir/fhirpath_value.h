#pragma once

// What FHIRPath does with single values: types, equality, order, numbers. Pure functions; safe from
// any thread.

#include <optional>
#include <string>
#include <string_view>

#include "fhir/fhirpath.h"

namespace lightbox::fhir {

[[nodiscard]] FhirPathValue make_boolean(bool value);
[[nodiscard]] FhirPathValue make_string(std::string text);
[[nodiscard]] FhirPathValue make_integer(std::size_t value);
[[nodiscard]] FhirPathValue make_value(FhirPathValue::Kind kind, std::string text);

// "string", "date", for a message.
[[nodiscard]] std::string_view name_of(FhirPathValue::Kind kind);
[[nodiscard]] bool is_number(const FhirPathValue& value);
[[nodiscard]] bool is_temporal(const FhirPathValue& value);  // date, dateTime or time
// Whether R4 or System has a type of that name.
[[nodiscard]] bool is_known_type(std::string_view name);

// FHIRPath's = on two values; nullopt: it cannot be told (dates of different precision).
[[nodiscard]] std::optional<bool> equals(const FhirPathValue& left, const FhirPathValue& right);
// FHIRPath's ~ on two values: text without regard to case and white space.
[[nodiscard]] bool equivalent(const FhirPathValue& left, const FhirPathValue& right);
// Less than 0, 0, more than 0; nullopt: it cannot be told, or they are not of comparable types.
[[nodiscard]] std::optional<int> compare(const FhirPathValue& left, const FhirPathValue& right);
[[nodiscard]] bool are_comparable(const FhirPathValue& left, const FhirPathValue& right);

// Numbers as text, in decimal arithmetic of 50 digits: 0.1 + 0.2 is 0.3. nullopt: division by zero,
// or beyond what can be held.
[[nodiscard]] std::optional<int> compare_numbers(std::string_view left, std::string_view right);
[[nodiscard]] std::optional<std::string> calculate(std::string_view operation,
                                                   std::string_view left, std::string_view right);

}  // namespace lightbox::fhir
