#pragma once

// What a resource is found by for the sake of the resources in its `contained` (R4,
// search.html#contained). Pure.

#include "fhir/index.h"

namespace lightbox::fhir {

// Adds the entries of variant `contained` for the items of `contained`, which is the member of that
// name of `container`, a resource of `container_type`. The vectors stay sorted, without duplicates.
void add_contained(const ResourceType& container_type, const Json& contained, const Json& container,
                   const IndexOptions& options, IndexEntries& entries);

}  // namespace lightbox::fhir
