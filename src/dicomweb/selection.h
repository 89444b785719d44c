#pragma once

// The study, series or instance that a URL names.

#include "base/result.h"
#include "dicomweb/api.h"
#include "store/dicom_index.h"

namespace lightbox::dicomweb {

// Of the route's first captures, three at most. `invalid` when one is no UID.
Result<store::DicomSelection> selection_of(const Call& call);

// ".../dicomweb/studies/1/series/2/instances/3"
[[nodiscard]] std::string url_of(std::string_view base, const store::DicomSelection& selection);
[[nodiscard]] std::string url_of(std::string_view base, std::string_view study_uid,
                                 std::string_view series_uid, std::string_view sop_instance_uid);

}  // namespace lightbox::dicomweb
