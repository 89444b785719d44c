#pragma once

// How Lightbox names itself in the files that it writes (PS3.10 7.1) and on its associations (PS3.7
// D.3.3.2).

#include <string>
#include <string_view>

#include "base/version.h"

namespace lightbox::dicom {

// Below the root of UUIDs (PS3.5 B.2).
inline constexpr std::string_view implementation_class_uid =
    "2.25.284888807723725973426361838567166568789";

// At most 16 characters.
[[nodiscard]] inline std::string implementation_version_name() {
  return "LIGHTBOX_" + std::string(version);
}

}  // namespace lightbox::dicom
