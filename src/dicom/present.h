#pragma once

// A frame as a presentation state has it, from its grayscale on (PS3.4 N.2): shutters and overlays,
// the area that is displayed, turned and flipped, and what is drawn and written over it. Pure but
// for bulk values.

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "dicom/object_values.h"
#include "dicom/picture.h"
#include "dicom/presentation_state.h"

namespace lightbox::dicom {

struct PresentOptions {
  // That the picture is to fit into, its shape kept; of what is magnified, what is beyond is cut
  // off. Without, a pixel of the image is one of the picture.
  struct Viewport {
    std::uint32_t columns = 0;
    std::uint32_t rows = 0;
  };
  std::optional<Viewport> viewport = std::nullopt;
  std::uint64_t pixels_max = 0;  // of a picture on its way
};

// `picture` is the whole frame, rendered with grayscale_of(frame); `image` is its object, for the
// overlays that it has. `too_large`: the displayed area, or what is drawn over it.
Result<Picture> present(Picture picture, const PresentationState& state, const FrameOfImage& frame,
                        ObjectValues& image, const PresentOptions& options);

}  // namespace lightbox::dicom
