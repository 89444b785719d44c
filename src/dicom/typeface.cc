#include "dicom/typeface.h"

#include <algorithm>
#include <cmath>
#include <ft2build.h>
#include FT_FREETYPE_H

#include "base/embedded.h"

namespace lightbox::dicom {
namespace {

constexpr char32_t replacement = 0xFFFD;
constexpr std::string_view ellipsis = "\xE2\x80\xA6";

// The first character of the text, which is taken from it.
char32_t take_character(std::string_view& text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  const std::size_t length = first < 0x80 ? 1 : first >> 5U == 6 ? 2 : first >> 4U == 14 ? 3 : 4;
  if (first >> 3U > 30 || first >> 6U == 2 || text.size() < length) {
    text.remove_prefix(1);
    return replacement;
  }
  char32_t character = length == 1 ? first : first & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) character = character << 6U | (byte(i) & 0x3FU);
  text.remove_prefix(length);
  return character;
}

// Alone, their letters would be drawn in the wrong order and form.
bool needs_shaping(char32_t character) {
  return (character >= 0x0590 && character <= 0x109F) ||
         (character >= 0xFB1D && character <= 0xFDFF) ||
         (character >= 0xFE70 && character <= 0xFEFE);
}

// How much of a pixel is covered, from 0 to 255.
struct Mask {
  std::int64_t left = 0;
  std::int64_t top = 0;
  std::int64_t columns = 0;
  std::int64_t rows = 0;
  std::vector<std::uint8_t> cover = {};
};

Mask mask_of(const FT_GlyphSlot& glyph, std::int64_t x, std::int64_t baseline) {
  const FT_Bitmap& bitmap = glyph->bitmap;
  Mask mask{.left = x + glyph->bitmap_left,
            .top = baseline - glyph->bitmap_top,
            .columns = bitmap.width,
            .rows = bitmap.rows};
  mask.cover.resize(static_cast<std::size_t>(mask.columns * mask.rows));
  for (std::int64_t row = 0; row < mask.rows; ++row) {
    std::copy_n(bitmap.buffer + row * bitmap.pitch, mask.columns,
                mask.cover.begin() + row * mask.columns);
  }
  return mask;
}

// Each pixel takes the most of those around it, first of its row, then of its column.
Mask widened(const Mask& mask, std::int64_t by) {
  Mask across{
      .left = mask.left - by, .top = mask.top, .columns = mask.columns + 2 * by, .rows = mask.rows};
  const auto at = [](const Mask& of, std::int64_t row, std::int64_t column) {
    return static_cast<std::size_t>(row * of.columns + column);
  };
  across.cover.resize(static_cast<std::size_t>(across.columns * across.rows));
  for (std::int64_t row = 0; row < mask.rows; ++row) {
    for (std::int64_t column = 0; column < mask.columns; ++column) {
      const std::uint8_t cover = mask.cover[at(mask, row, column)];
      if (cover == 0) continue;
      for (std::int64_t to = column; to <= column + 2 * by; ++to) {
        std::uint8_t& wide = across.cover[at(across, row, to)];
        wide = std::max(wide, cover);
      }
    }
  }
  Mask wide{.left = across.left,
            .top = across.top - by,
            .columns = across.columns,
            .rows = across.rows + 2 * by};
  wide.cover.resize(static_cast<std::size_t>(wide.columns * wide.rows));
  for (std::int64_t row = 0; row < across.rows; ++row) {
    for (std::int64_t to = row; to <= row + 2 * by; ++to) {
      for (std::int64_t column = 0; column < across.columns; ++column) {
        std::uint8_t& cover = wide.cover[at(wide, to, column)];
        cover = std::max(cover, across.cover[at(across, row, column)]);
      }
    }
  }
  return wide;
}

void put(Picture& picture, const Mask& mask, std::uint8_t level) {
  const std::int64_t first_row = std::max<std::int64_t>(0, -mask.top);
  const std::int64_t last_row = std::min(mask.rows, picture.rows - mask.top);
  const std::int64_t first_column = std::max<std::int64_t>(0, -mask.left);
  const std::int64_t last_column = std::min(mask.columns, picture.columns - mask.left);
  for (std::int64_t row = first_row; row < last_row; ++row) {
    for (std::int64_t column = first_column; column < last_column; ++column) {
      const unsigned cover = mask.cover[static_cast<std::size_t>(row * mask.columns + column)];
      if (cover == 0) continue;
      char* pixel = picture.bytes.data() +
                    ((mask.top + row) * picture.columns + mask.left + column) * picture.channels;
      for (std::uint32_t c = 0; c < picture.channels; ++c) {
        const unsigned below = static_cast<unsigned char>(pixel[c]);
        pixel[c] = static_cast<char>(
            static_cast<unsigned char>((below * (255 - cover) + level * cover + 127) / 255));
      }
    }
  }
}

}  // namespace

