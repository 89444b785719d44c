#pragma once

// A frame as a picture: what PS3.3 and PS3.4 N.2 say between its samples and the eye. Takes CPU
// time: not for a connection's thread. Used by one thread.

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "dicom/frame_codec.h"
#include "dicom/grayscale.h"
#include "dicom/object_values.h"
#include "dicom/picture.h"

namespace lightbox::dicom {

// Where this and the object disagree, this is right; as a presentation state or a request says.
struct RenderOptions {
  std::optional<Modality> modality = std::nullopt;
  std::optional<Window> window = std::nullopt;
  std::optional<LookupTable> voi = std::nullopt;
  std::optional<bool> is_inverted = std::nullopt;
};

// Of a decoded frame, whose number is counted from 0. `unprocessable`: its attributes do not fit
// it; `not_supported`: its photometric interpretation.
Result<Picture> render(const FrameSamples& frame, ObjectValues& values, std::uint32_t number,
                       const RenderOptions& options);

// Draws the overlays of groups 6000 to 601E (PS3.3 C.9.2), white. Those that do not fit their
// attributes are left out.
Result<void> draw_overlays(ObjectValues& values, std::uint32_t number, Picture& picture);
[[nodiscard]] bool has_overlays(const DataSet& data_set);

}  // namespace lightbox::dicom
