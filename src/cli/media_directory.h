#pragma once

// A DICOMDIR: the directory of a medium, CD or USB stick (PS3.3 F, PS3.10 8).

#include <string>
#include <vector>

#include "base/limits.h"
#include "base/result.h"

namespace lightbox::cli {

// The files that it refers to, once each, as paths: relative to its own folder. Media are read by
// systems that change the case of names or add ISO 9660's ";1": a file is found in spite of that.
// One that is not there is given as it should be. `invalid` when it cannot be read as DICOM,
// has no directory records, or names something that is no File ID.
Result<std::vector<std::string>> media_files(const std::string& path, const Limits& limits);

// Whether a file has the name of one, in any case, with ISO 9660's ";1" or without.
[[nodiscard]] bool is_media_directory_name(const std::string& path);

}  // namespace lightbox::cli
