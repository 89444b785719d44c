#pragma once

// A FHIR resource in, checked, and out again. Pure functions of their input; safe from any thread.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/result.h"
#include "fhir/definitions.h"
#include "fhir/json.h"

namespace lightbox::fhir {

struct Resource {
  JsonDocument document;  // owns the nodes; root() is the resource's object
  const ResourceType* type = nullptr;

  [[nodiscard]] const Json& json() const { return *document.root(); }
  [[nodiscard]] std::string_view id() const { return json().string("id"); }
};

// Parses and validates `text` against the R4 definitions (base profile). On failure the Problem has
// every finding (up to limits.issues_max, then one that says how many more), each with its
// FHIRPath-style expression, an issue-type code (structure, required, value, invariant,
// code-invalid, too-long, …) and what would be right. Kind `invalid` (400): R4's "failed basic FHIR
// validation rules" (http.html#create).
Result<Resource> parse_resource(std::string_view text, const Limits& limits = {});

// The checks of parse_resource on a tree that is there already (an entry of a Bundle, a patched
// resource). Returns all findings; none means valid. `path` is the expression of `root`
// ("Bundle.entry[3].resource"); empty: the resource's type.
[[nodiscard]] std::vector<Issue> validate(const Json& root, std::string_view path = {},
                                          const Limits& limits = {});

// True when `text` is a FHIR id: [A-Za-z0-9\-\.]{1,64}.
[[nodiscard]] bool is_id(std::string_view text);

// --- The stored form (docs/storage-format.md) ---------------------------------------------------
// A resource is stored as the text of its JSON from just after
//     {"resourceType":"T","id":"I","meta":{
// on, with meta.versionId and meta.lastUpdated left out: so it starts with `}`, with `},"status":…`
// or with `"profile":[…]},…`. Version and time are spliced in when it is sent; nothing is parsed.

// The stored form of a resource. The order of members is kept, numbers keep their text.
[[nodiscard]] std::string to_stored(const Json& resource);

struct Meta {
  std::string_view type;
  std::string_view id;
  std::uint64_t version = 0;
  std::int64_t updated_ms = 0;  // since 1970, UTC
};

// Appends the whole resource as JSON, compact.
void append_resource(const Meta& meta, std::string_view stored, std::string& out);

// "2026-11-24T13:53:21.123Z"
[[nodiscard]] std::string format_instant(std::int64_t ms);
void append_instant(std::int64_t ms, std::string& out);

}  // namespace lightbox::fhir
