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

// Where this and the object disagree, this is right.
struct RenderOptions {
  std::optional<Window> window = std::nullopt;
  // In place of all that the object says of its grayscale, as a presentation state has it.
  const Grayscale* grayscale = nullptr;
};

// Of a decoded frame, whose number is counted from 0. `unprocessable`: its attributes do not fit
// it; `not_supported`: its photometric interpretation.
Result<Picture> render(const FrameSamples& frame, ObjectValues& values, std::uint32_t number,
                       const RenderOptions& options);

}  // namespace lightbox::dicom
