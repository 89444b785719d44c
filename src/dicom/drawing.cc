#include "dicom/drawing.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

namespace lightbox::dicom {
namespace {

struct Segment {
  Point from;
  Point to;
};

// The part of a line that is within the rectangle (Liang and Barsky). nullopt: none, or it ends
// where nothing is.
std::optional<Segment> clipped(const Segment& line, Point least, Point most) {
  const double dx = line.to.x - line.from.x;
  const double dy = line.to.y - line.from.y;
  if (!std::isfinite(dx) || !std::isfinite(dy)) return std::nullopt;
  double first = 0;
  double last = 1;
  const std::pair<double, double> sides[] = {{-dx, line.from.x - least.x},
                                             {dx, most.x - line.from.x},
                                             {-dy, line.from.y - least.y},
                                             {dy, most.y - line.from.y}};
  for (const auto& [toward, distance] : sides) {
    if (toward == 0) {
      if (distance < 0) return std::nullopt;
      continue;
    }
    const double part = distance / toward;
    if (toward < 0) {
      first = std::max(first, part);
    } else {
      last = std::min(last, part);
    }
  }
  if (first > last) return std::nullopt;
  // Of ends that are far away, numbers are not exact.
  const auto at = [&](double part) {
    return Point{std::clamp(line.from.x + part * dx, least.x, most.x),
                 std::clamp(line.from.y + part * dy, least.y, most.y)};
  };
  return Segment{at(first), at(last)};
}

}  // namespace

// Columns from `from` to before `to`.
void Drawing::set(std::int64_t row, std::int64_t from, std::int64_t to) {
  --work_left_;
  if (row < 0 || row >= picture_.rows) return;
  from = std::max<std::int64_t>(from, 0);
  to = std::min<std::int64_t>(to, picture_.columns);
  if (from >= to) return;
  work_left_ -= to - from;
  const std::int64_t channels = picture_.channels;
  std::fill_n(picture_.bytes.data() + (row * picture_.columns + from) * channels,
              (to - from) * channels, static_cast<char>(level_));
}

// Pixel by pixel along the longer of its sides, each as wide as the line across.
void Drawing::line(Point from, Point to) {
  if (is_exhausted()) return;
  --work_left_;
  const Point most{picture_.columns + width_, picture_.rows + width_};
  const auto within = clipped({from, to}, {-width_, -width_}, most);
  if (!within) return;
  const double dx = within->to.x - within->from.x;
  const double dy = within->to.y - within->from.y;
  const double steps = std::max(1.0, std::ceil(std::max(std::abs(dx), std::abs(dy))));
  const bool is_steep = std::abs(dy) > std::abs(dx);
  const auto wide = std::max<std::int64_t>(1, std::lround(width_));
  for (double step = 0; step <= steps && !is_exhausted(); ++step) {
    const double x = within->from.x + dx * step / steps;
    const double y = within->from.y + dy * step / steps;
    if (is_steep) {
      const auto left =
          static_cast<std::int64_t>(std::floor(x - static_cast<double>(wide - 1) / 2));
      set(static_cast<std::int64_t>(std::floor(y)), left, left + wide);
      continue;
    }
    const auto top = static_cast<std::int64_t>(std::floor(y - static_cast<double>(wide - 1) / 2));
    const auto column = static_cast<std::int64_t>(std::floor(x));
    for (std::int64_t row = top; row < top + wide; ++row) set(row, column, column + 1);
  }
}

void Drawing::polyline(std::span<const Point> points) {
  for (std::size_t i = 1; i < points.size(); ++i) line(points[i - 1], points[i]);
}

void Drawing::polygon(std::span<const Point> points) {
  if (points.size() < 3) return;
  std::vector<double> crossings;
  for (std::int64_t row = 0; row < picture_.rows && !is_exhausted(); ++row) {
    const double y = static_cast<double>(row) + 0.5;
    crossings.clear();
    work_left_ -= static_cast<std::int64_t>(points.size());
    for (std::size_t i = 0; i < points.size(); ++i) {
      const Point& a = points[i];
      const Point& b = points[(i + 1) % points.size()];
      if ((a.y <= y) == (b.y <= y)) continue;
      const double x = a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x);
      if (!std::isfinite(x)) continue;
      crossings.push_back(std::clamp(x, 0.0, static_cast<double>(picture_.columns)));
    }
    std::ranges::sort(crossings);
    for (std::size_t i = 1; i < crossings.size(); i += 2) {
      set(row, static_cast<std::int64_t>(std::ceil(crossings[i - 1] - 0.5)),
          static_cast<std::int64_t>(std::ceil(crossings[i] - 0.5)));
    }
  }
}

void Drawing::disc(Point center, double radius) {
  const auto round = circle_of(center, {center.x + radius, center.y});
  polygon(round);
}

std::vector<Point> circle_of(Point center, Point to) {
  const double dx = to.x - center.x;
  const double dy = to.y - center.y;
  const Point axes[4] = {{center.x - dx, center.y - dy},
                         {center.x + dx, center.y + dy},
                         {center.x + dy, center.y - dx},
                         {center.x - dy, center.y + dx}};
  return ellipse_of(axes);
}

std::vector<Point> ellipse_of(std::span<const Point, 4> axes) {
  constexpr int corners = 180;
  const Point center{(axes[0].x + axes[1].x) / 2, (axes[0].y + axes[1].y) / 2};
  const Point along{(axes[1].x - axes[0].x) / 2, (axes[1].y - axes[0].y) / 2};
  const Point across{(axes[3].x - axes[2].x) / 2, (axes[3].y - axes[2].y) / 2};
  std::vector<Point> points;
  for (int i = 0; i <= corners; ++i) {
    const double angle = 2 * std::numbers::pi * i / corners;
    points.push_back({center.x + along.x * std::cos(angle) + across.x * std::sin(angle),
                      center.y + along.y * std::cos(angle) + across.y * std::sin(angle)});
  }
  return points;
}

std::vector<Point> curve_of(std::span<const Point> points) {
  constexpr int steps = 16;
  if (points.size() < 3) return {points.begin(), points.end()};
  const auto same = [](const Point& a, const Point& b) { return a.x == b.x && a.y == b.y; };
  const std::size_t last = points.size() - 1;
  const bool is_closed = same(points.front(), points.back());
  std::vector<Point> curve{points.front()};
  for (std::size_t i = 0; i < last; ++i) {
    const Point& before = i > 0 ? points[i - 1] : points[is_closed ? last - 1 : 0];
    const Point& from = points[i];
    const Point& to = points[i + 1];
    const Point& after = i + 1 < last ? points[i + 2] : points[is_closed ? 1 : last];
    const auto at = [](double t, double a, double b, double c, double d) {
      return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t +
                    (3 * b - a - 3 * c + d) * t * t * t);
    };
    for (int step = 1; step <= steps; ++step) {
      const double t = static_cast<double>(step) / steps;
      curve.push_back(
          {at(t, before.x, from.x, to.x, after.x), at(t, before.y, from.y, to.y, after.y)});
    }
  }
  return curve;
}

}  // namespace lightbox::dicom
