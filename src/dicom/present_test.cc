#include "dicom/present.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "dicom/presentation_state_test_support.h"

namespace lightbox::dicom::testing {
namespace {

// abcd
// efgh
// ijkl
const Picture letters{.columns = 4, .rows = 3, .channels = 1, .bytes = "abcdefghijkl"};

Result<Picture> presented(const PresentationState& state, Picture picture = letters,
                          PresentOptions options = {}) {
  const std::string bytes = file(element(0x00080060, "CS", "CT"));
  MemorySource source(bytes);
  const auto object = Part10::read(source, {});
  EXPECT_TRUE(object);
  ObjectValues values(*object, source);
  if (options.pixels_max == 0) options.pixels_max = 1'000'000;
  return present(std::move(picture), state, {.sop_instance_uid = "1.2", .frame = 0}, values,
                 options);
}

std::string bytes_of(const PresentationState& state) {
  const auto picture = presented(state);
  EXPECT_TRUE(picture);
  return picture ? picture->bytes : "";
}

TEST(Present, NothingChangesNothing) { EXPECT_EQ(bytes_of({.images = {}}), letters.bytes); }

// C.10.6: it is turned before it is flipped.
TEST(Present, TurnsThenFlips) {
  EXPECT_EQ(bytes_of({.images = {}, .quarter_turns = 1}), "ieajfbkgclhd");
  EXPECT_EQ(bytes_of({.images = {}, .quarter_turns = 2}), "lkjihgfedcba");
  EXPECT_EQ(bytes_of({.images = {}, .is_flipped = true}), "dcbahgfelkji");
  EXPECT_EQ(bytes_of({.images = {}, .quarter_turns = 1, .is_flipped = true}), "aeibfjcgkdhl");
}

TEST(Present, ShuttersCoverWhatIsOutside) {
  PresentationState state{.images = {}};
  state.shutter = {.rectangle = Shutter::Rectangle{.left = 2, .right = 3, .top = 1, .bottom = 2},
                   .level = '.'};
  EXPECT_EQ(bytes_of(state), ".bc..fg.....");
  state.shutter.circle = {.center = {1.5, 0.5}, .radius = 1};
  EXPECT_EQ(bytes_of(state), ".bc..f......");
  state.shutter = {.polygon = {{0, 0}, {3, 0}, {0, 3}}, .level = '.'};
  EXPECT_EQ(bytes_of(state), "ab..e.......");
  state.shutter = {.bitmap = OverlayPlane{.rows = 1, .columns = 4, .bits = "\x0A"}, .level = '.'};
  EXPECT_EQ(bytes_of(state), "a.c.efghijkl");
}

TEST(Present, OverlaysThatAreActive) {
  PresentationState state{.images = {}};
  state.overlays = {{.group = 0x60000000,
                     .level = '#',
                     .plane = OverlayPlane{.rows = 1, .columns = 4, .bits = "\x0A"}},
                    {.group = 0x60020000}};  // the image has none
  EXPECT_EQ(bytes_of(state), "a#c#efghijkl");
}

TEST(Present, DisplaysAnArea) {
  PresentationState state{.images = {}};
  state.areas = {{.left = 2, .top = 2, .right = 3, .bottom = 3}};
  EXPECT_EQ(bytes_of(state), "fgjk");
  state.areas = {{.left = 0, .top = 3, .right = 2, .bottom = 4}};
  EXPECT_EQ(bytes_of(state), std::string("\0ij\0\0\0", 6));
  state.areas = {{.left = 90, .top = 90, .right = 91, .bottom = 90}};
  EXPECT_EQ(bytes_of(state), std::string("\0\0", 2));
  // Of another image.
  state.areas = {{.scope = {.images = {{.sop_instance_uid = "9"}}}, .right = 1, .bottom = 1}};
  EXPECT_EQ(bytes_of(state), letters.bytes);
}

TEST(Present, SizesOfThePicture) {
  const auto size = [](const DisplayedArea& area, PresentOptions options, unsigned turns = 0) {
    PresentationState state{.images = {}, .quarter_turns = turns};
    state.areas = {area};
    const auto picture = presented(state, letters, options);
    return picture ? std::pair(picture->columns, picture->rows) : std::pair(0U, 0U);
  };
  const PresentOptions fitted{.viewport = PresentOptions::Viewport{.columns = 40, .rows = 40}};
  DisplayedArea area{.right = 4, .bottom = 3};
  EXPECT_EQ(size(area, {}), std::pair(4U, 3U));
  EXPECT_EQ(size(area, fitted), std::pair(40U, 30U));
  EXPECT_EQ(size(area, fitted, 1), std::pair(30U, 40U));
  area.pixel_aspect = 2;
  EXPECT_EQ(size(area, {}), std::pair(4U, 6U));
  EXPECT_EQ(size(area, {}, 1), std::pair(6U, 4U));
  area.pixel_aspect = 0.5;
  EXPECT_EQ(size(area, {}), std::pair(8U, 3U));
  area = {.right = 4, .bottom = 3, .size = DisplayedArea::Size::magnify, .magnification = 12};
  EXPECT_EQ(size(area, {}), std::pair(48U, 36U));
  EXPECT_EQ(size(area, fitted), std::pair(40U, 36U));
}

TEST(Present, LargeAreasAreRefused) {
  constexpr std::int64_t far = 0xFFFFFFFF;
  for (const DisplayedArea& area :
       {DisplayedArea{.left = -far, .top = -far, .right = far, .bottom = far},
        DisplayedArea{.left = 1, .top = 1, .right = 100'000, .bottom = 1},
        DisplayedArea{.right = 4,
                      .bottom = 3,
                      .size = DisplayedArea::Size::magnify,
                      .magnification = 1000}}) {
    PresentationState state{.images = {}};
    state.areas = {area};
    const auto picture = presented(state);
    ASSERT_FALSE(picture);
    EXPECT_EQ(picture.error().kind, ProblemKind::too_large);
  }
}

Picture black(std::uint32_t columns, std::uint32_t rows) {
  return {.columns = columns,
          .rows = rows,
          .channels = 1,
          .bytes = std::string(std::size_t{columns} * rows, '\0')};
}

// The middle of what has been drawn.
Point middle_of(const Picture& picture) {
  double x = 0;
  double y = 0;
  double count = 0;
  for (std::uint32_t row = 0; row < picture.rows; ++row) {
    for (std::uint32_t column = 0; column < picture.columns; ++column) {
      if (picture.bytes[std::size_t{row} * picture.columns + column] == '\0') continue;
      x += column + 0.5;
      y += row + 0.5;
      ++count;
    }
  }
  return {x / count, y / count};
}

TEST(Present, GraphicsLieWhereTheImageDoes) {
  const GraphicObject mark{
      .type = GraphicObject::Type::circle, .points = {{30, 10}, {33, 10}}, .is_filled = true};
  PresentationState state{.images = {}};
  state.annotations = {{.graphics = {mark}}};
  const auto where = [&](PresentOptions options = {}) {
    return middle_of(*presented(state, black(100, 50), options));
  };
  const auto expect = [](Point point, double x, double y) {
    EXPECT_NEAR(point.x, x, 1);
    EXPECT_NEAR(point.y, y, 1);
  };
  expect(where(), 30, 10);
  expect(where({.viewport = PresentOptions::Viewport{.columns = 200, .rows = 200}}), 60, 20);
  state.quarter_turns = 1;
  expect(where(), 40, 30);
  state.is_flipped = true;
  expect(where(), 10, 30);
  state.quarter_turns = 0;
  expect(where(), 70, 10);
  state.areas = {{.left = 21, .top = 1, .right = 60, .bottom = 40}};
  expect(where(), 30, 10);
  // Of the displayed area, however it is turned.
  state.quarter_turns = 3;
  state.annotations[0].graphics[0] = {.type = GraphicObject::Type::circle,
                                      .units = Units::display,
                                      .points = {{0.25, 0.75}, {0.3, 0.75}},
                                      .is_filled = true};
  expect(where(), 10, 30);
}

TEST(Present, GraphicsOfEveryType) {
  using Type = GraphicObject::Type;
  for (const auto& [type, points] : std::vector<std::pair<Type, std::vector<Point>>>{
           {Type::point, {{20, 20}}},
           {Type::polyline, {{10, 20}, {30, 20}}},
           {Type::interpolated, {{10, 10}, {20, 30}, {30, 10}}},
           {Type::circle, {{20, 20}, {25, 20}}},
           {Type::ellipse, {{10, 20}, {30, 20}, {20, 15}, {20, 25}}}}) {
    PresentationState state{.images = {}};
    state.annotations = {{.level = 200, .graphics = {{.type = type, .points = points}}}};
    const auto picture = presented(state, black(40, 40));
    EXPECT_GT(std::ranges::count(picture->bytes, static_cast<char>(200)), 3);
    EXPECT_NEAR(middle_of(*picture).x, 20, 2);
    state.annotations[0].scope.images = {{.sop_instance_uid = "another"}};
    EXPECT_TRUE(presented(state, black(40, 40))->bytes == black(40, 40).bytes);
  }
}

TEST(Present, TextIsInItsBoxOrBesideItsAnchor) {
  PresentationState state{.images = {}};
  TextObject text{.lines = {"Text", "two"}};
  text.box = {.first = {100, 20}, .second = {180, 60}};
  state.annotations = {{.texts = {text}}};
  Point middle = middle_of(*presented(state, black(200, 200)));
  EXPECT_TRUE(middle.x > 100 && middle.x < 150 && middle.y > 20 && middle.y < 60);
  state.annotations[0].texts[0].justification = TextObject::Justification::right;
  EXPECT_GT(middle_of(*presented(state, black(200, 200))).x, middle.x + 20);
  state.annotations[0].texts[0].box.reset();
  state.annotations[0].texts[0].justification = TextObject::Justification::left;
  state.annotations[0].texts[0].anchor = {.point = {50, 150}};
  middle = middle_of(*presented(state, black(200, 200)));
  EXPECT_TRUE(middle.x > 50 && middle.x < 100 && middle.y > 140);
  // Beyond the picture there is nothing to be read; near its edge it is all there.
  state.annotations[0].texts[0].anchor = {.point = {1e30, -1e30}};
  EXPECT_TRUE(presented(state, black(200, 200))->bytes == black(200, 200).bytes);
  state.annotations[0].texts[0].anchor = {.point = {199, 199}};
  EXPECT_LT(middle_of(*presented(state, black(200, 200))).x, 190);
}

TEST(Present, TooManyGraphicsAreRefused) {
  PresentationState state{.images = {}};
  const GraphicObject whole{.type = GraphicObject::Type::polyline,
                            .units = Units::display,
                            .points = {{0, 0}, {1, 0}, {1, 1}, {0, 1}},
                            .is_filled = true};
  state.annotations = {{.graphics = std::vector<GraphicObject>(9000, whole)}};
  const auto picture = presented(state, black(500, 500));
  ASSERT_FALSE(picture);
  EXPECT_EQ(picture.error().kind, ProblemKind::too_large);
}

}  // namespace
}  // namespace lightbox::dicom::testing
