#pragma once

// What Lightbox publishes of its own: a SearchParameter resource for each parameter that means more
// here than HL7's (design, decision 6), or that HL7 does not have, and an OperationDefinition for
// each operation that HL7 does not have. They are stored like any other resource, so they can be
// read, searched and found in the CapabilityStatement.

#include <string>
#include <string_view>

#include "base/result.h"
#include "fhir/definitions.h"
#include "store/store.h"

namespace lightbox::rest {

// Where the parameter is defined: HL7's URL, or for what is published here
// "http://localhost:8080/baseR4/SearchParameter/lightbox-ImagingStudy-modality".
[[nodiscard]] std::string definition_url(std::string_view base,
                                         const fhir::SearchParameter& parameter);
// "token"
[[nodiscard]] std::string_view search_type_name(fhir::SearchType type);

// Puts what is missing, or older than this program, into the store. Blocks; call before serving.
Result<void> publish_search_parameters(store::Store& store, std::string_view base,
                                       const fhir::IndexOptions& options);
Result<void> publish_operations(store::Store& store, std::string_view base,
                                const fhir::IndexOptions& options);

}  // namespace lightbox::rest
