#include "dicom/picture.h"

#include <gtest/gtest.h>

namespace lightbox::dicom {
namespace {

// abc
// def
const Picture letters{.columns = 3, .rows = 2, .channels = 1, .bytes = "abcdef"};

TEST(Picture, IsCutFlippedAndTurned) {
  EXPECT_EQ(crop(letters, {.left = 1, .top = 0, .columns = 2, .rows = 2}).bytes, "bcef");
  EXPECT_EQ(flip_horizontally(letters).bytes, "cbafed");
  EXPECT_EQ(flip_vertically(letters).bytes, "defabc");
  const Picture turned = rotate_clockwise(letters);
  EXPECT_EQ(turned.bytes, "daebfc");
  EXPECT_EQ(turned.columns, 2U);
  EXPECT_EQ(turned.rows, 3U);
  const Picture color{.columns = 2, .rows = 1, .channels = 3, .bytes = "rgbRGB"};
  EXPECT_EQ(flip_horizontally(color).bytes, "RGBrgb");
  EXPECT_EQ(rotate_clockwise(color).bytes, "rgbRGB");
}

TEST(Picture, SmallerIsTheAverage) {
  const Picture picture{.columns = 4,
                        .rows = 2,
                        .channels = 1,
                        .bytes = std::string("\x00\x64\x0A\x0A\x64\x00\x0A\x1E", 8)};
  const Picture half = resize(picture, 2, 1);
  EXPECT_EQ(half.bytes, std::string("\x32\x0F", 2));
  EXPECT_EQ(resize(picture, 4, 2).bytes, picture.bytes);
  EXPECT_EQ(resize(letters, 1, 1).bytes.size(), 1U);
}

TEST(Picture, LargerIsInBetween) {
  const Picture picture{
      .columns = 2, .rows = 1, .channels = 1, .bytes = std::string("\x00\x64", 2)};
  const Picture larger = resize(picture, 4, 2);
  EXPECT_EQ(larger.bytes.substr(0, 4), std::string("\x00\x19\x4B\x64", 4));
  EXPECT_EQ(larger.bytes.substr(4), larger.bytes.substr(0, 4));
}

TEST(Picture, SmallerAndLargerKeepWhatIsEven) {
  const Picture even{
      .columns = 37, .rows = 23, .channels = 3, .bytes = std::string(37 * 23 * 3, '\x55')};
  for (const std::uint32_t size : {1U, 7U, 36U, 38U, 100U}) {
    EXPECT_EQ(resize(even, size, size).bytes, std::string(std::size_t{size} * size * 3, '\x55'));
  }
}

TEST(Picture, IsWritten) {
  for (const Picture& picture :
       {letters, Picture{.columns = 2, .rows = 1, .channels = 3, .bytes = "rgbRGB"}}) {
    EXPECT_TRUE(to_jpeg(picture, 50)->starts_with("\xFF\xD8"));
    EXPECT_TRUE(to_png(picture)->starts_with("\x89PNG"));
  }
}

}  // namespace
}  // namespace lightbox::dicom
