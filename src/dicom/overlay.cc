// Overlays (PS3.3 C.9.2): planes of one bit, drawn over the image.

#include <algorithm>
#include <optional>

#include "dicom/render.h"

namespace lightbox::dicom {
namespace {

constexpr Tag first_group = 0x60000000;
constexpr Tag last_group = 0x601E0000;
constexpr Tag group_step = 0x00020000;
constexpr Tag overlay_rows = 0x0010;
constexpr Tag overlay_columns = 0x0011;
constexpr Tag number_of_frames_in_overlay = 0x0015;
constexpr Tag overlay_origin = 0x0050;
constexpr Tag image_frame_origin = 0x0051;
constexpr Tag overlay_data = 0x3000;

struct Plane {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t top = 1;  // of the image's first row
  std::int64_t left = 1;
  std::int64_t first_bit = 0;
  std::string bits = {};
};

// nullopt: there is none for this frame, or what there is does not fit its attributes.
Result<std::optional<Plane>> plane_of(ObjectValues& values, Tag group, std::uint32_t number) {
  const DataSet& data_set = values.data_set();
  const auto integer = [&](Tag element, std::int64_t otherwise) {
    return data_set.integer(group | element).value_or(otherwise);
  };
  const Element* data = data_set.find(group | overlay_data);
  if (data == nullptr) return std::optional<Plane>();
  Plane plane{.rows = integer(overlay_rows, 0), .columns = integer(overlay_columns, 0)};
  constexpr std::int64_t size_max = 0xFFFF;
  if (plane.rows < 1 || plane.rows > size_max || plane.columns < 1 || plane.columns > size_max) {
    return std::optional<Plane>();
  }
  const auto origin = numbers_of(data_set, group | overlay_origin);
  if (origin.size() == 2) {
    plane.top = whole_of(origin[0]);
    plane.left = whole_of(origin[1]);
  }
  std::int64_t frame = 0;
  if (const auto frames = integer(number_of_frames_in_overlay, 0); frames > 0) {
    const std::int64_t first = std::int64_t{number} + 1;
    const std::int64_t origin_frame = integer(image_frame_origin, 1);
    if (origin_frame < 1 || origin_frame > first || first - origin_frame >= frames) {
      return std::optional<Plane>();
    }
    frame = first - origin_frame;
  }
  TRY(plane.bits, values.bytes_of(*data));
  const std::int64_t frame_bits = plane.rows * plane.columns;
  if (frame >= static_cast<std::int64_t>(plane.bits.size()) * 8 / frame_bits) {
    return std::optional<Plane>();
  }
  plane.first_bit = frame * frame_bits;
  return std::optional(std::move(plane));
}

void draw(const Plane& plane, Picture& picture) {
  for (std::int64_t y = 0; y < plane.rows; ++y) {
    const std::int64_t to_y = y + plane.top - 1;
    if (to_y < 0 || to_y >= picture.rows) continue;
    for (std::int64_t x = 0; x < plane.columns; ++x) {
      const std::int64_t to_x = x + plane.left - 1;
      if (to_x < 0 || to_x >= picture.columns) continue;
      const auto bit = static_cast<std::size_t>(plane.first_bit + y * plane.columns + x);
      if ((static_cast<unsigned char>(plane.bits[bit / 8]) >> (bit % 8) & 1U) == 0) continue;
      const auto at = static_cast<std::size_t>(to_y * picture.columns + to_x) * picture.channels;
      std::fill_n(picture.bytes.data() + at, picture.channels, '\xFF');
    }
  }
}

}  // namespace

bool has_overlays(const DataSet& data_set) {
  for (Tag group = first_group; group <= last_group; group += group_step) {
    if (data_set.find(group | overlay_data) != nullptr) return true;
  }
  return false;
}

Result<void> draw_overlays(ObjectValues& values, std::uint32_t number, Picture& picture) {
  for (Tag group = first_group; group <= last_group; group += group_step) {
    TRY(const auto plane, plane_of(values, group, number));
    if (plane) draw(*plane, picture);
  }
  return {};
}

}  // namespace lightbox::dicom
