#include "dicom/overlay.h"

#include <algorithm>

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

}  // namespace

std::vector<Tag> overlay_groups(const DataSet& data_set) {
  std::vector<Tag> groups;
  for (Tag group = first_group; group <= last_group; group += group_step) {
    if (data_set.find(group | overlay_data) != nullptr) groups.push_back(group);
  }
  return groups;
}

Result<std::optional<OverlayPlane>> overlay_plane_of(ObjectValues& values, Tag group,
                                                     std::uint32_t number) {
  const DataSet& data_set = values.data_set();
  const auto integer = [&](Tag element, std::int64_t otherwise) {
    return data_set.integer(group | element).value_or(otherwise);
  };
  const Element* data = data_set.find(group | overlay_data);
  if (data == nullptr) return std::optional<OverlayPlane>();
  OverlayPlane plane{.rows = integer(overlay_rows, 0), .columns = integer(overlay_columns, 0)};
  constexpr std::int64_t size_max = 0xFFFF;
  if (plane.rows < 1 || plane.rows > size_max || plane.columns < 1 || plane.columns > size_max) {
    return std::optional<OverlayPlane>();
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
      return std::optional<OverlayPlane>();
    }
    frame = first - origin_frame;
  }
  TRY(plane.bits, values.bytes_of(*data));
  const std::int64_t frame_bits = plane.rows * plane.columns;
  if (frame >= static_cast<std::int64_t>(plane.bits.size()) * 8 / frame_bits) {
    return std::optional<OverlayPlane>();
  }
  plane.first_bit = frame * frame_bits;
  return std::optional(std::move(plane));
}

void draw_overlay(const OverlayPlane& plane, std::uint8_t level, Picture& picture) {
  for (std::int64_t y = 0; y < plane.rows; ++y) {
    const std::int64_t to_y = y + plane.top - 1;
    if (to_y < 0 || to_y >= picture.rows) continue;
    for (std::int64_t x = 0; x < plane.columns; ++x) {
      const std::int64_t to_x = x + plane.left - 1;
      if (to_x < 0 || to_x >= picture.columns || !plane.at(x, y)) continue;
      const auto at = static_cast<std::size_t>(to_y * picture.columns + to_x) * picture.channels;
      std::fill_n(picture.bytes.data() + at, picture.channels, static_cast<char>(level));
    }
  }
}

Result<void> draw_overlays(ObjectValues& values, std::uint32_t frame, Picture& picture) {
  for (const Tag group : overlay_groups(values.data_set())) {
    TRY(const auto plane, overlay_plane_of(values, group, frame));
    if (plane) draw_overlay(*plane, 255, picture);
  }
  return {};
}

}  // namespace lightbox::dicom
