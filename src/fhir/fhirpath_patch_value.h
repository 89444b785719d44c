#pragma once

// The values of a FHIRPath Patch: the part `value` of an operation as the content of an element. A
// value[x] is taken as it is; parts are the elements of a type that Parameters has no value[x] for
// (Patient.contact), each named by its part, and may have parts themselves.

#include <expected>
#include <string>

#include "fhir/definitions.h"
#include "fhir/element_edit.h"
#include "fhir/json.h"

namespace lightbox::fhir {

struct PatchValue {
  const ElementType* type = nullptr;  // which of the element's
  ElementContent content;             // in the document
};

// `part` as the content of `element`, made in `document`. A failure is a sentence that says what is
// wrong and what would be right.
[[nodiscard]] std::expected<PatchValue, std::string> make_patch_value(JsonDocument& document,
                                                                      const Json& part,
                                                                      const Element& element);

// "Patient has no element "brithDate": is "birthDate" meant?"
[[nodiscard]] std::string no_such_element(const ComplexType& type, std::string_view name);

}  // namespace lightbox::fhir
