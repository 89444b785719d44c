#include "dicom/overlay.h"

#include <gtest/gtest.h>

#include "dicom/part10_test_support.h"

namespace lightbox::dicom::testing {
namespace {

struct Overlay {
  std::string rows = element(0x60000010, "US", number_16(2));
  std::string columns = element(0x60000011, "US", number_16(2));
  std::string frames = {};
  std::string origin = element(0x60000050, "SS", number_16(1) + number_16(1));
  std::string frame_origin = {};
  std::string data = element(0x60003000, "OW", std::string("\x06\0", 2));  // .#/#.
};

// What a frame of 2 by 2 black pixels becomes.
std::string drawn(const Overlay& overlay, std::uint32_t number = 0) {
  const std::string bytes = file(overlay.rows + overlay.columns + overlay.frames + overlay.origin +
                                 overlay.frame_origin + overlay.data);
  MemorySource source(bytes);
  const auto object = Part10::read(source, {});
  EXPECT_TRUE(object);
  ObjectValues values(*object, source);
  Picture picture{.columns = 2, .rows = 2, .channels = 1, .bytes = std::string(4, '.')};
  EXPECT_EQ(overlay_groups(object->data_set()), std::vector<Tag>{0x60000000});
  EXPECT_TRUE(draw_overlays(values, number, picture));
  for (char& pixel : picture.bytes) pixel = pixel == '\xFF' ? '#' : pixel;
  return picture.bytes;
}

TEST(Overlay, IsDrawnWhereItIs) {
  EXPECT_EQ(drawn({}), ".##.");
  EXPECT_EQ(drawn({.origin = element(0x60000050, "SS", number_16(0) + number_16(1))}), "#...");
}

TEST(Overlay, OfSomeFrames) {
  const Overlay second{.frames = element(0x60000015, "IS", "1 "),
                       .frame_origin = element(0x60000051, "US", number_16(2))};
  EXPECT_EQ(drawn(second, 0), "....");
  EXPECT_EQ(drawn(second, 1), ".##.");
  EXPECT_EQ(drawn(second, 2), "....");
}

// None of it may be believed: a plane that would reach past its data, or past what numbers hold.
TEST(Overlay, WhatDoesNotFitIsLeftOut) {
  const std::string all = number_32(0xFFFFFFFF);
  for (const Overlay& wrong : std::vector<Overlay>{
           {.rows = element(0x60000010, "UL", all), .columns = element(0x60000011, "UL", all)},
           {.rows = element(0x60000010, "US", number_16(0))},
           {.rows = element(0x60000010, "US", number_16(100))},
           {.rows = element(0x60000010, "SV", all + all)},
           {.frames = element(0x60000015, "UL", all),
            .frame_origin = element(0x60000051, "SV", all + number_32(0x80000000))},
           {.origin = element(0x60000050, "FD", all + all + all + all)}}) {
    EXPECT_EQ(drawn(wrong), "....");
  }
  EXPECT_EQ(drawn({.frames = element(0x60000015, "UL", all)}, 0xFFFFFFFE), "....");
}

}  // namespace
}  // namespace lightbox::dicom::testing
