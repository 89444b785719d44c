#pragma once

// How an object that has arrived becomes one of the archive's files: as it is, or compressed.

#include "base/result.h"
#include "ingest/archive.h"
#include "ingest/files.h"
#include "ingest/received.h"
#include "store/dicom_index.h"

namespace lightbox::ingest {

// Written, and not yet synced; one that is kept in place is only named. With Compression::zstd,
// native pixel data (neither encapsulated nor deflated) is compressed with all that is around it,
// unless that saves less than 10 percent. Fails as Files does.
Result<NewFile> make_file(Files& files, const Received& object,
                          const store::DicomInstance& instance, Compression compression);

}  // namespace lightbox::ingest
