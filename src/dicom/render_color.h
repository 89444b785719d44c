#pragma once

// Color frames (PS3.3 C.7.6.3.1.2) as red, green and blue of 8 bits. Pure but for bulk values.

#include "base/result.h"
#include "dicom/image_pixel.h"
#include "dicom/object_values.h"
#include "dicom/picture.h"

namespace lightbox::dicom {

// RGB, PALETTE COLOR, YBR_FULL, YBR_FULL_422, YBR_PARTIAL_422 and 420, YBR_RCT and YBR_ICT.
// `unprocessable`, `not_supported`. Of a frame that is as long as its attributes say.
Result<Picture> render_color(const FrameSamples& frame, ObjectValues& values);

}  // namespace lightbox::dicom
