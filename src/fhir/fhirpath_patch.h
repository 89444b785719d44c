#pragma once

// FHIRPath Patch (R4, fhirpatch.html): a Parameters resource whose parameters `operation` add,
// insert, delete, replace and move elements that FHIRPath expressions name. The Parameters may have
// come in any format: what is read here is its tree. Pure functions of their input; safe from any
// thread.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "fhir/definitions.h"
#include "fhir/fhirpath.h"
#include "fhir/json.h"

namespace lightbox::fhir {

struct FhirPathPatchOperation {
  enum class Kind : unsigned char { add, insert, delete_, replace, move };
  Kind kind = Kind::delete_;
  std::string path_text;
  std::optional<FhirPath> path;  // always there in what read_fhirpath_patch returns
  std::string name;              // add
  std::size_t index = 0;         // insert
  std::size_t source = 0;        // move
  std::size_t destination = 0;   // move
  // add, insert and replace: the part called value; a node of the Parameters.
  const Json* value = nullptr;
};
using FhirPathPatch = std::vector<FhirPathPatchOperation>;

// Reads `parameters`, which must outlive what is returned. Fails with kind `invalid`, one issue for
// each fault with the expression of the part: no Parameters, a parameter that is no operation, an
// unknown or missing part, a part of the wrong type, a path that is no FHIRPath. More than
// limits.patch_operations_max operations: code "too-costly".
Result<FhirPathPatch> read_fhirpath_patch(const Json& parameters, const Limits& limits = {});

// Applies the operations in order to `document`, a resource, and gives it back. Fails at the first
// operation that fails, with kind `unprocessable` and one issue: which operation, why, and what
// would be right. `delete` of what is not there is no failure. Whether the result is a valid
// resource is for the caller to say (validate).
Result<JsonDocument> apply_fhirpath_patch(const FhirPathPatch& patch, JsonDocument document,
                                          const Limits& limits = {});

}  // namespace lightbox::fhir
