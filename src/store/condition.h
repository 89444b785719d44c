#pragma once

// The search behind a Condition, on the writer's own connection: it sees what the open transaction
// wrote, which the cached sets of key_set.h do not, and so it uses none of them. Its work is
// bounded, since everybody waits for the writer. For the writer's thread.

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "fhir/search.h"
#include "store/code_systems.h"
#include "store/database.h"

namespace lightbox::store {

// What the conditions of one request may cost together, and each of them (WorkLimit's ticks: about
// 25 us each).
inline constexpr std::int64_t condition_ticks_max = 400;
inline constexpr std::int64_t request_condition_ticks_max = 20'000;

// The ids of the live resources that match, at most `count` of them. `ticks` is what is left for
// the request, and is taken from. Fails with too_costly when no criterion has few matches; the open
// transaction is as before.
Result<std::vector<std::string>> find_matches(const fhir::SearchQuery& query, CodeSystems& systems,
                                              Database& writer, std::size_t count,
                                              std::int64_t& ticks);

}  // namespace lightbox::store
