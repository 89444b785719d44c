#pragma once

// The patch documents of PATCH (docs/patch.md): JSON Patch (RFC 6902) or FHIRPath Patch (R4,
// fhirpatch.html), as a request has them and as an entry of a Bundle.

#include <string_view>

#include "base/limits.h"
#include "base/result.h"
#include "fhir/fhirpath_patch.h"
#include "fhir/index.h"
#include "fhir/json_patch.h"
#include "rest/negotiate.h"
#include "store/store.h"

namespace lightbox::rest {

// Read once and applied to one version or to several. Not thread-safe.
struct PatchDocument {
  fhir::JsonDocument document;  // what the operations point into
  PatchFormat format = PatchFormat::json_patch;
  fhir::JsonPatch json;
  fhir::FhirPathPatch fhirpath;
};

// `invalid` with every fault of a malformed document.
Result<PatchDocument> read_patch(std::string_view text, PatchFormat format, const Limits& limits);

// The patched resource. `unprocessable`: an operation fails, or what identifies the resource would
// change. `invalid`: the result fails the checks of an update, with every finding.
Result<fhir::JsonDocument> apply_patch(const PatchDocument& patch,
                                       const store::StoredResource& current, const Limits& limits);

// The put of what apply_patch gave, on the condition that `current` is still the version.
// `unprocessable` when it is too great.
Result<store::Operation> patch_operation(const fhir::Json& patched,
                                         const store::StoredResource& current,
                                         const fhir::IndexOptions& index, const Limits& limits);

}  // namespace lightbox::rest
