#pragma once

// Text in pictures, in DejaVu Sans, which is part of the program: nothing has to be installed where
// it runs. One glyph for each character, from left to right: Latin, Greek, Cyrillic and what else
// is written so. Characters that the font lacks, and those of scripts that need shaping (Arabic,
// Hebrew, those of India), are a question mark in a diamond (U+FFFD). Used by one thread.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dicom/picture.h"

namespace lightbox::dicom {

// Levels of gray: of the letters, and of the line around them.
struct Ink {
  std::uint8_t fill = 255;
  std::uint8_t outline = 0;
};

class Typeface {
 public:
  static constexpr std::uint32_t size_min = 6;
  static constexpr std::uint32_t size_max = 512;

  // `size` in pixels, as many as the letters of a line are high, with what goes below it; taken to
  // the nearest of the two ends. `internal`: memory is short.
  static Result<Typeface> of_size(std::uint32_t size);
  Typeface(Typeface&&) noexcept;
  Typeface& operator=(Typeface&&) noexcept;
  ~Typeface();

  // In pixels, the outline included.
  [[nodiscard]] std::uint32_t line_height() const;
  [[nodiscard]] std::uint32_t width_of(std::string_view text) const;
  // The text, or as much of its beginning as fits with an ellipsis; "" when nothing does.
  [[nodiscard]] std::string shortened(std::string_view text, std::uint32_t width) const;

  // One line of UTF-8 whose top left corner is at (x, y); only what lies within the picture.
  void draw(Picture& picture, std::int64_t x, std::int64_t y, std::string_view text, Ink ink) const;

 private:
  struct Face;
  explicit Typeface(std::unique_ptr<Face> face);
  std::unique_ptr<Face> face_;
};

}  // namespace lightbox::dicom
