#pragma once

// Rejection notes: Key Object Selection documents that say that instances are not to be used (IHE
// RAD TF-1 Imaging Object Change Management; PS3.16 CID 7011).

#include <vector>

#include "dicom/data_set.h"
#include "store/dicom_index.h"

namespace lightbox::ingest {

// What the object rejects; empty for all that is not a rejection note.
[[nodiscard]] std::vector<store::RejectedInstance> rejected_by(const dicom::DataSet& data_set);

}  // namespace lightbox::ingest
