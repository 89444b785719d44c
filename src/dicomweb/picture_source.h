#pragma once

// Which frame stands for a study, series or instance.

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "dicomweb/api.h"
#include "dicomweb/renderer.h"
#include "store/dicom_index.h"

namespace lightbox::dicomweb {

// Those of the selected instances that may have frames, by series and number. not_found when none
// is selected.
Result<std::vector<std::int64_t>> images(Api& api, const store::DicomSelection& selection);

// Whether the instance has frames, or may have: of a deflated one, and of one that is elsewhere, it
// shows later.
Result<bool> has_frames(Api& api, std::int64_t key);

// The middle one of the first series that has images (but segmentations only when there is nothing
// else). not_found, also when none of the selected has frames.
Result<store::StoredFile> representative_instance(Api& api, const store::DicomSelection& selection);

// The picture of a frame counted from 1, or of the one that stands for the instance. To be called
// in the pixel lane.
Result<std::string> make_picture(Api& api, std::int64_t key, std::optional<std::uint32_t> frame,
                                 const PictureRequest& request);

}  // namespace lightbox::dicomweb
