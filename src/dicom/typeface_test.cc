#include "dicom/typeface.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace lightbox::dicom {
namespace {

Picture gray(std::uint32_t columns, std::uint32_t rows, char level = '\x80') {
  return {.columns = columns,
          .rows = rows,
          .channels = 1,
          .bytes = std::string(std::size_t{columns} * rows, level)};
}

Picture written(std::string_view text, std::uint32_t size = 16) {
  Picture picture = gray(200, 40);
  Typeface::of_size(size)->draw(picture, 2, 2, text, {});
  return picture;
}

// Of the pixels that are nearly white or black.
auto bright(const Picture& picture) {
  return std::ranges::count_if(picture.bytes, [](unsigned char level) { return level > 192; });
}
auto dark(const Picture& picture) {
  return std::ranges::count_if(picture.bytes, [](unsigned char level) { return level < 64; });
}
bool is_same(const Picture& a, const Picture& b) { return a.bytes == b.bytes; }

TEST(Typeface, DrawsLettersWithAnOutline) {
  const Picture picture = written("Mo");
  EXPECT_GT(bright(picture), 30);
  EXPECT_GT(dark(picture), 60);
  // On any ground.
  for (const char ground : {'\0', '\xFF'}) {
    Picture same = gray(200, 40, ground);
    Typeface::of_size(16)->draw(same, 2, 2, "Mo", {.fill = 255, .outline = 0});
    EXPECT_GT(bright(same), 30);
    EXPECT_GT(dark(same), 60);
  }
}

TEST(Typeface, KnowsLettersOfManyLanguages) {
  for (const char* const text : {"\u00E9", "\u00DF", "\u0141", "\u03A9", "\u0416", "\u2026"}) {
    EXPECT_FALSE(is_same(written(text), written("\uFFFD"))) << text;
    EXPECT_GT(bright(written(text)), 2) << text;
  }
}

// Never left out: who reads it must see that something is there.
TEST(Typeface, ReplacesWhatItCannotDraw) {
  const Picture replaced = written("\uFFFD");
  EXPECT_FALSE(is_same(replaced, written(" ")));
  for (const char* const text :
       {"\u5C71", "\u05D0", "\u0627", "\u0915", "\U0001F680", "\xFF", "\xC3", "\x80", "\xF8"}) {
    EXPECT_TRUE(is_same(written(text), replaced)) << text;
  }
  EXPECT_TRUE(is_same(written("\n"), written(" ")));
}

TEST(Typeface, StaysWithinThePicture) {
  const auto typeface = Typeface::of_size(20);
  Picture picture = gray(9, 7);
  for (const std::int64_t at : {-1'000'000'000'000LL, -19LL, 0LL, 6LL, 1'000'000'000'000LL}) {
    typeface->draw(picture, at, at, "Wide text", {});
    typeface->draw(picture, 0, at, "Wide text", {});
  }
  Picture color{.columns = 3, .rows = 30, .channels = 3, .bytes = std::string(270, '\x80')};
  typeface->draw(color, -3, 0, "Wide text", {});
  EXPECT_EQ(color.bytes.size(), 270U);
  EXPECT_TRUE(color.bytes != std::string(270, '\x80'));
}

TEST(Typeface, ShortensWhatDoesNotFit) {
  const auto typeface = Typeface::of_size(16);
  const std::string text = "A rather long description";
  const std::uint32_t width = typeface->width_of(text);
  EXPECT_EQ(typeface->shortened(text, width), text);
  const std::string half = typeface->shortened(text, width / 2);
  EXPECT_TRUE(half.starts_with("A rather") && half.ends_with("\u2026")) << half;
  EXPECT_LE(typeface->width_of(half), width / 2);
  EXPECT_EQ(typeface->shortened(text, 3), "");
  const std::string cut = "\u00E9\u00E9\u2026";
  EXPECT_EQ(typeface->shortened("\u00E9\u00E9\u00E9\u00E9\u00E9", typeface->width_of(cut)), cut);
}

TEST(Typeface, IsAsLargeAsAsked) {
  std::uint32_t before = 0;
  for (const std::uint32_t size : {6U, 10U, 30U, 100U}) {
    const auto typeface = Typeface::of_size(size);
    EXPECT_GE(typeface->line_height(), size);
    EXPECT_GT(typeface->line_height(), before);
    before = typeface->line_height();
  }
  EXPECT_EQ(Typeface::of_size(0)->line_height(), Typeface::of_size(6)->line_height());
  EXPECT_EQ(Typeface::of_size(99'999)->line_height(), Typeface::of_size(512)->line_height());
}

}  // namespace
}  // namespace lightbox::dicom
