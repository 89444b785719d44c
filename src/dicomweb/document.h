#pragma once

// Documents in DICOM objects, which are their own rendered form (PS3.18 8.7.4, PS3.3 A.45).

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "dicomweb/api.h"

namespace lightbox::dicomweb {

// "": objects of the class have no document.
[[nodiscard]] const char* document_type_of(std::string_view sop_class_uid);

// Its bytes. To be called in the pixel lane. not_found; unprocessable when the object has none;
// too_large past 64 MiB; as Source::read.
Result<std::string> document_of(Api& api, std::int64_t key);

}  // namespace lightbox::dicomweb
