#pragma once

// Rejection notes: Key Object Selection documents that say that instances are not to be used (IHE
// RAD TF-1 Imaging Object Change Management; PS3.16 CID 7011).

#include <string_view>
#include <vector>

#include "dicom/data_set.h"
#include "store/dicom_index.h"

namespace lightbox::ingest {

// The code of CID 7011 that a rejection note has as its title; "" for all that is none.
[[nodiscard]] std::string_view rejection_code(std::string_view sop_class_uid,
                                              const dicom::DataSet& data_set);

// What the object rejects; empty for all that is not a rejection note.
[[nodiscard]] std::vector<store::RejectedInstance> rejected_by(const dicom::DataSet& data_set);

}  // namespace lightbox::ingest
