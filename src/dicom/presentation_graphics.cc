// The graphic annotations of a presentation state, and their layers (PS3.3 C.10.5 and C.10.7).

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "dicom/presentation_reading.h"

namespace lightbox::dicom {
namespace {

constexpr Tag graphic_annotation_sequence = 0x00700001;
constexpr Tag graphic_layer = 0x00700002;
constexpr Tag bounding_box_annotation_units = 0x00700003;
constexpr Tag anchor_point_annotation_units = 0x00700004;
constexpr Tag graphic_annotation_units = 0x00700005;
constexpr Tag unformatted_text_value = 0x00700006;
constexpr Tag text_object_sequence = 0x00700008;
constexpr Tag graphic_object_sequence = 0x00700009;
constexpr Tag bounding_box_top_left = 0x00700010;
constexpr Tag bounding_box_bottom_right = 0x00700011;
constexpr Tag bounding_box_justification = 0x00700012;
constexpr Tag anchor_point = 0x00700014;
constexpr Tag anchor_point_visibility = 0x00700015;
constexpr Tag graphic_data = 0x00700022;
constexpr Tag graphic_type = 0x00700023;
constexpr Tag graphic_filled = 0x00700024;
constexpr Tag graphic_layer_sequence = 0x00700060;
constexpr Tag graphic_layer_order = 0x00700062;
constexpr Tag recommended_display_grayscale_value = 0x00700066;
constexpr Tag recommended_display_cielab_value = 0x00700401;

std::optional<Units> units_of(const DataSet& item, Tag tag) {
  const std::string_view name = item.first(tag);
  if (name == "PIXEL") return Units::pixel;
  if (name == "DISPLAY") return Units::display;
  return std::nullopt;
}

std::optional<Point> point_of(const DataSet& item, Tag tag) {
  const auto numbers = numbers_of(item, tag);
  if (numbers.size() != 2 || !std::isfinite(numbers[0]) || !std::isfinite(numbers[1])) {
    return std::nullopt;
  }
  return Point{numbers[0], numbers[1]};
}

// Empty when one is no number.
Result<std::vector<Point>> points_of(const DataSet& item, ObjectValues& values,
                                     PresentationBudget& budget) {
  const Element* element = item.find(graphic_data);
  if (element == nullptr || element->vr != Vr::FL) return std::vector<Point>();
  constexpr std::size_t point_bytes = 2 * sizeof(float);
  const std::uint64_t length = element->bulk ? element->bulk->length : element->value.size();
  TRY_DO(budget.take_points(length / point_bytes));
  TRY(const std::string bytes, values.bytes_of(*element));
  std::vector<Point> points;
  for (std::size_t at = 0; at + point_bytes <= bytes.size(); at += point_bytes) {
    std::array<float, 2> pair{};
    std::memcpy(pair.data(), bytes.data() + at, point_bytes);
    if (!std::isfinite(pair[0]) || !std::isfinite(pair[1])) return std::vector<Point>();
    points.push_back({pair[0], pair[1]});
  }
  return points;
}

struct TypeOfGraphic {
  std::string_view name;
  GraphicObject::Type type;
  std::size_t points_min;
  std::size_t points_max;
};
constexpr std::array<TypeOfGraphic, 5> graphic_types = {
    {{"POINT", GraphicObject::Type::point, 1, 1},
     {"POLYLINE", GraphicObject::Type::polyline, 2, SIZE_MAX},
     {"INTERPOLATED", GraphicObject::Type::interpolated, 2, SIZE_MAX},
     {"CIRCLE", GraphicObject::Type::circle, 2, 2},
     {"ELLIPSE", GraphicObject::Type::ellipse, 4, 4}}};

Result<std::optional<GraphicObject>> graphic_of(const DataSet& item, ObjectValues& values,
                                                PresentationBudget& budget) {
  const auto units = units_of(item, graphic_annotation_units);
  const auto* const type =
      std::ranges::find(graphic_types, item.first(graphic_type), &TypeOfGraphic::name);
  if (!units || type == graphic_types.end()) return std::optional<GraphicObject>();
  GraphicObject graphic{.type = type->type, .units = *units};
  TRY(graphic.points, points_of(item, values, budget));
  if (graphic.points.size() < type->points_min || graphic.points.size() > type->points_max) {
    return std::optional<GraphicObject>();
  }
  graphic.is_filled = item.first(graphic_filled) == "Y";
  return std::optional(std::move(graphic));
}

// Lines end with CR, LF or both.
std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of("\r\n"), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
    text.remove_prefix(text.starts_with("\r\n") ? 2 : std::min<std::size_t>(1, text.size()));
  }
  return lines;
}

