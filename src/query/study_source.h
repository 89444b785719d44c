#pragma once

// From where in the index a query's studies come: the way that is likely to be the shortest. What
// comes is a superset of what matches. Pure but for the snapshot.

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "query/search.h"
#include "store/dicom_snapshot.h"

namespace lightbox::query {

// What bounds the places of the studies: a criterion on their date.
[[nodiscard]] store::PlaceWindow window_of(const Query& query);

// Whether an identifier of the query leaves few studies.
[[nodiscard]] bool is_bounded(const Query& query);

// Calls `each` with the studies that may match, in the order of answers.
Result<void> give_studies(store::DicomSnapshot& snapshot, const Query& query,
                          const store::DicomSnapshot::EachStudy& each);

}  // namespace lightbox::query
