#pragma once

// The Image Pixel module (PS3.3 C.7.6.3): how the bytes of a frame are to be read. And a frame's
// samples. Pure; safe from any thread.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "dicom/data_set.h"

namespace lightbox::dicom {

struct ImagePixel {
  std::uint32_t rows = 0;
  std::uint32_t columns = 0;
  std::uint16_t samples_per_pixel = 1;
  std::string photometric_interpretation;  // "MONOCHROME2"
  bool is_planar = false;                  // Planar Configuration 1
  std::uint16_t bits_allocated = 0;        // 1, 8, 16, 32 or 64
  std::uint16_t bits_stored = 0;
  std::uint16_t high_bit = 0;
  bool is_signed = false;
  bool is_float = false;  // Float or Double Float Pixel Data

  // `unprocessable` when an attribute is missing, or says what no frame can be.
  static Result<ImagePixel> of(const DataSet& data_set, Tag pixel_data);

  [[nodiscard]] std::uint64_t pixels() const { return std::uint64_t{rows} * columns; }
  // Of a native frame: samples_per_pixel, but 2 for YBR_FULL_422.
  [[nodiscard]] std::uint64_t frame_bytes() const;
  [[nodiscard]] bool is_monochrome() const {
    return photometric_interpretation.starts_with("MONOCHROME");
  }
  [[nodiscard]] bool is_subsampled() const {
    return samples_per_pixel == 3 && photometric_interpretation == "YBR_FULL_422";
  }
};

// One frame, not compressed: as native pixel data has it, little endian (PS3.5 8.1 and 8.2).
struct FrameSamples {
  ImagePixel
      pixel;  // of these bytes: decoding may have changed photometric interpretation and size
  std::string bytes;
};

}  // namespace lightbox::dicom
