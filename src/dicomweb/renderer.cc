#include "dicomweb/renderer.h"

#include <cmath>
#include <fmt/format.h>

#include "dicom/annotation.h"
#include "dicom/frame_codec.h"
#include "dicom/render.h"

namespace lightbox::dicomweb {
namespace {

Result<std::string> write(const dicom::Picture& picture, const PictureRequest& request) {
  return request.media_type == "image/png" ? to_png(picture)
                                           : to_jpeg(picture, request.render.quality);
}

// A region is cut out of the whole.
bool is_whole(const Viewport& viewport) {
  return viewport.left == 0 && viewport.top == 0 && viewport.source_width == 0 &&
         viewport.source_height == 0;
}

}  // namespace

Result<Renderer> Renderer::open(StoredObject& object, const Limits& limits) {
  TRY_DO(object.open());
  const auto& pixels = object.pixel_data();
  if (!pixels || pixels->frame_count == 0) {
    return problem(ProblemKind::not_found,
                   fmt::format("Instance {} has no frames that could be rendered",
                               object.file().instance.sop_instance_uid));
  }
  if (!dicom::can_decode(object.transfer_syntax())) {
    return problem(
        ProblemKind::not_supported,
        fmt::format("Frames of transfer syntax {} cannot be rendered", object.transfer_syntax()));
  }
  TRY(auto part10, dicom::Part10::read(object.source(), limits));
  TRY(auto pixel, dicom::ImagePixel::of(part10.data_set(), pixels->tag));
  if (pixel.pixels() > limits.rendered_pixels_max) {
    return problem(ProblemKind::too_large,
                   fmt::format("A frame has {} pixels, more than rendered_pixels_max ({})",
                               pixel.pixels(), limits.rendered_pixels_max));
  }
  return Renderer(object, std::move(part10), std::move(pixel), limits.rendered_pixels_max);
}

std::uint32_t Renderer::representative_frame() const {
  constexpr dicom::Tag representative_frame_number = 0x00286010;
  const auto given = part10_.data_set().integer(representative_frame_number).value_or(0);
  if (given >= 1 && given <= frame_count()) return static_cast<std::uint32_t>(given - 1);
  return frame_count() / 2;
}

std::uint32_t Renderer::frame_count() const { return object_->pixel_data()->frame_count; }

Result<std::string> Renderer::picture(std::uint32_t frame, const PictureRequest& request) {
  const auto& viewport = request.render.viewport;
  dicom::ObjectValues values(part10_, object_->source());
  const bool has_overlays = dicom::has_overlays(part10_.data_set());
  dicom::DecodeOptions decoding;
  if (viewport && is_whole(*viewport) && !has_overlays) {
    // As many columns and rows as the picture will have, whichever of the two decides.
    const double scale = std::min(static_cast<double>(viewport->width) / pixel_.columns,
                                  static_cast<double>(viewport->height) / pixel_.rows);
    decoding = {.columns_wanted = static_cast<std::uint32_t>(std::ceil(pixel_.columns * scale)),
                .rows_wanted = static_cast<std::uint32_t>(std::ceil(pixel_.rows * scale))};
  }
  TRY(const std::string bytes, object_->frame_bytes(frame));
  TRY(const auto samples,
      dicom::decode_frame(bytes, object_->frame_transfer_syntax(), pixel_, decoding));
  TRY(auto picture, dicom::render(samples, values, frame, {.window = request.render.window}));
  if (has_overlays) TRY_DO(dicom::draw_overlays(values, frame, picture));
  if (viewport) {
    TRY(picture, fit(std::move(picture), *viewport, pixels_max_));
  }
  if (request.render.annotations.has_any()) {
    TRY_DO(annotate(frame, request.render, picture));
  }
  return write(picture, request);
}

// After all else (PS3.18 8.3.5.1.1).
Result<void> Renderer::annotate(std::uint32_t frame, const RenderRequest& request,
                                dicom::Picture& picture) {
  const dicom::DataSet& data_set = part10_.data_set();
  dicom::Annotation annotation;
  if (request.annotations.has_patient) dicom::add_patient(data_set, annotation);
  if (request.annotations.has_technique) {
    dicom::ShownFrame shown{.number = frame, .count = frame_count(), .window = request.window};
    if (!shown.window && pixel_.is_monochrome()) {
      dicom::ObjectValues values(part10_, object_->source());
      TRY(const auto grayscale, dicom::Grayscale::of(values, frame));
      shown.window = grayscale.window;
    }
    dicom::add_technique(data_set, shown, annotation);
  }
  return dicom::draw_annotation(annotation, picture);
}

}  // namespace lightbox::dicomweb
