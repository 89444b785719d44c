#pragma once

// Frames in another transfer syntax than they are stored in. It takes CPU time: not for a thread
// that others wait for. Used by one thread at a time.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "dicom/frame_codec.h"
#include "dicom/image_pixel.h"
#include "dicom/part10.h"
#include "ingest/stored_object.h"

namespace lightbox::ingest {

// Whether frames stored in one can go out in the other: what has been lossy stays what it is,
// unless it is decoded.
[[nodiscard]] bool can_transcode(std::string_view from, std::string_view to);

class Transcoder {
 public:
  // The object must have been opened, and outlive it. `unprocessable` when it has no frames or
  // damaged ones, `too_large` past rendered_pixels_max.
  static Result<Transcoder> open(StoredObject& object, std::string_view transfer_syntax,
                                 const Limits& limits);

  // A frame, counted from 0. unprocessable, not_supported.
  Result<dicom::EncodedFrame> frame(std::uint32_t number);
  [[nodiscard]] const dicom::Part10& part10() const { return part10_; }
  [[nodiscard]] const dicom::ImagePixel& pixel() const { return pixel_; }

 private:
  Transcoder(StoredObject& object, std::string_view transfer_syntax, dicom::Part10 part10,
             dicom::ImagePixel pixel)
      : object_(&object),
        transfer_syntax_(transfer_syntax),
        part10_(std::move(part10)),
        pixel_(std::move(pixel)) {}

  StoredObject* object_;
  std::string transfer_syntax_;
  dicom::Part10 part10_;
  dicom::ImagePixel pixel_;
};

}  // namespace lightbox::ingest
