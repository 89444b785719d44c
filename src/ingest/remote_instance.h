#pragma once

// An instance of which another archive tells, and has the bytes. Pure.

#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/result.h"
#include "store/dicom_index.h"

namespace lightbox::ingest {

// Its row, without a file. `json`: what is told of it, its series and its study as one object of
// DICOM JSON; `source`: who tells it. `invalid` when that is no such object, or lacks a UID.
Result<store::DicomInstance> describe_remote(std::string_view json, std::string source,
                                             const Limits& limits);

}  // namespace lightbox::ingest
