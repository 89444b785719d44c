#pragma once

// A Softcopy Presentation State (PS3.3 A.33): how images are to be shown. Read from its object into
// values of its own, which need neither the object nor its source.
//
// Not read: compound graphics, masks, ICC profiles, colors (a color of CIELab is taken for its
// lightness), the total pixel matrix of whole slide images. Pure but for bulk values; once read,
// safe from any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dicom/drawing.h"
#include "dicom/grayscale.h"
#include "dicom/object_values.h"
#include "dicom/overlay.h"

namespace lightbox::dicom {

// An item of a Referenced Image Sequence (PS3.3 10.3).
struct ImageReference {
  std::string sop_instance_uid = {};
  std::vector<std::uint32_t> frames = {};  // counted from 1; none: all
};

// A frame of an image, counted from 0.
struct FrameOfImage {
  std::string_view sop_instance_uid;
  std::uint32_t frame = 0;
};

// What an item of the presentation state is for; without references, for all images.
struct Scope {
  std::vector<ImageReference> images = {};
  [[nodiscard]] bool includes(const FrameOfImage& frame) const;
};

// C.11.8: of the two the window, where both are there.
struct SoftcopyVoi {
  Scope scope = {};
  std::optional<Window> window = std::nullopt;
  std::optional<LookupTable> table = std::nullopt;
};

// C.10.4, in pixels of the image; the first has number 1, and areas may reach beyond it.
struct DisplayedArea {
  enum class Size : std::uint8_t { scale_to_fit, true_size, magnify };
  Scope scope = {};
  std::int64_t left = 1;
  std::int64_t top = 1;
  std::int64_t right = 1;  // included, as bottom is
  std::int64_t bottom = 1;
  Size size = Size::scale_to_fit;
  double magnification = 1;  // of `magnify`
  double pixel_aspect = 1;   // a pixel's height over its width
};

// C.7.6.11 and C.7.6.15: what is not within all of the shapes is covered.
struct Shutter {
  struct Rectangle {
    std::int64_t left = 1;  // the first column that is seen; so on
    std::int64_t right = 1;
    std::int64_t top = 1;
    std::int64_t bottom = 1;
  };
  struct Circle {
    Point center = {};
    double radius = 0;
  };
  std::optional<Rectangle> rectangle = std::nullopt;
  std::optional<Circle> circle = std::nullopt;
  std::vector<Point> polygon = {};
  std::optional<OverlayPlane> bitmap = std::nullopt;  // what is set is covered
  std::uint8_t level = 0;

  [[nodiscard]] bool has_any() const {
    return rectangle || circle || !polygon.empty() || bitmap.has_value();
  }
};

// C.10.5. PIXEL: in pixels of the image, (0, 0) the corner of the first. DISPLAY: in parts of the
// displayed area.
enum class Units : std::uint8_t { pixel, display };

struct GraphicObject {
  enum class Type : std::uint8_t { point, polyline, interpolated, circle, ellipse };
  Type type = Type::point;
  Units units = Units::pixel;
  std::vector<Point> points = {};  // as many as the type needs
  bool is_filled = false;
};

struct TextObject {
  enum class Justification : std::uint8_t { left, center, right };
  struct Box {
    Point first;  // two opposite corners
    Point second;
    Units units = Units::pixel;
  };
  struct Anchor {
    Point point = {};
    Units units = Units::pixel;
    bool is_visible = false;
  };
  std::vector<std::string> lines = {};
  std::optional<Box> box = std::nullopt;
  std::optional<Anchor> anchor = std::nullopt;  // one of the two is there
  Justification justification = Justification::left;
};

struct GraphicAnnotation {
  Scope scope = {};
  std::int64_t layer_order = 0;  // the highest is in front
  std::uint8_t level = 255;
  std::vector<GraphicObject> graphics = {};
  std::vector<TextObject> texts = {};
};

// An overlay that a layer activates (C.11.7): the presentation state's own, else the image's of
// that group.
struct ActiveOverlay {
  Tag group = 0;
  std::uint8_t level = 255;
  std::optional<OverlayPlane> plane = std::nullopt;
};

struct PresentationState {
  std::vector<ImageReference> images = {};
  Modality modality = {};  // without one: identity
  std::vector<SoftcopyVoi> voi = {};
  std::optional<LookupTable> presentation = std::nullopt;
  bool is_inverted = false;
  std::vector<ActiveOverlay> overlays = {};
  Shutter shutter = {};
  unsigned quarter_turns = 0;  // C.10.6: clockwise, from 0 to 3; before it is flipped
  bool is_flipped = false;     // horizontally
  std::vector<DisplayedArea> areas = {};
  std::vector<GraphicAnnotation> annotations = {};  // in the order in which they are drawn

  // What can be read is; items that no picture can be made of are left out. `not_supported`: it is
  // of another class than grayscale and color. `unprocessable`: a LUT is damaged. `too_large`: it
  // has more tables, graphics or text than any that people made.
  static Result<PresentationState> of(ObjectValues& values);
  // The grayscale of a frame (PS3.4 N.2: in place of the image's own).
  [[nodiscard]] Grayscale grayscale_of(const FrameOfImage& frame) const;
};

// 1.2.840.10008.5.1.4.1.1.11.*: of whatever kind.
[[nodiscard]] bool is_presentation_state(std::string_view sop_class_uid);

}  // namespace lightbox::dicom
