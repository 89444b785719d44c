#pragma once

// How a presentation state is read: its parts, and how much of it there may be. Not for others than
// presentation_state.cc and presentation_graphics.cc.

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "dicom/presentation_state.h"

namespace lightbox::dicom {

inline constexpr Tag referenced_image_sequence = 0x00081140;

// What is left of what one presentation state may have in all: far more than people draw, far less
// than would hold up others.
class PresentationBudget {
 public:
  Result<void> take_points(std::uint64_t count) { return take(points_, count, "graphic points"); }
  Result<void> take_objects(std::uint64_t count) { return take(objects_, count, "objects"); }
  Result<void> take_characters(std::uint64_t count) {
    return take(characters_, count, "characters of text");
  }
  Result<void> take_tables(std::uint64_t count) { return take(tables_, count, "LUTs"); }

 private:
  static Result<void> take(std::uint64_t& left, std::uint64_t count, std::string_view what);

  std::uint64_t points_ = 100'000;
  std::uint64_t objects_ = 10'000;
  std::uint64_t characters_ = 10'000;
  std::uint64_t tables_ = 100;
};

[[nodiscard]] std::vector<ImageReference> image_references_of(const DataSet& item);
[[nodiscard]] Scope scope_of(const DataSet& item);
// Of a value from 0 to FFFF.
[[nodiscard]] std::optional<std::uint8_t> level_of(const DataSet& data_set, Tag tag);

struct GraphicLayer {
  std::string name;
  std::int64_t order = 0;
  std::uint8_t level = 255;
};
[[nodiscard]] std::vector<GraphicLayer> graphic_layers_of(const DataSet& data_set);
// nullptr: there is none of that name.
[[nodiscard]] const GraphicLayer* find_layer(const std::vector<GraphicLayer>& layers,
                                             std::string_view name);
Result<std::vector<GraphicAnnotation>> graphic_annotations_of(
    ObjectValues& values, const std::vector<GraphicLayer>& layers, PresentationBudget& budget);

}  // namespace lightbox::dicom
