#pragma once

// A search of several types at once (R4, http.html#search: GET [base]?…, and a compartment's `*`):
// one query per type, of the parameters that all of them have. Pure; safe from any thread.

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "fhir/search.h"

namespace lightbox::fhir {

// At least one type. Fails as parse_search does. What is not common to all types is ignored or
// refused as an unknown parameter is; `_sort` is by one of _id and _lastUpdated, or left out. The
// first query has the notes and the parameters that were used, for all.
Result<std::vector<SearchQuery>> parse_search_types(
    std::span<const ResourceType* const> types,
    std::span<const std::pair<std::string, std::string>> parameters, const SearchContext& context,
    const Limits& limits = {});

}  // namespace lightbox::fhir
