#pragma once

// What an object says of itself, before it is kept.

#include <memory>
#include <string_view>

#include "base/limits.h"
#include "base/result.h"
#include "dicom/part10.h"
#include "ingest/archive.h"
#include "ingest/received.h"
#include "store/dicom_index.h"

namespace lightbox::ingest {

// The bytes of an object, wherever they are; valid as long as it is.
Result<std::unique_ptr<dicom::Source>> open_object(const Received& object);

// Fills `admitted` as far as the object can be read. Its row, but for the file; the Problem says
// why it cannot be indexed.
Result<store::DicomInstance> describe(const Received& object, dicom::Source& source,
                                      const Limits& limits, Admitted& admitted);

// That it has all the UIDs that a row needs. `invalid`.
Result<void> check_uids(const store::DicomInstance& instance);

// A problem of describe() that is the object's own fault, as opposed to the archive's.
[[nodiscard]] bool is_its_fault(ProblemKind kind);

// The UID is there already, in that study.
[[nodiscard]] Problem conflict_of(const Admitted& admitted, std::string_view study_uid);

}  // namespace lightbox::ingest
