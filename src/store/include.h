#pragma once

// What `_include` and `_revinclude` bring along (R4, search.html#include): forward by the index
// entries of the resources that refer, reverse by a seek in the token index.

#include <span>
#include <vector>

#include "store/reader.h"
#include "store/store.h"

namespace lightbox::store {

struct Included {
  std::vector<StoredResource> resources;  // current versions, each once, none of the matches
  bool is_cut = false;                    // there are more than limits.included_resources_max
};

// As of the reader's snapshot. What a reference leads to that is deleted, not here, or contained is
// left out. Fails like any read of the database; `too_costly` when the reader's time is over.
Result<Included> find_included(ReaderPool::Lease& reader, const Shared& shared,
                               std::span<const fhir::Include> includes,
                               std::span<const StoredResource> matches);

}  // namespace lightbox::store
