#pragma once

// What a request for a rendered picture asks for (PS3.18 8.3.5). Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "dicom/grayscale.h"
#include "dicom/picture.h"
#include "http/message.h"

namespace lightbox::dicomweb {

// 8.3.5.1.3: a source region is scaled into width and height, its shape kept.
struct Viewport {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  // In pixels of the image; width and height 0: to its edges. Negative: mirrored.
  double left = 0;
  double top = 0;
  double source_width = 0;
  double source_height = 0;
};

// 8.3.5.1.1: what is not done is said.
inline constexpr const char* annotation_warning =
    "299 lightbox \"The annotation parameter is not supported: nothing was drawn\"";

struct RenderRequest {
  std::optional<Viewport> viewport = std::nullopt;
  std::optional<dicom::Window> window = std::nullopt;
  int quality = 90;                           // of JPEG
  std::vector<std::string> annotations = {};  // asked for, and not drawn

  // `invalid` for a parameter that is malformed; `too_large` for a viewport past
  // rendered_pixels_max.
  static Result<RenderRequest> of(const http::Request& request, std::uint64_t pixels_max);
};

// The picture as the viewport wants it. `invalid` when its region is outside; `too_large`.
Result<dicom::Picture> fit(dicom::Picture picture, const Viewport& viewport,
                           std::uint64_t pixels_max);

}  // namespace lightbox::dicomweb
