#include "dicom/render_color.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <vector>

namespace lightbox::dicom {
namespace {

using Rgb = std::array<double, 3>;

// Samples as numbers from 0 to 255.
class Samples {
 public:
  explicit Samples(const FrameSamples& frame) : frame_(frame), pixel_(frame.pixel) {
    const double most = std::exp2(pixel_.bits_stored) - 1;
    scale_ = 255 / most;
  }

  [[nodiscard]] std::uint32_t raw(std::size_t index) const {
    std::uint32_t value = 0;
    if (pixel_.bits_allocated == 8) {
      value = static_cast<unsigned char>(frame_.bytes[index]);
    } else {
      std::uint16_t word = 0;
      std::memcpy(&word, frame_.bytes.data() + index * 2, 2);
      value = word;
    }
    return value >> (pixel_.high_bit + 1U - pixel_.bits_stored) & ((1U << pixel_.bits_stored) - 1);
  }
  [[nodiscard]] double at(std::size_t pixel, std::size_t sample) const {
    const std::size_t count = pixel_.samples_per_pixel;
    return scale_ *
           raw(pixel_.is_planar ? sample * pixel_.pixels() + pixel : pixel * count + sample);
  }
  // PS3.3 C.7.6.3.1.2, YBR_FULL_422: Y1 Y2 Cb Cr for two pixels.
  [[nodiscard]] double at_subsampled(std::size_t pixel, std::size_t sample) const {
    const std::size_t pair = pixel / 2 * 4;
    return scale_ * raw(sample == 0 ? pair + pixel % 2 : pair + 1 + sample);
  }

 private:
  const FrameSamples& frame_;
  const ImagePixel& pixel_;
  double scale_ = 1;
};

Rgb same(const Rgb& rgb) { return rgb; }

Rgb of_full(const Rgb& ybr) {
  const double blue = ybr[1] - 128;
  const double red = ybr[2] - 128;
  return {ybr[0] + 1.402 * red, ybr[0] - 0.344136 * blue - 0.714136 * red, ybr[0] + 1.772 * blue};
}

// Y from 16 to 235.
Rgb of_partial(const Rgb& ybr) {
  const double luminance = 1.164383 * (ybr[0] - 16);
  const double blue = ybr[1] - 128;
  const double red = ybr[2] - 128;
  return {luminance + 1.596027 * red, luminance - 0.391762 * blue - 0.812968 * red,
          luminance + 2.017232 * blue};
}

char rounded(double value) {
  return static_cast<char>(static_cast<unsigned char>(std::clamp(value + 0.5, 0.0, 255.0)));
}

Result<Picture> render_samples(const FrameSamples& frame, Rgb (*to_rgb)(const Rgb&)) {
  const ImagePixel& pixel = frame.pixel;
  if (pixel.samples_per_pixel != 3 || (pixel.bits_allocated != 8 && pixel.bits_allocated != 16)) {
    return problem(ProblemKind::unprocessable,
                   fmt::format("{} has three samples per pixel of 8 or 16 bits, not {} of {}",
                               pixel.photometric_interpretation, pixel.samples_per_pixel,
                               pixel.bits_allocated));
  }
  const Samples samples(frame);
  Picture picture{.columns = pixel.columns, .rows = pixel.rows, .channels = 3};
  picture.bytes.resize(pixel.pixels() * 3);
  const bool is_subsampled = pixel.is_subsampled();
  for (std::size_t i = 0; i < pixel.pixels(); ++i) {
    Rgb values{};
    for (std::size_t c = 0; c < 3; ++c) {
      values[c] = is_subsampled ? samples.at_subsampled(i, c) : samples.at(i, c);
    }
    values = to_rgb(values);
    for (std::size_t c = 0; c < 3; ++c) picture.bytes[i * 3 + c] = rounded(values[c]);
  }
  return picture;
}

// PS3.3 C.7.9.2: a segmented table is made of segments that are discrete, linear, or repeat others.
class Segmented {
 public:
  Segmented(const std::vector<std::uint16_t>& data, std::size_t count)
      : data_(data), count_(count) {}

  Result<std::vector<std::uint16_t>> expand() && {
    TRY_DO(expand(0, data_.size(), 0));
    if (entries_.size() != count_) return wrong();
    return std::move(entries_);
  }

 private:
  static Problem wrong() {
    return problem(ProblemKind::unprocessable, "A segmented palette is damaged");
  }

