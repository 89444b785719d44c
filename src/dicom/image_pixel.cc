#include "dicom/image_pixel.h"

#include <fmt/format.h>

namespace lightbox::dicom {
namespace {

constexpr Tag samples_per_pixel_tag = 0x00280002;
constexpr Tag photometric_interpretation_tag = 0x00280004;
constexpr Tag planar_configuration_tag = 0x00280006;
constexpr Tag rows_tag = 0x00280010;
constexpr Tag columns_tag = 0x00280011;
constexpr Tag bits_allocated_tag = 0x00280100;
constexpr Tag bits_stored_tag = 0x00280101;
constexpr Tag high_bit_tag = 0x00280102;

Result<std::uint16_t> number(const DataSet& data_set, Tag tag, std::string_view name,
                             std::int64_t least, std::int64_t most) {
  const auto found = data_set.integer(tag);
  if (found && *found >= least && *found <= most) return static_cast<std::uint16_t>(*found);
  return problem(ProblemKind::unprocessable,
                 fmt::format("{} {} is {}; a number from {} to {} is needed", display_of(tag), name,
                             found ? fmt::format("{}", *found) : "missing", least, most));
}

bool is_possible(std::uint16_t bits) {
  return bits == 1 || bits == 8 || bits == 16 || bits == 32 || bits == 64;
}

}  // namespace

Result<ImagePixel> ImagePixel::of(const DataSet& data_set, Tag pixel_data) {
  ImagePixel pixel;
  TRY(pixel.rows, number(data_set, rows_tag, "Rows", 1, 65535));
  TRY(pixel.columns, number(data_set, columns_tag, "Columns", 1, 65535));
  pixel.photometric_interpretation = data_set.first(photometric_interpretation_tag);
  if (pixel.photometric_interpretation.empty()) pixel.photometric_interpretation = "MONOCHROME2";
  if (pixel_data != tags::PixelData) {  // PS3.3 C.7.6.24, C.7.6.25
    pixel.is_float = true;
    pixel.is_signed = true;
    pixel.bits_allocated = pixel_data == tags::FloatPixelData ? 32 : 64;
    pixel.bits_stored = pixel.bits_allocated;
    pixel.high_bit = static_cast<std::uint16_t>(pixel.bits_allocated - 1);
    return pixel;
  }
  if (data_set.find(samples_per_pixel_tag) != nullptr) {
    TRY(pixel.samples_per_pixel,
        number(data_set, samples_per_pixel_tag, "Samples per Pixel", 1, 4));
  }
  pixel.is_planar = pixel.samples_per_pixel > 1 && data_set.integer(planar_configuration_tag) == 1;
  TRY(pixel.bits_allocated, number(data_set, bits_allocated_tag, "Bits Allocated", 1, 64));
  if (!is_possible(pixel.bits_allocated)) {
    return problem(ProblemKind::unprocessable,
                   fmt::format("{} Bits Allocated is {}; 1, 8, 16, 32 or 64 can be read",
                               display_of(bits_allocated_tag), pixel.bits_allocated));
  }
  // Left out or wrong, they are what most have.
  const auto stored = data_set.integer(bits_stored_tag).value_or(pixel.bits_allocated);
  pixel.bits_stored = stored >= 1 && stored <= pixel.bits_allocated
                          ? static_cast<std::uint16_t>(stored)
                          : pixel.bits_allocated;
  const auto high = data_set.integer(high_bit_tag).value_or(pixel.bits_stored - 1);
  pixel.high_bit = high >= pixel.bits_stored - 1 && high < pixel.bits_allocated
                       ? static_cast<std::uint16_t>(high)
                       : static_cast<std::uint16_t>(pixel.bits_stored - 1);
  pixel.is_signed = data_set.integer(tags::PixelRepresentation) == 1;
  return pixel;
}

std::uint64_t ImagePixel::frame_bytes() const {
  // Two pixels share their chrominance, also the last with one that is not there.
  const std::uint64_t samples =
      is_subsampled() ? (pixels() + 1) / 2 * 4 : pixels() * samples_per_pixel;
  return (samples * bits_allocated + 7) / 8;
}

}  // namespace lightbox::dicom
