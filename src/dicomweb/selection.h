#pragma once

// The study, series or instance that a URL names.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dicomweb/api.h"
#include "store/dicom_index.h"

namespace lightbox::dicomweb {

// Of the route's first captures, three at most. `invalid` when one is no UID.
Result<store::DicomSelection> selection_of(const Call& call);

// "1,3,2": frames counted from 1, in this order. `invalid`.
Result<std::vector<std::uint32_t>> frame_list(std::string_view text);

// ".../dicomweb/studies/1/series/2/instances/3"
[[nodiscard]] std::string url_of(std::string_view base, const store::DicomSelection& selection);
[[nodiscard]] std::string url_of(std::string_view base, std::string_view study_uid,
                                 std::string_view series_uid, std::string_view sop_instance_uid);

}  // namespace lightbox::dicomweb
