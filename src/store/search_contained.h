#pragma once

// A resource with what lies in its `contained`, while criteria are asked of a part of it: of a
// contained resource (search_contained.cc), or of one item of an element (search_filter.cc).

#include <optional>
#include <string>
#include <vector>

#include "fhir/json.h"
#include "store/search_plan.h"

namespace lightbox::store {

struct Search::Item {
  // An item of the list that is the value of an element of the one before, or of the resource.
  struct Level {
    const fhir::Json* list = nullptr;
    const fhir::Json* item = nullptr;
  };

  const fhir::ResourceType* type = nullptr;
  const fhir::Json* json = nullptr;
  std::string id;
  // Of a part of a resource: where it is; `json` is then a resource of nothing else.
  std::vector<Level> levels;
  mutable std::optional<fhir::IndexEntries> entries;  // made when they are first asked for
};

struct Search::Container {
  std::int64_t key = 0;
  StoredResource resource;
  fhir::JsonDocument document;
  Item self;
  std::vector<Item> items;  // of `contained`, in order
};

}  // namespace lightbox::store
