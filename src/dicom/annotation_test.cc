#include "dicom/annotation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dicom/part10_test_support.h"

namespace lightbox::dicom::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Annotation annotation_of(const std::string& elements, const ShownFrame& frame = {}) {
  const std::string bytes = file(elements);
  MemorySource source(bytes);
  const auto object = Part10::read(source, {});
  EXPECT_TRUE(object);
  Annotation annotation;
  add_patient(object->data_set(), annotation);
  add_technique(object->data_set(), frame, annotation);
  return annotation;
}

TEST(Annotation, OfAnImage) {
  const Annotation annotation = annotation_of(
      element(0x00080005, "CS", "ISO_IR 100") + element(0x00080020, "DA", "20240229") +
          element(0x00080060, "CS", "CT") + element(0x00080080, "LO", "H\xF4pital ") +
          element(0x00081030, "LO", "Thorax") + element(0x0008103E, "LO", "Lung") +
          element(0x00100010, "PN", "M\xFCller^Eva^Q") + element(0x00100020, "LO", "P1") +
          element(0x00100030, "DA", "19700131") + element(0x00100040, "CS", "F ") +
          element(0x00180050, "DS", "2.500 ") + element(0x00180060, "DS", "120 ") +
          element(0x00181152, "IS", "80") + element(0x00200011, "IS", "3 ") +
          element(0x00200013, "IS", "17"),
      {.number = 1, .count = 5, .window = Window{.center = 40, .width = 400}});
  EXPECT_THAT(annotation.top_left,
              ElementsAre("M\u00FCller, Eva Q", "ID P1", "Born 1970-01-31", "Sex F"));
  EXPECT_THAT(annotation.top_right, ElementsAre("H\u00F4pital", "2024-02-29", "Thorax", "Lung"));
  EXPECT_THAT(annotation.bottom_left, ElementsAre("CT", "120 kV  80 mAs", "Slice 2.5 mm"));
  EXPECT_THAT(annotation.bottom_right,
              ElementsAre("Series 3", "Image 17", "Frame 2/5", "W 400 L 40"));
}

TEST(Annotation, OfAnEnhancedImageIsTheFrames) {
  const auto sequence = [](Tag tag, const std::string& items) { return element(tag, "SQ", items); };
  const std::string echo_10 = number_32(0) + number_32(0x40240000);  // FD 10
  const std::string echo_20 = number_32(0) + number_32(0x40340000);
  const auto frame = [&](const std::string& echo) {
    return item(sequence(0x00189114, item(element(0x00189082, "FD", echo))));
  };
  const std::string elements =
      sequence(0x52009229, item(sequence(0x00289110, item(element(0x00180050, "DS", "3 "))))) +
      sequence(0x52009230, frame(echo_10) + frame(echo_20));
  EXPECT_THAT(annotation_of(elements, {.number = 0, .count = 2}).bottom_left,
              ElementsAre("TE 10 ms", "Slice 3 mm"));
  EXPECT_THAT(annotation_of(elements, {.number = 1, .count = 2}).bottom_left,
              ElementsAre("TE 20 ms", "Slice 3 mm"));
  EXPECT_THAT(annotation_of(elements, {.number = 9, .count = 2}).bottom_left,
              ElementsAre("Slice 3 mm"));
}

TEST(Annotation, OfNothing) {
  const Annotation annotation = annotation_of(element(0x00100010, "PN", "^^"));
  EXPECT_THAT(annotation.top_left, IsEmpty());
  EXPECT_THAT(annotation.top_right, IsEmpty());
  EXPECT_THAT(annotation.bottom_left, IsEmpty());
  EXPECT_THAT(annotation.bottom_right, IsEmpty());
}

TEST(Annotation, OfNamesInTheirForms) {
  for (const auto& [name, shown] :
       std::vector<std::pair<std::string, std::string>>{{"Doe", "Doe"},
                                                        {"^Jane", "Jane"},
                                                        {"Doe^^Q ", "Doe, Q"},
                                                        {"=Yamada^Taro", "Yamada, Taro"},
                                                        {"Yamada^Taro=X^Y ", "Yamada, Taro"}}) {
    const std::string value = name.size() % 2 == 0 ? name : name + " ";
    EXPECT_THAT(annotation_of(element(0x00100010, "PN", value)).top_left, ElementsAre(shown));
  }
}

// Bytes of the quarter that are no longer those of the ground.
int drawn_in(const Picture& picture, bool is_right, bool is_bottom) {
  int drawn = 0;
  for (std::uint32_t y = 0; y < picture.rows; ++y) {
    for (std::uint32_t x = 0; x < picture.columns; ++x) {
      if ((x >= picture.columns / 2) != is_right || (y >= picture.rows / 2) != is_bottom) continue;
      drawn += picture.bytes[(std::size_t{y} * picture.columns + x) * picture.channels] != '\x40';
    }
  }
  return drawn;
}

TEST(Annotation, IsDrawnInItsCorner) {
  const std::vector<std::string> lines(3, "Text");
  for (const std::uint32_t channels : {1U, 3U}) {
    const Picture ground{.columns = 300,
                         .rows = 200,
                         .channels = channels,
                         .bytes = std::string(std::size_t{60'000} * channels, '\x40')};
    Picture picture = ground;
    ASSERT_TRUE(draw_annotation({.top_left = lines}, picture));
    EXPECT_GT(drawn_in(picture, false, false), 100);
    EXPECT_EQ(drawn_in(picture, true, false) + drawn_in(picture, false, true), 0);
    picture = ground;
    ASSERT_TRUE(draw_annotation({.bottom_right = lines}, picture));
    EXPECT_GT(drawn_in(picture, true, true), 100);
    EXPECT_EQ(drawn_in(picture, true, false) + drawn_in(picture, false, true), 0);
  }
}

// Two long lines beside each other have half of the width each; many lines end where the corner
// below begins.
TEST(Annotation, LeavesOutWhatHasNoRoom) {
  const std::vector<std::string> many(1000, std::string(1000, 'M'));
  for (const std::uint32_t size : {1U, 9U, 20U, 64U, 500U}) {
    Picture picture{.columns = size,
                    .rows = size,
                    .channels = 1,
                    .bytes = std::string(std::size_t{size} * size, '\x40')};
    ASSERT_TRUE(draw_annotation({.top_left = many, .bottom_right = many}, picture));
    EXPECT_EQ(picture.bytes.size(), std::size_t{size} * size);
    if (size >= 64) {
      EXPECT_GT(drawn_in(picture, false, false), 10);
      EXPECT_GT(drawn_in(picture, true, true), 10);
    }
  }
}

}  // namespace
}  // namespace lightbox::dicom::testing
