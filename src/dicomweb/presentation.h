#pragma once

// Presentation states of the archive, and the pictures that they say (PS3.18 8.3.5.1, 9.5.2.3).

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "dicom/presentation_state.h"
#include "dicomweb/api.h"
#include "dicomweb/rendered_body.h"
#include "store/dicom_index.h"

namespace lightbox::dicomweb {

// Whether the instance is a presentation state, of whatever kind. not_found.
Result<bool> is_presentation_state(Api& api, const store::DicomSelection& instance);

// Of one answer, whose pictures share it. To be called in the pixel lane. not_found; as
// PresentationState::of.
using SharedPresentationState = std::shared_ptr<const dicom::PresentationState>;
Result<SharedPresentationState> read_presentation_state(Api& api,
                                                        const store::DicomSelection& instance);

// The images that it is for, in its order: those that the archive has in its study. not_found when
// there are none; too_large past 10,000.
Result<std::vector<Rendered>> images_of(Api& api, const dicom::PresentationState& state,
                                        std::string_view study_uid);

}  // namespace lightbox::dicomweb
