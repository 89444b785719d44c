#pragma once

// ImagingStudy/[id]/$explain-mapping: docs/operations.md.

#include "ingest/projector.h"
#include "rest/operation.h"

namespace lightbox::imaging {

// Blocks; for the slow lane. not_found for a study of which the archive has no instance.
Result<http::Response> explain_mapping(rest::OperationCall& call, ingest::Projector& projector);

}  // namespace lightbox::imaging
