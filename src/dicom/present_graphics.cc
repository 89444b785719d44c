#include "dicom/present_graphics.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "dicom/drawing.h"
#include "dicom/typeface.h"

namespace lightbox::dicom {
namespace {

struct Box {
  double left = 0;
  double top = 0;
  double right = 0;
  double bottom = 0;
};

class Artist {
 public:
  Artist(const Placement& placement, Picture& picture)
      : placement_(placement),
        picture_(picture),
        smaller_(std::min(picture.columns, picture.rows)),
        line_width_(std::max(1.0, std::round(smaller_ / 400.0))),
        drawing_(picture, line_width_) {}

  Result<void> draw(const GraphicAnnotation& annotation) {
    ink_ = {.fill = annotation.level,
            .outline = static_cast<std::uint8_t>(annotation.level < 128 ? 255 : 0)};
    for (const GraphicObject& graphic : annotation.graphics) draw(graphic);
    for (const TextObject& text : annotation.texts) TRY_DO(draw(text));
    if (!drawing_.is_exhausted()) return {};
    return problem(ProblemKind::too_large,
                   "The presentation state has too many graphics for a picture of this size");
  }

 private:
  void draw(const GraphicObject& graphic) {
    std::vector<Point> points;
    for (const Point& point : graphic.points) {
      points.push_back(placement_.in_picture(point, graphic.units));
    }
    switch (graphic.type) {
      case GraphicObject::Type::point:
        outlined([&](double more) { drawing_.disc(points[0], 1.5 * line_width_ + more / 2); });
        return;
      case GraphicObject::Type::polyline:
        break;
      case GraphicObject::Type::interpolated:
        points = curve_of(points);
        break;
      case GraphicObject::Type::circle:
        points = circle_of(points[0], points[1]);
        break;
      case GraphicObject::Type::ellipse:
        points = ellipse_of(std::span(points).first<4>());
        break;
    }
    outlined([&](double more) {
      drawing_.set_width(line_width_ + more);
      drawing_.polyline(points);
    });
    if (graphic.is_filled) drawing_.polygon(points);
  }

  // Larger pictures have room for a line around what is drawn, so that it is seen on any ground.
  void outlined(auto draw_wider_by) {
    constexpr double rows_with_outline = 200;
    if (smaller_ >= rows_with_outline) {
      drawing_.set_level(ink_.outline);
      draw_wider_by(2.0);
    }
    drawing_.set_level(ink_.fill);
    draw_wider_by(0.0);
  }

  // Upright, whatever the image is turned by.
  Result<void> draw(const TextObject& text) {
    std::optional<Box> box;
    if (text.box) {
      const Point a = placement_.in_picture(text.box->first, text.box->units);
      const Point b = placement_.in_picture(text.box->second, text.box->units);
      box = {.left = std::min(a.x, b.x),
             .top = std::min(a.y, b.y),
             .right = std::max(a.x, b.x),
             .bottom = std::max(a.y, b.y)};
    }
    if (text.anchor) {
      const Point anchor = placement_.in_picture(text.anchor->point, text.anchor->units);
      if (!box) box = {anchor.x, anchor.y, anchor.x, anchor.y};
      if (text.anchor->is_visible) {
        const Point nearest{std::clamp(anchor.x, box->left, box->right),
                            std::clamp(anchor.y, box->top, box->bottom)};
        outlined([&](double more) {
          drawing_.set_width(line_width_ + more);
          drawing_.line(anchor, nearest);
        });
      }
    }
    const bool is_outside = box->right < 0 || box->bottom < 0 || box->left > picture_.columns ||
                            box->top > picture_.rows;
    return is_outside ? Result<void>() : draw(text, *box);
  }

  // What does not fit into the box goes beyond it, but not beyond the picture.
  Result<void> draw(const TextObject& text, const Box& box) {
    TRY(const Typeface* const typeface,
        typeface_of((box.bottom - box.top) / static_cast<double>(text.lines.size())));
    const double height = typeface->line_height() * static_cast<double>(text.lines.size());
    constexpr double gap = 4;  // beside an anchor
    double top = std::clamp(box.top, 0.0, std::max(0.0, picture_.rows - height));
    for (const std::string& line : text.lines) {
      if (top >= picture_.rows) break;
      const std::string shown = typeface->shortened(line, picture_.columns);
      const double width = typeface->width_of(shown);
      double left = text.box ? box.left : box.left + gap;
      if (text.justification == TextObject::Justification::center) {
        left = (box.left + box.right - width) / 2;
      } else if (text.justification == TextObject::Justification::right) {
        left = box.right - width;
      }
      left = std::clamp(left, 0.0, std::max(0.0, picture_.columns - width));
      typeface->draw(picture_, std::lround(left), std::lround(top), shown, ink_);
      top += typeface->line_height();
    }
    return {};
  }

  // Of a size that goes with the picture, smaller for lines that have so little room.
  Result<const Typeface*> typeface_of(double room) {
    constexpr double size_min = 9;
    constexpr double size_max = 64;
    double size = std::clamp(smaller_ / 30.0, size_min, size_max);
    if (room > 0) size = std::clamp(room / 1.3, size_min, size);
    const auto whole = static_cast<std::uint32_t>(size);
    auto found = typefaces_.find(whole);
    if (found == typefaces_.end()) {
      TRY(auto typeface, Typeface::of_size(whole));
      found = typefaces_.emplace(whole, std::move(typeface)).first;
    }
    return &found->second;
  }

  const Placement& placement_;
  Picture& picture_;
  double smaller_;
  double line_width_;
  Drawing drawing_;
  Ink ink_ = {};
  std::map<std::uint32_t, Typeface> typefaces_ = {};
};

}  // namespace

Point Placement::in_picture(Point point, Units units) const {
  if (units == Units::display) return {point.x * columns, point.y * rows};
  // 1. In parts of the displayed area.
  const double across = static_cast<double>(area.right - area.left + 1);
  const double down = static_cast<double>(area.bottom - area.top + 1);
  Point part{(point.x - static_cast<double>(area.left - 1)) / across,
             (point.y - static_cast<double>(area.top - 1)) / down};
  // 2. Turned, then flipped.
  for (unsigned turn = 0; turn < quarter_turns; ++turn) part = {1 - part.y, part.x};
  if (is_flipped) part.x = 1 - part.x;
  return {part.x * columns, part.y * rows};
}

Result<void> draw_annotations(const PresentationState& state, const FrameOfImage& frame,
                              const Placement& placement, Picture& picture) {
  Artist artist(placement, picture);
  for (const GraphicAnnotation& annotation : state.annotations) {
    if (annotation.scope.includes(frame)) TRY_DO(artist.draw(annotation));
  }
  return {};
}

}  // namespace lightbox::dicom
