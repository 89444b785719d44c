#include "dicom/presentation_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>

#include "dicom/presentation_state_test_support.h"

namespace lightbox::dicom::testing {
namespace {

using ::testing::ElementsAre;

TEST(PresentationState, NamesItsImages) {
  const auto state = state_of(
      sequence(0x00081115,
               item(sequence(0x00081140, image_reference("1.2") + image_reference("1.3", "2\\4")) +
                    element(0x0020000E, "UI", std::string("1.9\0", 4)))));
  ASSERT_TRUE(state);
  ASSERT_EQ(state->images.size(), 2U);
  EXPECT_EQ(state->images[0].sop_instance_uid, "1.2");
  EXPECT_THAT(state->images[1].frames, ElementsAre(2, 4));
}

TEST(PresentationState, OfOtherClassesIsRefused) {
  for (const char* const its_class :
       {"1.2.840.10008.5.1.4.1.1.11.4 ", "1.2.840.10008.5.1.4.1.1.2 "}) {
    const std::string bytes = presentation_file("", its_class);
    MemorySource source(bytes);
    const auto object = Part10::read(source, {});
    ASSERT_TRUE(object);
    ObjectValues values(*object, source);
    const auto state = PresentationState::of(values);
    ASSERT_FALSE(state);
    EXPECT_EQ(state.error().kind, ProblemKind::not_supported);
  }
  EXPECT_TRUE(is_presentation_state("1.2.840.10008.5.1.4.1.1.11.4"));
  EXPECT_FALSE(is_presentation_state("1.2.840.10008.5.1.4.1.1.1"));
}

TEST(PresentationState, GrayscaleIsOfTheFrame) {
  const auto window = [](const std::string& center) {
    return element(0x00281050, "DS", text(center)) + element(0x00281051, "DS", "10");
  };
  const auto state = state_of(
      element(0x00281052, "DS", "-5") + element(0x00281053, "DS", "2 ") +
      sequence(0x00283110, item(sequence(0x00081140, image_reference("1.2", "2")) + window("7")) +
                               item(sequence(0x00081140, image_reference("1.3")) + window("9"))) +
      element(0x20500020, "CS", "INVERSE "));
  ASSERT_TRUE(state);
  const Grayscale first = state->grayscale_of({.sop_instance_uid = "1.2", .frame = 0});
  EXPECT_FALSE(first.window);
  EXPECT_TRUE(first.is_whole_range);
  EXPECT_TRUE(first.is_inverted);
  EXPECT_EQ(first.modality.at(10), 15);
  EXPECT_EQ(state->grayscale_of({.sop_instance_uid = "1.2", .frame = 1}).window->center, 7);
  EXPECT_EQ(state->grayscale_of({.sop_instance_uid = "1.3", .frame = 5}).window->center, 9);
  EXPECT_FALSE(state->grayscale_of({.sop_instance_uid = "1.4"}).window);
}

TEST(PresentationState, AreasAreOfTheImage) {
  const auto area = [](std::int32_t left, std::int32_t top, std::int32_t right, std::int32_t bottom,
                       const std::string& more) {
    return item(element(0x00700052, "SL", pair_of(left, top)) +
                element(0x00700053, "SL", pair_of(right, bottom)) + more);
  };
  const auto state = state_of(sequence(
      0x0070005A,
      area(9, 8, -1, 2,
           element(0x00700100, "CS", text("TRUE SIZE")) + element(0x00700101, "DS", "2\\1 ")) +
          area(1, 1, 4, 4,
               element(0x00700100, "CS", text("MAGNIFY")) + element(0x00700102, "IS", "0\\1 ") +
                   element(0x00700103, "FL", floats({2.5F}))) +
          area(1, 1, 4, 4,
               element(0x00700100, "CS", text("MAGNIFY")) +
                   element(0x00700103, "FL", floats({-1.0F})))));
  ASSERT_TRUE(state);
  ASSERT_EQ(state->areas.size(), 3U);
  EXPECT_EQ(state->areas[0].left, -1);
  EXPECT_EQ(state->areas[0].right, 9);
  EXPECT_EQ(state->areas[0].top, 2);
  EXPECT_EQ(state->areas[0].bottom, 8);
  EXPECT_EQ(state->areas[0].pixel_aspect, 2);
  EXPECT_EQ(state->areas[0].size, DisplayedArea::Size::true_size);
  EXPECT_EQ(state->areas[1].magnification, 2.5);
  EXPECT_EQ(state->areas[1].pixel_aspect, 1);
  EXPECT_EQ(state->areas[2].magnification, 1);
}

TEST(PresentationState, ShuttersAndTurns) {
  const auto state =
      state_of(element(0x00181600, "CS", text("RECTANGULAR\\CIRCULAR\\POLYGONAL")) +
               element(0x00181602, "IS", "2 ") + element(0x00181604, "IS", "5 ") +
               element(0x00181606, "IS", "3 ") + element(0x00181608, "IS", "6 ") +
               element(0x00181610, "IS", "4\\3 ") + element(0x00181612, "IS", "2 ") +
               element(0x00181620, "IS", "1\\1\\1\\9\\9\\1 ") +
               element(0x00181622, "US", number_16(0x8000)) + element(0x00700041, "CS", "Y ") +
               element(0x00700042, "US", number_16(270)));
  ASSERT_TRUE(state);
  const Shutter& shutter = state->shutter;
  EXPECT_EQ(shutter.rectangle->right, 5);
  EXPECT_EQ(shutter.circle->center.x, 2.5);  // column 3
  EXPECT_EQ(shutter.circle->center.y, 3.5);
  ASSERT_EQ(shutter.polygon.size(), 3U);
  EXPECT_EQ(shutter.polygon[1].x, 8.5);
  EXPECT_EQ(shutter.level, 0x80);
  EXPECT_EQ(state->quarter_turns, 3U);
  EXPECT_TRUE(state->is_flipped);
}

TEST(PresentationState, AnnotationsInTheOrderOfTheirLayers) {
  const auto annotation = [](const std::string& layer, const std::string& graphics) {
    return item(element(0x00700002, "CS", text(layer)) + sequence(0x00700009, graphics));
  };
  const auto layer = [](const std::string& name, const std::string& order, std::uint32_t level) {
    return item(element(0x00700002, "CS", text(name)) + element(0x00700062, "IS", text(order)) +
                element(0x00700066, "US", number_16(level)));
  };
  const auto state =
      state_of(sequence(0x00700001,
                        annotation("FRONT", graphic("POINT", {1, 2})) +
                            annotation("BACK", graphic("CIRCLE", {1, 2, 3, 4}, "DISPLAY", "Y"))) +
               sequence(0x00700060, layer("FRONT", "2", 0xFFFF) + layer("BACK", "1", 0x4000)));
  ASSERT_TRUE(state);
  ASSERT_EQ(state->annotations.size(), 2U);
  const GraphicAnnotation& back = state->annotations[0];
  EXPECT_EQ(back.level, 0x40);
  EXPECT_TRUE(back.graphics[0].is_filled);
  EXPECT_EQ(back.graphics[0].units, Units::display);
  EXPECT_EQ(back.graphics[0].points[1].y, 4);
  EXPECT_EQ(state->annotations[1].level, 0xFF);
}

TEST(PresentationState, TextHasLines) {
  const auto state = state_of(graphic_annotation(
      "", item(element(0x00700003, "CS", "DISPLAY ") + element(0x00700004, "CS", "PIXEL ") +
               element(0x00700006, "ST", text("one\r\n\r\ntwo\rthree\n")) +
               element(0x00700010, "FL", floats({0.5F, 0.25F})) +
               element(0x00700011, "FL", floats({1, 1})) + element(0x00700012, "CS", "RIGHT ") +
               element(0x00700014, "FL", floats({7, 8})) + element(0x00700015, "CS", "Y "))));
  ASSERT_TRUE(state);
  const TextObject& shown = state->annotations.at(0).texts.at(0);
  EXPECT_THAT(shown.lines, ElementsAre("one", "", "two", "three"));
  EXPECT_EQ(shown.box->first.y, 0.25);
  EXPECT_EQ(shown.box->units, Units::display);
  EXPECT_EQ(shown.anchor->units, Units::pixel);
  EXPECT_TRUE(shown.anchor->is_visible);
  EXPECT_EQ(shown.justification, TextObject::Justification::right);
}

// Graphics that no picture can be made of.
TEST(PresentationState, LeavesOutWhatMakesNoSense) {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  constexpr float infinite = std::numeric_limits<float>::infinity();
  for (const std::string& wrong :
       {graphic("POINT", {}), graphic("POINT", {1}), graphic("POINT", {1, 2, 3, 4}),
        graphic("POINT", {nan, 1}), graphic("POLYLINE", {1, 1, infinite, 2}),
        graphic("POLYLINE", {1, 1}), graphic("CIRCLE", {1, 1}), graphic("ELLIPSE", {1, 1, 2, 2}),
        graphic("SPIRAL", {1, 1}), graphic("POINT", {1, 1}, "MATRIX")}) {
    const auto state = state_of(graphic_annotation(wrong));
    ASSERT_TRUE(state);
    EXPECT_TRUE(state->annotations.at(0).graphics.empty());
  }
}

TEST(PresentationState, IsBounded) {
  // In explicit VR one value of FL has 64 KiB at most.
  std::string lines;
  for (int i = 0; i < 13; ++i) lines += graphic("POLYLINE", std::vector<float>(16'000, 1));
  std::string points;
  for (int i = 0; i < 10'001; ++i) points += graphic("POINT", {1, 1});
  const std::string box =
      element(0x00700003, "CS", "PIXEL ") + element(0x00700006, "ST", std::string(10'002, 'M')) +
      element(0x00700010, "FL", floats({0, 0})) + element(0x00700011, "FL", floats({1, 1}));
  for (const std::string& large :
       {graphic_annotation(lines), graphic_annotation(points), graphic_annotation("", item(box))}) {
    const auto state = state_of(large);
    ASSERT_FALSE(state);
    EXPECT_EQ(state.error().kind, ProblemKind::too_large) << text_of(state.error());
  }
}

}  // namespace
}  // namespace lightbox::dicom::testing
