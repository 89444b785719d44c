#include "dicom/render.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <limits>
#include <vector>

#include "dicom/render_color.h"

namespace lightbox::dicom {
namespace {

// Samples of a frame as numbers.
class StoredValues {
 public:
  explicit StoredValues(const FrameSamples& frame)
      : bytes_(frame.bytes), pixel_(frame.pixel), count_(frame.pixel.pixels()) {}

  [[nodiscard]] std::size_t count() const { return count_; }
  // As many as there can be different ones, when they are few.
  [[nodiscard]] bool is_tabulated() const {
    return !pixel_.is_float && pixel_.bits_allocated <= 16;
  }
  [[nodiscard]] std::size_t table_size() const { return std::size_t{1} << pixel_.bits_stored; }
  // The bits of a sample without those around it: the index of its table.
  [[nodiscard]] std::uint32_t index(std::size_t i) const {
    std::uint32_t raw = 0;
    if (pixel_.bits_allocated == 1) {
      return static_cast<unsigned char>(bytes_[i / 8]) >> (i % 8) & 1U;
    }
    if (pixel_.bits_allocated == 8) {
      raw = static_cast<unsigned char>(bytes_[i]);
    } else {
      std::uint16_t word = 0;
      std::memcpy(&word, bytes_.data() + i * 2, 2);
      raw = word;
    }
    return raw >> (pixel_.high_bit + 1U - pixel_.bits_stored) &
           static_cast<std::uint32_t>(table_size() - 1);
  }
  [[nodiscard]] double value_of(std::uint32_t index) const {
    if (!pixel_.is_signed || index < table_size() / 2) return index;
    return static_cast<double>(index) - static_cast<double>(table_size());
  }
  // Of any frame.
  [[nodiscard]] double at(std::size_t i) const {
    if (is_tabulated()) return value_of(index(i));
    if (pixel_.is_float) return pixel_.bits_allocated == 32 ? load<float>(i) : load<double>(i);
    if (pixel_.bits_allocated == 64) {
      return pixel_.is_signed ? load<std::int64_t>(i) : load<std::uint64_t>(i);
    }
    const auto word = static_cast<std::uint32_t>(load<std::uint32_t>(i));
    const unsigned above = 31U - pixel_.high_bit;
    const unsigned below = 32U - pixel_.bits_stored;
    if (pixel_.is_signed) return static_cast<std::int32_t>(word << above) >> below;
    return word << above >> below;
  }

 private:
  template <typename Number>
  [[nodiscard]] double load(std::size_t i) const {
    Number number{};
    std::memcpy(&number, bytes_.data() + i * sizeof(Number), sizeof(Number));
    return static_cast<double>(number);
  }

  const std::string& bytes_;
  const ImagePixel& pixel_;
  std::size_t count_;
};

struct Range {
  double least = 0;
  double most = 0;
};

// Of what the frame has: of the stored values, without the padding.
Range range_of(const StoredValues& values, const std::optional<double>& padding) {
  Range range{std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};
  for (std::size_t i = 0; i < values.count(); ++i) {
    const double value = values.at(i);
    if (!std::isfinite(value) || (padding && value == *padding)) continue;
    range.least = std::min(range.least, value);
    range.most = std::max(range.most, value);
  }
  return range;
}

// What is shown when nothing says what should be: of up to eight bits, and where the grayscale says
// so, all that there can be; else what the frame has.
Window default_window(const StoredValues& values, const ImagePixel& pixel,
                      const Grayscale& grayscale) {
  Range stored;
  if (values.is_tabulated() && (pixel.bits_stored <= 8 || grayscale.is_whole_range)) {
    const double size = static_cast<double>(values.table_size());
    stored = pixel.is_signed ? Range{-size / 2, size / 2 - 1} : Range{0, size - 1};
  } else {
    stored = range_of(values, grayscale.padding);
  }
  if (stored.least > stored.most) stored = {0, 0};
  const double first = grayscale.modality.at(stored.least);
  const double last = grayscale.modality.at(stored.most);
  const double width = std::abs(last - first);
  return {.center = (first + last) / 2,
          .width = width > 0 ? width : 1,
          .function = Window::Function::linear_exact};
}

class Shown {
 public:
  Shown(const Grayscale& grayscale, const Window& window)
      : grayscale_(grayscale), window_(window) {}

  [[nodiscard]] char operator()(double stored) const {
    double shown = 0;  // from 0 to 1
    const double value = grayscale_.modality.at(stored);
    if (grayscale_.voi && !grayscale_.window) {
      shown = grayscale_.voi->at(value) / grayscale_.voi->most;
    } else {
      shown = window_.at(value);
    }
    if (!(shown > 0)) shown = 0;  // NaN, too
    shown = std::min(shown, 1.0);
    if (grayscale_.presentation) shown = presented(*grayscale_.presentation, shown);
    if (grayscale_.is_inverted) shown = 1 - shown;
    return static_cast<char>(static_cast<unsigned char>(std::lround(shown * 255)));
  }

 private:
  // PS3.3 C.11.6: the whole range of what comes before it is that of its entries.
  static double presented(const LookupTable& table, double shown) {
    const double last = static_cast<double>(table.entries.size() - 1);
    return std::min(1.0, table.at(table.first + shown * last) / table.most);
  }

  const Grayscale& grayscale_;
  const Window& window_;
};

Picture render_monochrome(const FrameSamples& frame, const Grayscale& grayscale) {
  const StoredValues values(frame);
  const Window window = grayscale.window ? *grayscale.window
                        : grayscale.voi  ? Window{}
                                         : default_window(values, frame.pixel, grayscale);
  const Shown shown(grayscale, window);
  Picture picture{.columns = frame.pixel.columns, .rows = frame.pixel.rows, .channels = 1};
  picture.bytes.resize(values.count());
  if (!values.is_tabulated()) {
    for (std::size_t i = 0; i < values.count(); ++i) picture.bytes[i] = shown(values.at(i));
    return picture;
  }
  std::string table(values.table_size(), '\0');
  for (std::uint32_t i = 0; i < table.size(); ++i) table[i] = shown(values.value_of(i));
  for (std::size_t i = 0; i < values.count(); ++i) picture.bytes[i] = table[values.index(i)];
  return picture;
}

}  // namespace

Result<Picture> render(const FrameSamples& frame, ObjectValues& values, std::uint32_t number,
                       const RenderOptions& options) {
  if (frame.bytes.size() < frame.pixel.frame_bytes()) {
    return problem(ProblemKind::unprocessable, "The frame is shorter than its attributes say");
  }
  if (!frame.pixel.is_monochrome()) return render_color(frame, values);
  if (frame.pixel.samples_per_pixel != 1) {
    return problem(ProblemKind::unprocessable, fmt::format("{} has one sample per pixel, not {}",
                                                           frame.pixel.photometric_interpretation,
                                                           frame.pixel.samples_per_pixel));
  }
  if (options.grayscale != nullptr) return render_monochrome(frame, *options.grayscale);
  TRY(auto grayscale, Grayscale::of(values, number));
  if (options.window) grayscale.window = options.window;
  return render_monochrome(frame, grayscale);
}

}  // namespace lightbox::dicom
