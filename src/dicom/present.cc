#include "dicom/present.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "dicom/present_graphics.h"

namespace lightbox::dicom {
namespace {

// PS3.3 C.7.6.11.
void cover(const Shutter& shutter, Picture& picture) {
  if (!shutter.has_any()) return;
  Picture seen{.columns = picture.columns, .rows = picture.rows};
  seen.bytes.assign(picture.pixels(), shutter.polygon.empty() ? '\1' : '\0');
  if (!shutter.polygon.empty()) {
    Drawing drawing(seen, 1);
    drawing.set_level(1);
    drawing.polygon(shutter.polygon);
  }
  const auto is_seen = [&](std::int64_t column, std::int64_t row) {
    if (const auto& rectangle = shutter.rectangle;
        rectangle && (column < rectangle->left || column > rectangle->right ||
                      row < rectangle->top || row > rectangle->bottom)) {
      return false;
    }
    const double x = static_cast<double>(column) - 0.5;
    const double y = static_cast<double>(row) - 0.5;
    return !shutter.circle || std::hypot(x - shutter.circle->center.x,
                                         y - shutter.circle->center.y) <= shutter.circle->radius;
  };
  std::size_t at = 0;
  for (std::int64_t row = 1; row <= picture.rows; ++row) {
    for (std::int64_t column = 1; column <= picture.columns; ++column, ++at) {
      if (seen.bytes[at] != '\0' && is_seen(column, row)) continue;
      std::fill_n(picture.bytes.data() + at * picture.channels, picture.channels,
                  static_cast<char>(shutter.level));
    }
  }
  if (shutter.bitmap) draw_overlay(*shutter.bitmap, shutter.level, picture);
}

Result<void> draw_active_overlays(const PresentationState& state, const FrameOfImage& frame,
                                  ObjectValues& image, Picture& picture) {
  for (const ActiveOverlay& overlay : state.overlays) {
    if (overlay.plane) {
      draw_overlay(*overlay.plane, overlay.level, picture);
      continue;
    }
    TRY(const auto plane, overlay_plane_of(image, overlay.group, frame.frame));
    if (plane) draw_overlay(*plane, overlay.level, picture);
  }
  return {};
}

DisplayedArea area_of(const PresentationState& state, const FrameOfImage& frame,
                      const Picture& picture) {
  const auto found = std::ranges::find_if(
      state.areas, [&](const DisplayedArea& area) { return area.scope.includes(frame); });
  if (found != state.areas.end()) return *found;
  return {.right = picture.columns, .bottom = picture.rows};
}

constexpr double side_max = 65535;

Result<void> check_size(double columns, double rows, std::uint64_t pixels_max) {
  if (columns <= side_max && rows <= side_max &&
      columns * rows <= static_cast<double>(pixels_max)) {
    return {};
  }
  return problem(ProblemKind::too_large,
                 fmt::format("The displayed area of the presentation state would have more than {} "
                             "pixels (rendered_pixels_max), or {} in a row or column",
                             pixels_max, side_max));
}

// Black where the area is beyond the image.
Result<Picture> cut(Picture picture, const DisplayedArea& area, std::uint64_t pixels_max) {
  const std::int64_t columns = area.right - area.left + 1;
  const std::int64_t rows = area.bottom - area.top + 1;
  if (area.left == 1 && area.top == 1 && columns == picture.columns && rows == picture.rows) {
    return picture;
  }
  TRY_DO(check_size(static_cast<double>(columns), static_cast<double>(rows), pixels_max));
  Picture part{.columns = static_cast<std::uint32_t>(columns),
               .rows = static_cast<std::uint32_t>(rows),
               .channels = picture.channels};
  part.bytes.assign(part.pixels() * part.channels, '\0');
  const std::int64_t first = std::max<std::int64_t>(area.left, 1);
  const std::int64_t last = std::min<std::int64_t>(area.right, picture.columns);
  if (first > last) return part;
  for (std::int64_t row = std::max<std::int64_t>(area.top, 1);
       row <= std::min<std::int64_t>(area.bottom, picture.rows); ++row) {
    std::copy_n(
        picture.bytes.data() + ((row - 1) * picture.columns + first - 1) * picture.channels,
        (last - first + 1) * picture.channels,
        part.bytes.data() + ((row - area.top) * columns + first - area.left) * picture.channels);
  }
  return part;
}

// The size of the picture: of the area's pixels, which become square, by the scale.
Result<Picture> scale(const Picture& picture, const DisplayedArea& area, unsigned quarter_turns,
                      const PresentOptions& options) {
  const double aspect = quarter_turns % 2 == 0 ? area.pixel_aspect : 1 / area.pixel_aspect;
  const double columns = picture.columns * std::max(1.0, 1 / aspect);
  const double rows = picture.rows * std::max(1.0, aspect);
  double factor = 1;
  if (area.size == DisplayedArea::Size::magnify) {
    factor = area.magnification;
  } else if (options.viewport) {
    factor = std::min(options.viewport->columns / columns, options.viewport->rows / rows);
  }
  const double to_columns = std::max(1.0, std::round(columns * factor));
  const double to_rows = std::max(1.0, std::round(rows * factor));
  TRY_DO(check_size(to_columns, to_rows, options.pixels_max));
  return resize(picture, static_cast<std::uint32_t>(to_columns),
                static_cast<std::uint32_t>(to_rows));
}

}  // namespace

// The steps of PS3.4 N.2, after those of grayscale.
Result<Picture> present(Picture picture, const PresentationState& state, const FrameOfImage& frame,
                        ObjectValues& image, const PresentOptions& options) {
  // 1. What is of the image's pixels.
  cover(state.shutter, picture);
  TRY_DO(draw_active_overlays(state, frame, image, picture));
  // 2. Which of them are displayed, and how they lie.
  const DisplayedArea area = area_of(state, frame, picture);
  TRY(picture, cut(std::move(picture), area, options.pixels_max));
  for (unsigned turn = 0; turn < state.quarter_turns; ++turn) picture = rotate_clockwise(picture);
  if (state.is_flipped) picture = flip_horizontally(picture);
  TRY(picture, scale(picture, area, state.quarter_turns, options));
  // 3. What is drawn over them, in the pixels of the picture.
  const Placement placement{.area = area,
                            .quarter_turns = state.quarter_turns,
                            .is_flipped = state.is_flipped,
                            .columns = picture.columns,
                            .rows = picture.rows};
  TRY_DO(draw_annotations(state, frame, placement, picture));
  // 4. PS3.18 9.5.2.3: of what is magnified, what the viewport has room for.
  if (options.viewport && area.size == DisplayedArea::Size::magnify) {
    const Region seen{.columns = std::min(picture.columns, options.viewport->columns),
                      .rows = std::min(picture.rows, options.viewport->rows)};
    if (seen.columns != picture.columns || seen.rows != picture.rows) {
      picture = crop(picture, seen);
    }
  }
  return picture;
}

}  // namespace lightbox::dicom
