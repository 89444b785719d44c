#pragma once

// What a request for a rendered picture asks for (PS3.18 8.3.5). Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

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

// 8.3.5.1.1.
struct Annotations {
  bool has_patient = false;
  bool has_technique = false;
  std::string not_supported = {};  // keywords, separated by commas

  // `invalid` for what is no list of keywords.
  static Result<Annotations> of(std::string_view text);
  [[nodiscard]] bool has_any() const { return has_patient || has_technique; }
  // A Warning field's value, which names what is not supported; nullopt: all is.
  [[nodiscard]] std::optional<std::string> warning(std::string_view service) const;
};

// Of a picture: in parts of its width and height, from 0 to 1.
struct PictureRegion {
  double left = 0;
  double top = 0;
  double right = 1;
  double bottom = 1;
};

struct RenderRequest {
  std::optional<Viewport> viewport = std::nullopt;
  std::optional<PictureRegion> region = std::nullopt;  // of WADO-URI; then without the viewport's
  std::optional<dicom::Window> window = std::nullopt;
  int quality = 90;  // of JPEG
  Annotations annotations = {};

  // `invalid` for a parameter that is malformed; `too_large` for a viewport past
  // rendered_pixels_max.
  static Result<RenderRequest> of(const http::Request& request, std::uint64_t pixels_max);
};

// The picture as the viewport wants it. `invalid` when its region is outside; `too_large`.
Result<dicom::Picture> fit(dicom::Picture picture, const Viewport& viewport,
                           std::uint64_t pixels_max);

// The viewport of a request for a picture that large: its region in pixels.
[[nodiscard]] std::optional<Viewport> viewport_for(const RenderRequest& request,
                                                   const dicom::Picture& picture);

}  // namespace lightbox::dicomweb
