#include "dicom/drawing.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>

namespace lightbox::dicom {
namespace {

Picture ground(std::uint32_t columns, std::uint32_t rows) {
  return {.columns = columns,
          .rows = rows,
          .channels = 1,
          .bytes = std::string(std::size_t{columns} * rows, '.')};
}

std::string drawn(std::uint32_t columns, std::uint32_t rows, double width, auto draw) {
  Picture picture = ground(columns, rows);
  Drawing drawing(picture, width);
  drawing.set_level('#');
  draw(drawing);
  return picture.bytes;
}

TEST(Drawing, Lines) {
  EXPECT_EQ(drawn(4, 3, 1, [](Drawing& d) { d.line({0.5, 1.5}, {3.5, 1.5}); }), "....####....");
  EXPECT_EQ(drawn(3, 3, 1, [](Drawing& d) { d.line({0.5, 0.5}, {2.5, 2.5}); }), "#...#...#");
  EXPECT_EQ(drawn(4, 3, 3, [](Drawing& d) { d.line({1.5, 0.5}, {1.5, 2.5}); }), "###.###.###.");
  EXPECT_EQ(drawn(3, 1, 1, [](Drawing& d) { d.line({1.5, 0.5}, {1.5, 0.5}); }), ".#.");
  EXPECT_EQ(
      drawn(3, 2, 1,
            [](Drawing& d) { d.polyline(std::vector<Point>{{0.5, 0.5}, {2.5, 0.5}, {2.5, 1.5}}); }),
      "###..#");
}

TEST(Drawing, LinesFromOutsideAreCutOff) {
  EXPECT_EQ(drawn(3, 1, 1, [](Drawing& d) { d.line({-1e6, 0.5}, {1e6, 0.5}); }), "###");
  EXPECT_EQ(drawn(3, 1, 1, [](Drawing& d) { d.line({-5, -5}, {-5, 90}); }), "...");
  EXPECT_EQ(drawn(3, 1, 1, [](Drawing& d) { d.line({900, 0.5}, {901, 0.5}); }), "...");
}

TEST(Drawing, Polygons) {
  const std::vector<Point> square{{1, 1}, {3, 1}, {3, 3}, {1, 3}};
  EXPECT_EQ(drawn(4, 4, 1, [&](Drawing& d) { d.polygon(square); }), ".....##..##.....");
  // Even-odd: a square within a square is a hole.
  std::vector<Point> both{{0, 0}, {4, 0}, {4, 4}, {0, 4}, {0, 0}};
  both.insert(both.end(), {{1, 1}, {3, 1}, {3, 3}, {1, 3}, {1, 1}});
  EXPECT_EQ(drawn(4, 4, 1, [&](Drawing& d) { d.polygon(both); }), "#####..##..#####");
  EXPECT_EQ(drawn(2, 1, 1, [](Drawing& d) { d.polygon(std::vector<Point>{{0, 0}, {2, 1}}); }),
            "..");
}

TEST(Drawing, CirclesAndEllipses) {
  for (const Point& point : circle_of({10, 20}, {13, 24})) {
    EXPECT_NEAR(std::hypot(point.x - 10, point.y - 20), 5, 1e-9);
  }
  const Point axes[4] = {{0, 5}, {20, 5}, {10, 0}, {10, 10}};
  for (const Point& point : ellipse_of(axes)) {
    EXPECT_NEAR(std::pow((point.x - 10) / 10, 2) + std::pow((point.y - 5) / 5, 2), 1, 1e-9);
  }
  const std::string disc = drawn(9, 9, 1, [](Drawing& d) { d.disc({4.5, 4.5}, 4); });
  EXPECT_NEAR(static_cast<double>(std::ranges::count(disc, '#')), 50, 5);
}

TEST(Drawing, CurvesGoThroughTheirPoints) {
  const std::vector<Point> points{{0, 0}, {5, 9}, {10, 0}, {3, 3}};
  const auto curve = curve_of(points);
  EXPECT_GT(curve.size(), 30U);
  for (const Point& point : points) {
    EXPECT_TRUE(std::ranges::any_of(
        curve, [&](const Point& on) { return std::hypot(on.x - point.x, on.y - point.y) < 1e-9; }));
  }
  EXPECT_EQ(curve_of(std::vector<Point>{{0, 0}, {1, 1}}).size(), 2U);
}

TEST(Drawing, WhatIsNoNumberIsNotDrawn) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double infinite = std::numeric_limits<double>::infinity();
  for (const double bad : {nan, infinite, -infinite, 1e308, -1e308}) {
    const std::vector<Point> points{{bad, 0}, {1, bad}, {bad, bad}, {2, 2}};
    (void)drawn(9, 9, 2, [&](Drawing& d) {
      d.polyline(points);
      d.polygon(points);
      d.polyline(curve_of(points));
      d.polygon(circle_of(points[0], points[1]));
      d.polygon(ellipse_of(std::span(points).first<4>()));
      d.disc(points[2], bad);
    });
  }
}

TEST(Drawing, IsBounded) {
  Picture picture = ground(2000, 2000);
  Drawing drawing(picture, 5);
  const std::vector<Point> square{{0, 0}, {2000, 0}, {2000, 2000}, {0, 2000}};
  for (int i = 0; i < 1'000'000 && !drawing.is_exhausted(); ++i) drawing.polygon(square);
  EXPECT_TRUE(drawing.is_exhausted());
  std::ranges::fill(picture.bytes, '.');
  drawing.line({0, 0}, {2000, 2000});
  drawing.polygon(square);
  EXPECT_EQ(std::ranges::count(picture.bytes, '.'), 4'000'000);
}

}  // namespace
}  // namespace lightbox::dicom
