#pragma once

// A picture for people: 8 bits of gray, or of red, green and blue. Pure.

#include <cstdint>
#include <string>

#include "base/result.h"

namespace lightbox::dicom {

struct Picture {
  std::uint32_t columns = 0;
  std::uint32_t rows = 0;
  std::uint32_t channels = 1;  // or 3
  std::string bytes = {};      // by rows, without gaps

  [[nodiscard]] std::uint64_t pixels() const { return std::uint64_t{columns} * rows; }
};

struct Region {
  std::uint32_t left = 0;
  std::uint32_t top = 0;
  std::uint32_t columns = 0;
  std::uint32_t rows = 0;
};
// The region must lie within.
[[nodiscard]] Picture crop(const Picture& picture, const Region& region);
[[nodiscard]] Picture flip_horizontally(const Picture& picture);
[[nodiscard]] Picture flip_vertically(const Picture& picture);
[[nodiscard]] Picture rotate_clockwise(const Picture& picture);  // by 90 degrees
// Smaller by averages of what falls together, larger by interpolation.
[[nodiscard]] Picture resize(const Picture& picture, std::uint32_t columns, std::uint32_t rows);

// `quality` from 1 to 100. `unprocessable`: the picture is larger than the format knows.
Result<std::string> to_jpeg(const Picture& picture, int quality);
Result<std::string> to_png(const Picture& picture);

}  // namespace lightbox::dicom
