#pragma once

// Pictures of the archive's instances: read, decoded, rendered, scaled and written as JPEG or PNG.
// It takes CPU time: in the pixel lane only. Safe from any thread.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "dicom/frame_codec.h"
#include "dicom/image_pixel.h"
#include "dicom/part10.h"
#include "dicom/presentation_state.h"
#include "dicomweb/render_request.h"
#include "dicomweb/stored_object.h"

namespace lightbox::dicomweb {

struct PictureRequest {
  RenderRequest render;
  // How the image is to be shown; pictures of one answer share it.
  std::shared_ptr<const dicom::PresentationState> presentation = nullptr;
  std::string media_type = "image/jpeg";  // or "image/png"
};

// One instance's frames. The object is opened by it.
class Renderer {
 public:
  // not_found without pixel data; unprocessable; not_supported for a transfer syntax that cannot be
  // decoded; too_large past rendered_pixels_max.
  static Result<Renderer> open(StoredObject& object, const Limits& limits);

  // A frame, counted from 0: as a picture's bytes.
  Result<std::string> picture(std::uint32_t frame, const PictureRequest& request);
  [[nodiscard]] const dicom::ImagePixel& pixel() const { return pixel_; }
  [[nodiscard]] std::uint32_t frame_count() const;
  // The one that stands for all: as the object says, else the middle one.
  [[nodiscard]] std::uint32_t representative_frame() const;

 private:
  Renderer(StoredObject& object, dicom::Part10 part10, dicom::ImagePixel pixel,
           std::uint64_t pixels_max)
      : object_(&object),
        part10_(std::move(part10)),
        pixel_(std::move(pixel)),
        pixels_max_(pixels_max) {}
  // All of a frame, as the image itself has it.
  Result<dicom::Picture> render(std::uint32_t frame, const RenderRequest& request);
  Result<dicom::Picture> present(std::uint32_t frame, const PictureRequest& request);
  Result<dicom::FrameSamples> decode(std::uint32_t frame, const dicom::DecodeOptions& options);
  Result<void> annotate(std::uint32_t frame, const PictureRequest& request,
                        dicom::Picture& picture);
  [[nodiscard]] dicom::FrameOfImage frame_of_image(std::uint32_t frame) const;

  StoredObject* object_;
  dicom::Part10 part10_;
  dicom::ImagePixel pixel_;
  std::uint64_t pixels_max_;
};

}  // namespace lightbox::dicomweb
