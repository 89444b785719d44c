#pragma once

// `_list`: the items of Lists as criteria (R4, search.html#list).

#include <vector>

#include "fhir/search.h"
#include "rest/api.h"

namespace lightbox::rest {

// Replaces the `lists` of each query by criteria: that a match is among the items that the Lists
// have now. A List that is not there has none, which the first query's notes say. `invalid` when
// there are more than limits.list_items_max items.
Result<void> add_list_criteria(const Call& call, std::vector<fhir::SearchQuery>& queries);

}  // namespace lightbox::rest
