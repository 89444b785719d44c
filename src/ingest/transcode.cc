#include "ingest/transcode.h"

#include <fmt/format.h>

namespace lightbox::ingest {

bool can_transcode(std::string_view from, std::string_view to) {
  return dicom::can_decode(from) && dicom::can_encode(to);
}

Result<Transcoder> Transcoder::open(StoredObject& object, std::string_view transfer_syntax,
                                    const Limits& limits) {
  const auto& pixels = object.pixel_data();
  TRY(auto part10, dicom::Part10::read(object.source(), limits));
  if (!pixels || pixels->frame_count == 0) {
    return problem(ProblemKind::unprocessable,
                   fmt::format("Instance {} has no frames that could be transcoded",
                               object.file().instance.sop_instance_uid));
  }
  TRY(auto pixel, dicom::ImagePixel::of(part10.data_set(), pixels->tag));
  if (pixel.pixels() > limits.rendered_pixels_max) {
    return problem(ProblemKind::too_large,
                   fmt::format("A frame has {} pixels, more than rendered_pixels_max ({})",
                               pixel.pixels(), limits.rendered_pixels_max));
  }
  return Transcoder(object, transfer_syntax, std::move(part10), std::move(pixel));
}

Result<dicom::EncodedFrame> Transcoder::frame(std::uint32_t number) {
  TRY(const std::string bytes, object_->frame_bytes(number));
  TRY(const auto samples, dicom::decode_frame(bytes, object_->frame_transfer_syntax(), pixel_));
  return dicom::encode_frame(samples, transfer_syntax_);
}

}  // namespace lightbox::ingest
