#pragma once

// Patient/$merge: docs/operations.md. The parameters are those of R5's Patient-merge, which R4 does
// not have.

#include "ingest/projector.h"
#include "rest/operation.h"

namespace lightbox::imaging {

// Blocks; for the slow lane. `invalid` when it is not said which patients are meant;
// `unprocessable` when they are not there, are the same or have been merged already with others,
// when identifiers have no match or several, or when more resources refer to the source than
// limits.merged_resources_max.
Result<http::Response> merge_patients(rest::OperationCall& call, ingest::Projector& projector);

}  // namespace lightbox::imaging
