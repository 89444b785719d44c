#pragma once

// The filters of ValueSet.compose (R4, valueset.html#compositions; valueset-filter-operator).

#include <functional>

#include "fhir/terminology.h"

namespace lightbox::fhir {

// Fails with too-costly when a regular expression takes too long on a concept.
using ConceptMatcher = std::function<Result<bool>(const Concept&)>;

// The matcher is valid as long as `system` is. unprocessable: not-supported for a property or an
// operator that cannot be evaluated here, code-invalid for a code that the system does not have,
// value for a regular expression that is none.
Result<ConceptMatcher> make_matcher(const CodeSystem& system, const ValueSetFilter& filter);

}  // namespace lightbox::fhir
