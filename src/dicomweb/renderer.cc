#include "dicomweb/renderer.h"

#include <cmath>
#include <fmt/format.h>

#include "dicom/annotation.h"
#include "dicom/frame_codec.h"
#include "dicom/overlay.h"
#include "dicom/present.h"
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
  TRY(auto picture, request.presentation ? present(frame, request) : render(frame, request.render));
  if (const auto viewport = viewport_for(request.render, picture)) {
    const bool is_fitted = request.presentation && !request.render.region;
    if (!is_fitted) {
      TRY(picture, fit(std::move(picture), *viewport, pixels_max_));
    }
  }
  if (request.render.annotations.has_any()) TRY_DO(annotate(frame, request, picture));
  return write(picture, request);
}

Result<dicom::Picture> Renderer::render(std::uint32_t frame, const RenderRequest& request) {
  const auto& viewport = request.viewport;
  dicom::ObjectValues values(part10_, object_->source());
  const bool has_overlays = !dicom::overlay_groups(part10_.data_set()).empty();
  dicom::DecodeOptions decoding;
  if (viewport && is_whole(*viewport) && !request.region && !has_overlays) {
    // As many columns and rows as the picture will have, whichever of the two decides.
    const double scale = std::min(static_cast<double>(viewport->width) / pixel_.columns,
                                  static_cast<double>(viewport->height) / pixel_.rows);
    decoding = {.columns_wanted = static_cast<std::uint32_t>(std::ceil(pixel_.columns * scale)),
                .rows_wanted = static_cast<std::uint32_t>(std::ceil(pixel_.rows * scale))};
  }
  TRY(const auto samples, decode(frame, decoding));
  TRY(auto picture, dicom::render(samples, values, frame, {.window = request.window}));
  TRY_DO(dicom::draw_overlays(values, frame, picture));
  return picture;
}

Result<dicom::Picture> Renderer::present(std::uint32_t frame, const PictureRequest& request) {
  dicom::ObjectValues values(part10_, object_->source());
  const auto shown = frame_of_image(frame);
  const dicom::Grayscale grayscale = request.presentation->grayscale_of(shown);
  TRY(const auto samples, decode(frame, {}));
  TRY(auto picture, dicom::render(samples, values, frame, {.grayscale = &grayscale}));
  dicom::PresentOptions options{.pixels_max = pixels_max_};
  // A region is one of what the presentation state displays (PS3.18 9.5.2.4).
  if (const auto& viewport = request.render.viewport; viewport && !request.render.region) {
    options.viewport = {.columns = viewport->width, .rows = viewport->height};
  }
  return dicom::present(std::move(picture), *request.presentation, shown, values, options);
}

Result<dicom::FrameSamples> Renderer::decode(std::uint32_t frame,
                                             const dicom::DecodeOptions& options) {
  TRY(const std::string bytes, object_->frame_bytes(frame));
  return dicom::decode_frame(bytes, object_->frame_transfer_syntax(), pixel_, options);
}

dicom::FrameOfImage Renderer::frame_of_image(std::uint32_t frame) const {
  return {.sop_instance_uid = object_->file().instance.sop_instance_uid, .frame = frame};
}

// After all else (PS3.18 8.3.5.1.1).
Result<void> Renderer::annotate(std::uint32_t frame, const PictureRequest& request,
                                dicom::Picture& picture) {
  const dicom::DataSet& data_set = part10_.data_set();
  const Annotations& wanted = request.render.annotations;
  dicom::Annotation annotation;
  if (wanted.has_patient) dicom::add_patient(data_set, annotation);
  if (wanted.has_technique) {
    dicom::ShownFrame shown{
        .number = frame, .count = frame_count(), .window = request.render.window};
    if (request.presentation) {
      shown.window = request.presentation->grayscale_of(frame_of_image(frame)).window;
    } else if (!shown.window && pixel_.is_monochrome()) {
      dicom::ObjectValues values(part10_, object_->source());
      TRY(const auto grayscale, dicom::Grayscale::of(values, frame));
      shown.window = grayscale.window;
    }
    dicom::add_technique(data_set, shown, annotation);
  }
  return dicom::draw_annotation(annotation, picture);
}

}  // namespace lightbox::dicomweb
