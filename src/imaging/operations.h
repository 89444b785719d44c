#pragma once

// FHIR operations that need the archive, for rest::Api (docs/operations.md):
//   ImagingStudy/[id]/$explain-mapping   where the study's elements come from
//   Patient/$merge                       two patients are one

#include <vector>

#include "ingest/projector.h"
#include "rest/operation.h"

namespace lightbox::imaging {

// The projector must outlive them.
[[nodiscard]] std::vector<rest::Operation> operations(ingest::Projector& projector);

}  // namespace lightbox::imaging
