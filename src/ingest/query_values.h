#pragma once

// What queries read of the archive's instances: the functions that the index keeps its rows with
// (store/dicom_reading.h). Which series of a study counts first is as in the mapping
// (docs/mapping.md): those of acquisition modalities, then by number and UID. Pure; safe from any
// thread.

#include "store/dicom_reading.h"

namespace lightbox::ingest {

[[nodiscard]] store::DicomReading query_reading();

}  // namespace lightbox::ingest
