#pragma once

// Overlays (PS3.3 C.9.2): planes of one bit. Pure but for bulk values.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "dicom/object_values.h"
#include "dicom/picture.h"

namespace lightbox::dicom {

struct OverlayPlane {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t top = 1;  // where it begins: 1 is the image's first row
  std::int64_t left = 1;
  std::int64_t first_bit = 0;
  std::string bits = {};

  [[nodiscard]] bool at(std::int64_t column, std::int64_t row) const {
    const auto bit = static_cast<std::size_t>(first_bit + row * columns + column);
    return (static_cast<unsigned char>(bits[bit / 8]) >> (bit % 8) & 1U) != 0;
  }
};

// Groups 6000 to 601E, as tags with element 0, that have a plane.
[[nodiscard]] std::vector<Tag> overlay_groups(const DataSet& data_set);
// The plane of a group for a frame counted from 0. nullopt: there is none for this frame, or what
// there is does not fit its attributes.
Result<std::optional<OverlayPlane>> overlay_plane_of(ObjectValues& values, Tag group,
                                                     std::uint32_t frame);
// In a level of gray, what is set of it.
void draw_overlay(const OverlayPlane& plane, std::uint8_t level, Picture& picture);
// All that there are for a frame, in white.
Result<void> draw_overlays(ObjectValues& values, std::uint32_t frame, Picture& picture);

}  // namespace lightbox::dicom
