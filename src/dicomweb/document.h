#pragma once

// Documents in DICOM objects, which are their own rendered form (PS3.18 8.7.4, PS3.3 A.45).

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "dicomweb/api.h"
#include "store/dicom_index.h"

namespace lightbox::dicomweb {

// Of one instance.
struct Document {
  std::int64_t key = 0;
  const char* media_type = "";
};
// nullopt: it is of a class without. not_found.
Result<std::optional<Document>> find_document(Api& api, const store::DicomSelection& instance);

// Its bytes. To be called in the pixel lane. not_found; unprocessable when the object has none;
// too_large past 64 MiB; as Source::read.
Result<std::string> document_of(Api& api, std::int64_t key);

}  // namespace lightbox::dicomweb