Result<std::optional<TextObject>> text_of(const DataSet& item, PresentationBudget& budget) {
  const std::string value = item.text(unformatted_text_value);
  TRY_DO(budget.take_characters(value.size()));
  TextObject text{.lines = lines_of(value)};
  const auto first = point_of(item, bounding_box_top_left);
  const auto second = point_of(item, bounding_box_bottom_right);
  const auto box_units = units_of(item, bounding_box_annotation_units);
  if (first && second && box_units) {
    text.box = {.first = *first, .second = *second, .units = *box_units};
  }
  const auto anchor = point_of(item, anchor_point);
  const auto anchor_units = units_of(item, anchor_point_annotation_units);
  if (anchor && anchor_units) {
    text.anchor = {.point = *anchor,
                   .units = *anchor_units,
                   .is_visible = item.first(anchor_point_visibility) == "Y"};
  }
  const std::string_view justification = item.first(bounding_box_justification);
  if (justification == "CENTER") text.justification = TextObject::Justification::center;
  if (justification == "RIGHT") text.justification = TextObject::Justification::right;
  if (text.lines.empty() || (!text.box && !text.anchor)) return std::optional<TextObject>();
  return std::optional(std::move(text));
}

Result<GraphicAnnotation> annotation_of(const DataSet& item, ObjectValues& values,
                                        PresentationBudget& budget) {
  GraphicAnnotation annotation{.scope = scope_of(item)};
  const auto& graphics = item.items(graphic_object_sequence);
  const auto& texts = item.items(text_object_sequence);
  TRY_DO(budget.take_objects(1 + graphics.size() + texts.size()));
  for (const DataSet& one : graphics) {
    TRY(auto graphic, graphic_of(one, values, budget));
    if (graphic) annotation.graphics.push_back(std::move(*graphic));
  }
  for (const DataSet& one : texts) {
    TRY(auto text, text_of(one, budget));
    if (text) annotation.texts.push_back(std::move(*text));
  }
  return annotation;
}

}  // namespace

std::vector<GraphicLayer> graphic_layers_of(const DataSet& data_set) {
  // People have a few; each annotation looks for its own among them.
  constexpr std::size_t layers_max = 1000;
  std::vector<GraphicLayer> layers;
  for (const DataSet& item : data_set.items(graphic_layer_sequence)) {
    if (layers.size() == layers_max) break;
    GraphicLayer layer{.name = std::string(item.first(graphic_layer)),
                       .order = item.integer(graphic_layer_order).value_or(0)};
    auto level = level_of(item, recommended_display_grayscale_value);
    // The first of the three is the lightness.
    if (!level) level = level_of(item, recommended_display_cielab_value);
    layer.level = level.value_or(255);
    layers.push_back(std::move(layer));
  }
  return layers;
}

const GraphicLayer* find_layer(const std::vector<GraphicLayer>& layers, std::string_view name) {
  const auto found = std::ranges::find(layers, name, &GraphicLayer::name);
  return found == layers.end() ? nullptr : &*found;
}

Result<std::vector<GraphicAnnotation>> graphic_annotations_of(
    ObjectValues& values, const std::vector<GraphicLayer>& layers, PresentationBudget& budget) {
  std::vector<GraphicAnnotation> annotations;
  for (const DataSet& item : values.data_set().items(graphic_annotation_sequence)) {
    TRY(auto annotation, annotation_of(item, values, budget));
    if (const GraphicLayer* layer = find_layer(layers, item.first(graphic_layer))) {
      annotation.layer_order = layer->order;
      annotation.level = layer->level;
    }
    annotations.push_back(std::move(annotation));
  }
  std::ranges::stable_sort(annotations, {}, &GraphicAnnotation::layer_order);
  return annotations;
}

}  // namespace lightbox::dicom