struct Typeface::Face {
  FT_Library library = nullptr;
  FT_Face face = nullptr;
  std::int64_t outline = 1;

  Face() = default;
  Face(const Face&) = delete;
  Face& operator=(const Face&) = delete;
  ~Face() {
    if (face != nullptr) FT_Done_Face(face);
    if (library != nullptr) FT_Done_FreeType(library);
  }

  [[nodiscard]] FT_UInt glyph_of(char32_t character) const {
    if (character < U' ') character = U' ';
    const FT_UInt glyph = needs_shaping(character) ? 0 : FT_Get_Char_Index(face, character);
    return glyph != 0 ? glyph : FT_Get_Char_Index(face, replacement);
  }
  // Leaves the glyph in the face's slot; false: memory is short.
  [[nodiscard]] bool load(char32_t character, FT_Int32 flags) const {
    return FT_Load_Glyph(face, glyph_of(character), flags | FT_LOAD_TARGET_LIGHT) == 0;
  }
  // Before FreeType has to draw it.
  [[nodiscard]] std::int64_t advance_of(char32_t character) const {
    return load(character, FT_LOAD_DEFAULT) ? face->glyph->advance.x / 64 : 0;
  }
};

Typeface::Typeface(std::unique_ptr<Face> face) : face_(std::move(face)) {}
Typeface::Typeface(Typeface&&) noexcept = default;
Typeface& Typeface::operator=(Typeface&&) noexcept = default;
Typeface::~Typeface() = default;

Result<Typeface> Typeface::of_size(std::uint32_t size) {
  auto face = std::make_unique<Face>();
  const std::string_view font = embedded_typeface();
  size = std::clamp(size, size_min, size_max);
  if (FT_Init_FreeType(&face->library) != 0 ||
      FT_New_Memory_Face(face->library, reinterpret_cast<const FT_Byte*>(font.data()),
                         static_cast<FT_Long>(font.size()), 0, &face->face) != 0 ||
      FT_Set_Pixel_Sizes(face->face, 0, size) != 0) {
    return problem(ProblemKind::internal, "The typeface of annotations cannot be read");
  }
  face->outline = std::max<std::int64_t>(1, std::lround(size / 14.0));
  return Typeface(std::move(face));
}

std::uint32_t Typeface::line_height() const {
  return static_cast<std::uint32_t>(face_->face->size->metrics.height / 64 + 2 * face_->outline);
}

std::uint32_t Typeface::width_of(std::string_view text) const {
  std::int64_t width = 2 * face_->outline;
  while (!text.empty()) width += face_->advance_of(take_character(text));
  return static_cast<std::uint32_t>(std::min<std::int64_t>(width, UINT32_MAX));
}

std::string Typeface::shortened(std::string_view text, std::uint32_t width) const {
  const std::int64_t room = std::int64_t{width} - 2 * face_->outline;
  const std::int64_t room_when_cut = room - face_->advance_of(0x2026);
  std::string_view rest = text;
  std::size_t fits_when_cut = 0;
  std::int64_t pen = 0;
  while (!rest.empty()) {
    pen += face_->advance_of(take_character(rest));
    if (pen <= room_when_cut) fits_when_cut = text.size() - rest.size();
    if (pen > room) {
      if (fits_when_cut == 0) return {};
      return std::string(text.substr(0, fits_when_cut)) + std::string(ellipsis);
    }
  }
  return std::string(text);
}

void Typeface::draw(Picture& picture, std::int64_t x, std::int64_t y, std::string_view text,
                    Ink ink) const {
  const std::int64_t baseline =
      y + face_->outline + (face_->face->size->metrics.ascender + 63) / 64;
  // All outlines first: that of a letter must not cover the one before it.
  for (const bool is_outline : {true, false}) {
    std::int64_t pen = x + face_->outline;
    std::string_view rest = text;
    while (!rest.empty() && pen < picture.columns) {
      if (!face_->load(take_character(rest), FT_LOAD_RENDER)) continue;
      const FT_GlyphSlot glyph = face_->face->glyph;
      const Mask mask = mask_of(glyph, pen, baseline);
      pen += glyph->advance.x / 64;
      if (mask.left + mask.columns + face_->outline < 0) continue;
      put(picture, is_outline ? widened(mask, face_->outline) : mask,
          is_outline ? ink.outline : ink.fill);
    }
  }
}

}  // namespace lightbox::dicom