  Result<void> expand(std::size_t at, std::size_t segments_max, int depth) {
    for (std::size_t n = 0; n < segments_max && at < data_.size(); ++n) {
      if (at + 2 > data_.size()) return wrong();
      const std::uint16_t kind = data_[at];
      const std::size_t length = data_[at + 1];
      at += 2;
      if (entries_.size() + length > count_ && kind != 2) return wrong();
      if (kind == 0) {
        if (at + length > data_.size()) return wrong();
        entries_.insert(entries_.end(), data_.begin() + static_cast<std::ptrdiff_t>(at),
                        data_.begin() + static_cast<std::ptrdiff_t>(at + length));
        at += length;
      } else if (kind == 1) {
        if (at >= data_.size() || entries_.empty()) return wrong();
        const double from = entries_.back();
        const double step =
            (data_[at++] - from) / static_cast<double>(std::max<std::size_t>(length, 1));
        for (std::size_t i = 1; i <= length; ++i) {
          entries_.push_back(
              static_cast<std::uint16_t>(std::lround(from + step * static_cast<double>(i))));
        }
      } else if (kind == 2 && depth == 0) {
        if (at + 2 > data_.size()) return wrong();
        const std::size_t offset = data_[at] | static_cast<std::size_t>(data_[at + 1]) << 16U;
        at += 2;
        TRY_DO(expand(offset, length, 1));
      } else {
        return wrong();
      }
    }
    return {};
  }

  const std::vector<std::uint16_t>& data_;
  std::size_t count_;
  std::vector<std::uint16_t> entries_;
};

struct Palette {
  std::int64_t first = 0;
  std::array<std::vector<unsigned char>, 3> colors;
};

Problem no_palette(std::string_view what) {
  return problem(ProblemKind::unprocessable,
                 fmt::format("The palette color lookup tables {}", what));
}

Result<Palette> palette_of(ObjectValues& values) {
  constexpr Tag red_descriptor = 0x00281101;
  constexpr Tag red_data = 0x00281201;
  constexpr Tag red_segmented = 0x00281221;
  Palette palette;
  for (std::uint32_t c = 0; c < 3; ++c) {
    const auto descriptor = numbers_of(values.data_set(), red_descriptor + c);
    if (descriptor.size() != 3) return no_palette("have no descriptor of three values");
    std::size_t count = static_cast<std::uint16_t>(whole_of(descriptor[0]));
    if (count == 0) count = 65536;
    palette.first = whole_of(descriptor[1]);
    const bool is_16 = descriptor[2] > 8;
    const Element* data = values.data_set().find(red_data + c);
    const Element* segmented = values.data_set().find(red_segmented + c);
    const Element* element = data != nullptr ? data : segmented;
    if (element == nullptr) return no_palette("are missing");
    TRY(const std::string bytes, values.bytes_of(*element));
    std::vector<std::uint16_t> words(bytes.size() / 2);
    std::memcpy(words.data(), bytes.data(), words.size() * 2);
    auto& colors = palette.colors[c];
    if (data == nullptr) {
      TRY(words, Segmented(words, count).expand());
    } else if (words.size() < count) {
      if (bytes.size() < count) return no_palette("are too short");
      colors.assign(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
      continue;
    }
    // Some say 16 bits and fill 8.
    const bool is_high = is_16 && std::ranges::any_of(words, [](auto word) { return word > 255; });
    for (std::size_t i = 0; i < count; ++i) {
      colors.push_back(static_cast<unsigned char>(is_high ? words[i] >> 8 : words[i]));
    }
  }
  return palette;
}

Result<Picture> render_palette(const FrameSamples& frame, ObjectValues& values) {
  const ImagePixel& pixel = frame.pixel;
  if (pixel.samples_per_pixel != 1 || (pixel.bits_allocated != 8 && pixel.bits_allocated != 16)) {
    return problem(ProblemKind::unprocessable, "PALETTE COLOR has one sample of 8 or 16 bits");
  }
  TRY(const auto palette, palette_of(values));
  const Samples samples(frame);
  Picture picture{.columns = pixel.columns, .rows = pixel.rows, .channels = 3};
  picture.bytes.resize(pixel.pixels() * 3);
  for (std::size_t i = 0; i < pixel.pixels(); ++i) {
    std::int64_t value = samples.raw(i);
    if (pixel.is_signed && value >> (pixel.bits_stored - 1) != 0) {
      value -= std::int64_t{1} << pixel.bits_stored;
    }
    for (std::size_t c = 0; c < 3; ++c) {
      const auto& colors = palette.colors[c];
      const auto at = std::clamp<std::int64_t>(value - palette.first, 0,
                                               static_cast<std::int64_t>(colors.size()) - 1);
      picture.bytes[i * 3 + c] = static_cast<char>(colors[static_cast<std::size_t>(at)]);
    }
  }
  return picture;
}

}  // namespace

Result<Picture> render_color(const FrameSamples& frame, ObjectValues& values) {
  const std::string& name = frame.pixel.photometric_interpretation;
  if (name == "PALETTE COLOR") return render_palette(frame, values);
  if (name == "RGB" || name == "YBR_RCT" || name == "YBR_ICT") return render_samples(frame, same);
  if (name == "YBR_FULL" || name == "YBR_FULL_422") return render_samples(frame, of_full);
  if (name.starts_with("YBR_PARTIAL")) return render_samples(frame, of_partial);
  return problem(ProblemKind::not_supported,
                 fmt::format("Images of Photometric Interpretation '{}' cannot be rendered", name));
}

}  // namespace lightbox::dicom
