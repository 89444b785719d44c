#pragma once

// Where the bulk data of an object lies in its file, for its row in the index: so that a frame or a
// value is read later without parsing the object again. Pure but for the source.

#include "base/result.h"
#include "dicom/part10.h"
#include "store/dicom_index.h"

namespace lightbox::ingest {

// Fills pixel_data, frame_pages and bulk_values. Of a deflated object nothing: its values do not
// lie in the file. Fails when `source` does.
Result<void> add_bulk_places(const dicom::Part10& object, dicom::Source& source,
                             store::DicomInstance& instance);

}  // namespace lightbox::ingest
