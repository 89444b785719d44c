#pragma once

// Lines and areas drawn into a picture in one level of gray. Pure. Points may be anywhere, and need
// not even be numbers: what is outside is left out, and how much can be drawn in all is bounded.

#include <cstdint>
#include <span>
#include <vector>

#include "dicom/picture.h"

namespace lightbox::dicom {

// In pixels: (0, 0) is the top left corner of the top left pixel.
struct Point {
  double x = 0;
  double y = 0;
};

class Drawing {
 public:
  // Lines are `width` pixels wide. The picture must outlive it.
  Drawing(Picture& picture, double width) : picture_(picture), width_(width) {}

  void set_level(std::uint8_t level) { level_ = level; }
  void set_width(double width) { width_ = width; }
  void line(Point from, Point to);
  // Through all of the points, in order.
  void polyline(std::span<const Point> points);
  // What is within the polygon (even-odd rule), whose last point is joined to the first.
  void polygon(std::span<const Point> points);
  void disc(Point center, double radius);
  // So much has been drawn that nothing more will be.
  [[nodiscard]] bool is_exhausted() const { return work_left_ <= 0; }

 private:
  void set(std::int64_t row, std::int64_t from, std::int64_t to);

  Picture& picture_;
  double width_;
  std::uint8_t level_ = 255;
  std::int64_t work_left_ = 1LL << 29U;  // about a second
};

// Closed curves as polygons, fine enough for a picture. `to` is on the circumference.
[[nodiscard]] std::vector<Point> circle_of(Point center, Point to);
// The ends of the two axes.
[[nodiscard]] std::vector<Point> ellipse_of(std::span<const Point, 4> axes);
// A smooth curve through all points (Catmull-Rom).
[[nodiscard]] std::vector<Point> curve_of(std::span<const Point> points);

}  // namespace lightbox::dicom
