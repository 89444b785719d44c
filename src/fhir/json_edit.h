#pragma once

// Changes to a tree of Json: what JSON Patch and FHIRPath Patch have in common. Each takes time
// that grows with the children or nodes that it touches; none checks a limit: `extent_of` says how
// large a value is before it is copied. Not thread-safe: a tree is one thread's.

#include <cstddef>
#include <string>
#include <string_view>

#include "fhir/json.h"

namespace lightbox::fhir {

struct JsonExtent {
  std::size_t nodes = 0;  // with the value itself
  std::size_t bytes = 0;  // of its texts and keys
  std::size_t depth = 0;  // 1 for a scalar
};
[[nodiscard]] JsonExtent extent_of(const Json& value);

// Whether two values are the same: numbers by their value (1.0 is 1.00), objects whatever the order
// of their members (RFC 6902, section 4.6).
[[nodiscard]] bool equal_json(const Json& left, const Json& right);

// A copy in `document`, texts included, to be inserted as the member `key`, which is copied too.
[[nodiscard]] Json* copy_json(const Json& value, std::string_view key, JsonDocument& document);

// The link that holds child number `index`; the last one, which is nullptr, when there is none.
[[nodiscard]] Json** link_at(Json& parent, std::size_t index);
// The link that holds the member; the last one, which is nullptr, when there is none.
[[nodiscard]] Json** link_to(Json& parent, std::string_view key);

// Puts `child` before what the link holds.
void insert_at(Json& parent, Json** link, Json* child);
// Takes out what the link holds, which must be something.
Json* take_at(Json& parent, Json** link);
// Puts `child` in the place of what the link holds, which must be something.
void replace_at(Json** link, Json* child);

}  // namespace lightbox::fhir
