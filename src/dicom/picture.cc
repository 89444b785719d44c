#include "dicom/picture.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace lightbox::dicom {
namespace {

// One output sample is the sum of some input samples with these weights.
struct Tap {
  std::uint32_t first = 0;
  std::vector<float> weights;
};

// Output sample i covers [i, i+1) * from/to of the input. Enlarged, each lies between the centers
// of two.
std::vector<Tap> taps_of(std::uint32_t from, std::uint32_t to) {
  std::vector<Tap> taps(to);
  const double scale = static_cast<double>(from) / to;
  for (std::uint32_t i = 0; i < to; ++i) {
    Tap& tap = taps[i];
    if (scale <= 1) {
      const double center = std::clamp((i + 0.5) * scale - 0.5, 0.0, from - 1.0);
      tap.first = static_cast<std::uint32_t>(center);
      const auto fraction = static_cast<float>(center - tap.first);
      tap.weights = {1 - fraction};
      if (tap.first + 1 < from) tap.weights.push_back(fraction);
      continue;
    }
    const double begin = i * scale;
    const double end = std::min(begin + scale, static_cast<double>(from));
    tap.first = static_cast<std::uint32_t>(begin);
    for (std::uint32_t at = tap.first; at < end; ++at) {
      const double covered = std::min(at + 1.0, end) - std::max<double>(at, begin);
      tap.weights.push_back(static_cast<float>(covered / scale));
    }
  }
  return taps;
}

char rounded(float value) {
  return static_cast<char>(static_cast<unsigned char>(std::clamp(value + 0.5F, 0.0F, 255.0F)));
}

}  // namespace

Picture crop(const Picture& picture, const Region& region) {
  Picture cropped{.columns = region.columns, .rows = region.rows, .channels = picture.channels};
  const std::size_t pixel = picture.channels;
  for (std::uint32_t y = 0; y < region.rows; ++y) {
    cropped.bytes.append(picture.bytes,
                         (std::size_t{region.top + y} * picture.columns + region.left) * pixel,
                         region.columns * pixel);
  }
  return cropped;
}

Picture flip_horizontally(const Picture& picture) {
  Picture flipped = picture;
  const std::size_t pixel = picture.channels;
  for (std::uint32_t y = 0; y < picture.rows; ++y) {
    const std::size_t line = std::size_t{y} * picture.columns;
    for (std::uint32_t x = 0; x < picture.columns; ++x) {
      std::copy_n(picture.bytes.data() + (line + picture.columns - 1 - x) * pixel, pixel,
                  flipped.bytes.data() + (line + x) * pixel);
    }
  }
  return flipped;
}

Picture flip_vertically(const Picture& picture) {
  Picture flipped = picture;
  const std::size_t stride = std::size_t{picture.columns} * picture.channels;
  for (std::uint32_t y = 0; y < picture.rows; ++y) {
    std::copy_n(picture.bytes.data() + (picture.rows - 1 - y) * stride, stride,
                flipped.bytes.data() + y * stride);
  }
  return flipped;
}

Picture rotate_clockwise(const Picture& picture) {
  Picture rotated{.columns = picture.rows, .rows = picture.columns, .channels = picture.channels};
  rotated.bytes.resize(picture.bytes.size());
  const std::size_t pixel = picture.channels;
  for (std::uint32_t y = 0; y < picture.rows; ++y) {
    for (std::uint32_t x = 0; x < picture.columns; ++x) {
      const std::size_t to = std::size_t{x} * rotated.columns + (rotated.columns - 1 - y);
      std::copy_n(picture.bytes.data() + (std::size_t{y} * picture.columns + x) * pixel, pixel,
                  rotated.bytes.data() + to * pixel);
    }
  }
  return rotated;
}

Picture resize(const Picture& picture, std::uint32_t columns, std::uint32_t rows) {
  if (columns == picture.columns && rows == picture.rows) return picture;
  const std::size_t channels = picture.channels;
  Picture resized{.columns = columns, .rows = rows, .channels = picture.channels};
  resized.bytes.resize(std::size_t{columns} * rows * channels);
  const auto across = taps_of(picture.columns, columns);
  const auto down = taps_of(picture.rows, rows);
  std::vector<float> line(std::size_t{picture.columns} * channels);
  for (std::uint32_t y = 0; y < rows; ++y) {
    std::ranges::fill(line, 0.0F);
    for (std::size_t n = 0; n < down[y].weights.size(); ++n) {
      const auto* from = reinterpret_cast<const unsigned char*>(picture.bytes.data()) +
                         (down[y].first + n) * line.size();
      const float weight = down[y].weights[n];
      for (std::size_t i = 0; i < line.size(); ++i) line[i] += weight * from[i];
    }
    char* out = resized.bytes.data() + std::size_t{y} * columns * channels;
    for (const Tap& tap : across) {
      for (std::size_t c = 0; c < channels; ++c) {
        float sum = 0;
        for (std::size_t n = 0; n < tap.weights.size(); ++n) {
          sum += tap.weights[n] * line[(tap.first + n) * channels + c];
        }
        *out++ = rounded(sum);
      }
    }
  }
  return resized;
}

}  // namespace lightbox::dicom
