#pragma once

// SHA-256 of an object's bytes, from an offset on (OpenSSL).

#include <cstdint>

#include "base/result.h"
#include "dicom/part10.h"
#include "store/dicom_index.h"

namespace lightbox::ingest {

// Fails as the source does.
Result<store::Sha256> hash_from(dicom::Source& source, std::uint64_t offset);

}  // namespace lightbox::ingest
