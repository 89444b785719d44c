#pragma once

// The graphic annotations of a presentation state, drawn into the picture (PS3.3 C.10.5). Pure.

#include "base/result.h"
#include "dicom/picture.h"
#include "dicom/presentation_state.h"

namespace lightbox::dicom {

// Where the image is in the picture: its displayed area, turned, flipped and scaled.
struct Placement {
  DisplayedArea area;
  unsigned quarter_turns = 0;
  bool is_flipped = false;
  std::uint32_t columns = 0;  // of the picture
  std::uint32_t rows = 0;

  [[nodiscard]] Point in_picture(Point point, Units units) const;
};

// `too_large`: it would take too long.
Result<void> draw_annotations(const PresentationState& state, const FrameOfImage& frame,
                              const Placement& placement, Picture& picture);

}  // namespace lightbox::dicom
