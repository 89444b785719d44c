#pragma once

// JSON Patch (RFC 6902) with its JSON Pointers (RFC 6901). Knows nothing of FHIR, but that a
// failing operation on a resource is given with its FHIRPath-style expression. Pure functions of
// their input; safe from any thread.

#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "fhir/json.h"

namespace lightbox::fhir {

// A pointer, split and unescaped; without tokens it names the whole document.
struct JsonPointer {
  std::string text;  // as it came: "/name/0/given"
  std::vector<std::string> tokens;
};

struct JsonPatchOperation {
  enum class Kind : unsigned char { add, remove, replace, move, copy, test };
  Kind kind = Kind::test;
  JsonPointer path;
  JsonPointer from;             // move and copy
  const Json* value = nullptr;  // add, replace and test; a node of the patch document
};
using JsonPatch = std::vector<JsonPatchOperation>;

// Reads a patch document; `patch` must outlive what is returned. Fails with kind `invalid`, one
// issue for each operation that is malformed: it is no object, its op is missing or unknown, path
// or from are missing or no JSON Pointer, a value is missing. Members that RFC 6902 does not name
// are ignored (section 4). More than limits.patch_operations_max operations: code "too-costly".
Result<JsonPatch> read_json_patch(const Json& patch, const Limits& limits = {});

// Applies the operations in order to `document` and gives it back. Fails at the first operation
// that fails (RFC 6902, section 5), with kind `unprocessable` and one issue: which operation, why,
// and what would be right. Also when the document would exceed limits.json_nodes_max,
// json_depth_max or body_bytes_max, or the work patch_steps_max (code "too-costly").
Result<JsonDocument> apply_json_patch(const JsonPatch& patch, JsonDocument document,
                                      const Limits& limits = {});

}  // namespace lightbox::fhir
