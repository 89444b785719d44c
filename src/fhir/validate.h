#pragma once

// The parts of validation that the files validate*.cc share. `validate` itself is in resource.h.

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "fhir/definitions.h"
#include "fhir/findings.h"
#include "fhir/json.h"

namespace lightbox::fhir {

// The type that a tree says it has. Fails with kind `invalid` when it is no resource: not an
// object, no resourceType, or one that R4 does not have.
[[nodiscard]] Result<const ResourceType*> resource_type_of(const Json& root);

// "a string", "an object": what a value is in JSON.
[[nodiscard]] std::string_view described(Json::Kind kind);
// The JSON name of `type` that `name` is probably meant to be; empty when none is near.
[[nodiscard]] std::string_view nearest_name(std::string_view name, const ComplexType& type);

// The resource that is being validated with what lies in its `contained`; references `#x` are
// resolved in it.
class ContainedResources {
 public:
  explicit ContainedResources(const Json& container) : container_(container) {}

  // The contained resource with this id; nullptr: there is none.
  [[nodiscard]] const Json* find(std::string_view id);
  // `reference` is the text of a reference, canonical or URI that starts with '#'.
  void note_reference(std::string_view reference);
  // dom-3 for each contained resource, at `place`, the container's.
  void check_all_are_referenced(const Place& place, Findings& findings);

 private:
  void list();

  const Json& container_;
  bool is_listed_ = false;
  struct Entry {
    const Json* resource = nullptr;
    bool is_referenced = false;
  };
  std::unordered_map<std::string_view, Entry> by_id_;
};

// Checks a Reference whose members have been checked: that `#x` is contained, that the types that
// can be told are among `targets` (empty: any), and that Reference.type is one and the same.
void check_reference(const Json& reference, const std::vector<const ResourceType*>& targets,
                     const Place& place, ContainedResources& contained, Findings& findings);

}  // namespace lightbox::fhir
