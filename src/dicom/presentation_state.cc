#include "dicom/presentation_state.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <iterator>

#include "dicom/presentation_reading.h"

namespace lightbox::dicom {
namespace {

constexpr std::string_view all_classes = "1.2.840.10008.5.1.4.1.1.11.";
constexpr std::string_view grayscale_class = "1.2.840.10008.5.1.4.1.1.11.1";
constexpr std::string_view color_class = "1.2.840.10008.5.1.4.1.1.11.2";

constexpr Tag referenced_frame_number = 0x00081160;
constexpr Tag shutter_shape = 0x00181600;
constexpr Tag shutter_left_vertical_edge = 0x00181602;
constexpr Tag shutter_right_vertical_edge = 0x00181604;
constexpr Tag shutter_upper_horizontal_edge = 0x00181606;
constexpr Tag shutter_lower_horizontal_edge = 0x00181608;
constexpr Tag center_of_circular_shutter = 0x00181610;
constexpr Tag radius_of_circular_shutter = 0x00181612;
constexpr Tag vertices_of_polygonal_shutter = 0x00181620;
constexpr Tag shutter_presentation_value = 0x00181622;
constexpr Tag shutter_overlay_group = 0x00181623;
constexpr Tag voi_lut_sequence = 0x00283010;
constexpr Tag softcopy_voi_lut_sequence = 0x00283110;
constexpr Tag overlay_activation_layer = 0x00001001;
constexpr Tag image_horizontal_flip = 0x00700041;
constexpr Tag image_rotation = 0x00700042;
constexpr Tag displayed_area_top_left = 0x00700052;
constexpr Tag displayed_area_bottom_right = 0x00700053;
constexpr Tag displayed_area_selection_sequence = 0x0070005A;
constexpr Tag presentation_size_mode = 0x00700100;
constexpr Tag presentation_pixel_spacing = 0x00700101;
constexpr Tag presentation_pixel_aspect_ratio = 0x00700102;
constexpr Tag presentation_pixel_magnification_ratio = 0x00700103;
constexpr Tag presentation_lut_sequence = 0x20500010;
constexpr Tag presentation_lut_shape = 0x20500020;
constexpr Tag overlay_data = 0x3000;

std::vector<ImageReference> references_of(const DataSet& data_set) {
  std::vector<ImageReference> all;
  for (const DataSet& series : data_set.items(tags::ReferencedSeriesSequence)) {
    std::ranges::move(image_references_of(series), std::back_inserter(all));
  }
  return all;
}

Result<std::vector<SoftcopyVoi>> voi_of(ObjectValues& values, PresentationBudget& budget) {
  std::vector<SoftcopyVoi> all;
  for (const DataSet& item : values.data_set().items(softcopy_voi_lut_sequence)) {
    SoftcopyVoi voi{.scope = scope_of(item), .window = window_of(item)};
    if (!voi.window) {
      TRY_DO(budget.take_tables(item.items(voi_lut_sequence).empty() ? 0 : 1));
      TRY(voi.table, voi_table_of(item, values));
    }
    if (voi.window || voi.table) all.push_back(std::move(voi));
  }
  return all;
}

// How much higher than wide a pixel is to be shown.
double pixel_aspect_of(const DataSet& item) {
  constexpr double most = 64;
  for (const Tag tag : {presentation_pixel_aspect_ratio, presentation_pixel_spacing}) {
    const auto sides = numbers_of(item, tag);
    if (sides.size() != 2 || sides[0] <= 0 || sides[1] <= 0) continue;
    const double aspect = sides[0] / sides[1];
    if (aspect >= 1 / most && aspect <= most) return aspect;
  }
  return 1;
}

std::vector<DisplayedArea> areas_of(const DataSet& data_set) {
  constexpr double magnification_max = 1000;
  std::vector<DisplayedArea> areas;
  for (const DataSet& item : data_set.items(displayed_area_selection_sequence)) {
    const auto first = numbers_of(item, displayed_area_top_left);
    const auto last = numbers_of(item, displayed_area_bottom_right);
    if (first.size() != 2 || last.size() != 2) continue;
    // Which corner is which is said of what is seen, turned and flipped (C.10.4).
    DisplayedArea area{.scope = scope_of(item),
                       .left = whole_of(std::min(first[0], last[0])),
                       .top = whole_of(std::min(first[1], last[1])),
                       .right = whole_of(std::max(first[0], last[0])),
                       .bottom = whole_of(std::max(first[1], last[1])),
                       .pixel_aspect = pixel_aspect_of(item)};
    const std::string_view mode = item.first(presentation_size_mode);
    if (mode == "TRUE SIZE") area.size = DisplayedArea::Size::true_size;
    if (mode == "MAGNIFY") {
      area.size = DisplayedArea::Size::magnify;
      const auto ratio = number_of(item, presentation_pixel_magnification_ratio).value_or(1);
      if (ratio > 0 && ratio <= magnification_max) area.magnification = ratio;
    }
    areas.push_back(std::move(area));
  }
  return areas;
}

// C.7.6.11.1: rows come before columns here.
Result<std::vector<Point>> vertices_of(const DataSet& data_set, PresentationBudget& budget) {
  const Element* element = data_set.find(vertices_of_polygonal_shutter);
  if (element == nullptr) return std::vector<Point>();
  TRY_DO(budget.take_points(element->bulk ? element->bulk->length / 2 : 0));
  const auto numbers = numbers_of(data_set, vertices_of_polygonal_shutter);
  TRY_DO(budget.take_points(numbers.size() / 2));
  std::vector<Point> points;
  for (std::size_t i = 0; i + 1 < numbers.size(); i += 2) {
    points.push_back({numbers[i + 1] - 0.5, numbers[i] - 0.5});
  }
  return points;
}

Result<Shutter> shutter_of(ObjectValues& values, PresentationBudget& budget) {
  const DataSet& data_set = values.data_set();
  Shutter shutter{.level = level_of(data_set, shutter_presentation_value).value_or(0)};
  const auto edge = [&](Tag tag) { return whole_of(number_of(data_set, tag).value_or(0)); };
  for (const std::string& shape : data_set.texts(shutter_shape)) {
    if (shape == "RECTANGULAR") {
      shutter.rectangle = {.left = edge(shutter_left_vertical_edge),
                           .right = edge(shutter_right_vertical_edge),
                           .top = edge(shutter_upper_horizontal_edge),
                           .bottom = edge(shutter_lower_horizontal_edge)};
    } else if (shape == "CIRCULAR") {
      const auto center = numbers_of(data_set, center_of_circular_shutter);
      const auto radius = number_of(data_set, radius_of_circular_shutter);
      if (center.size() != 2 || !radius) continue;
      shutter.circle = {.center = {center[1] - 0.5, center[0] - 0.5}, .radius = *radius};
    } else if (shape == "POLYGONAL") {
      TRY(shutter.polygon, vertices_of(data_set, budget));
    } else if (shape == "BITMAP") {
      const auto group = data_set.integer(shutter_overlay_group).value_or(0);
      if (group < 0x6000 || group > 0x601E || group % 2 != 0) continue;
      TRY(shutter.bitmap, overlay_plane_of(values, static_cast<Tag>(group) << 16U, 0));
    }
  }
  return shutter;
}

// C.11.7.
Result<std::vector<ActiveOverlay>> overlays_of(ObjectValues& values,
                                               const std::vector<GraphicLayer>& layers) {
  const DataSet& data_set = values.data_set();
  std::vector<ActiveOverlay> overlays;
  for (Tag group = 0x60000000; group <= 0x601E0000; group += 0x00020000) {
    const std::string_view name = data_set.first(group | overlay_activation_layer);
    if (name.empty()) continue;
    ActiveOverlay overlay{.group = group};
    if (const GraphicLayer* layer = find_layer(layers, name)) overlay.level = layer->level;
    if (data_set.find(group | overlay_data) != nullptr) {
      TRY(overlay.plane, overlay_plane_of(values, group, 0));
      if (!overlay.plane) continue;
    }
    overlays.push_back(std::move(overlay));
  }
  return overlays;
}

}  // namespace

Result<void> PresentationBudget::take(std::uint64_t& left, std::uint64_t count,
                                      std::string_view what) {
  if (count > left) {
    return problem(ProblemKind::too_large,
                   fmt::format("The presentation state has too many {} to be shown", what));
  }
  left -= count;
  return {};
}

bool is_presentation_state(std::string_view sop_class_uid) {
  return sop_class_uid.starts_with(all_classes);
}

std::vector<ImageReference> image_references_of(const DataSet& item) {
  std::vector<ImageReference> references;
  for (const DataSet& image : item.items(referenced_image_sequence)) {
    ImageReference reference;
    reference.sop_instance_uid = image.first(tags::ReferencedSOPInstanceUID);
    for (const double frame : numbers_of(image, referenced_frame_number)) {
      const std::int64_t number = whole_of(frame);
      if (number >= 1) reference.frames.push_back(static_cast<std::uint32_t>(number));
    }
    if (!reference.sop_instance_uid.empty()) references.push_back(std::move(reference));
  }
  return references;
}

Scope scope_of(const DataSet& item) { return {.images = image_references_of(item)}; }

bool Scope::includes(const FrameOfImage& frame) const {
  return images.empty() || std::ranges::any_of(images, [&](const ImageReference& image) {
           return image.sop_instance_uid == frame.sop_instance_uid &&
                  (image.frames.empty() ||
                   std::ranges::find(image.frames, frame.frame + 1) != image.frames.end());
         });
}

std::optional<std::uint8_t> level_of(const DataSet& data_set, Tag tag) {
  const auto value = number_of(data_set, tag);
  if (!value) return std::nullopt;
  return static_cast<std::uint8_t>(std::clamp<std::int64_t>(whole_of(*value), 0, 0xFFFF) >> 8);
}

Result<PresentationState> PresentationState::of(ObjectValues& values) {
  const DataSet& data_set = values.data_set();
  const std::string_view its_class = data_set.first(tags::SOPClassUID);
  if (its_class != grayscale_class && its_class != color_class) {
    return problem(
        ProblemKind::not_supported,
        fmt::format("Presentation states of class {} are not applied: Grayscale ({}) and "
                    "Color Softcopy Presentation State ({}) are",
                    its_class, grayscale_class, color_class));
  }
  PresentationBudget budget;
  PresentationState state{.images = references_of(data_set)};
  TRY(auto modality, modality_of(data_set, values));
  if (modality) state.modality = std::move(*modality);
  TRY(state.voi, voi_of(values, budget));
  if (const auto& tables = data_set.items(presentation_lut_sequence); !tables.empty()) {
    TRY(state.presentation, LookupTable::of(tables.front(), values));
  }
  state.is_inverted = data_set.first(presentation_lut_shape) == "INVERSE";
  const auto layers = graphic_layers_of(data_set);
  TRY(state.overlays, overlays_of(values, layers));
  TRY(state.shutter, shutter_of(values, budget));
  const std::int64_t degrees = data_set.integer(image_rotation).value_or(0) % 360;
  state.quarter_turns = static_cast<unsigned>((degrees + 360) % 360 / 90);
  state.is_flipped = data_set.first(image_horizontal_flip) == "Y";
  state.areas = areas_of(data_set);
  TRY(state.annotations, graphic_annotations_of(values, layers, budget));
  return state;
}

Grayscale PresentationState::grayscale_of(const FrameOfImage& frame) const {
  Grayscale grayscale{.modality = modality,
                      .is_whole_range = true,
                      .presentation = presentation,
                      .is_inverted = is_inverted};
  for (const SoftcopyVoi& item : voi) {
    if (!item.scope.includes(frame)) continue;
    grayscale.window = item.window;
    grayscale.voi = item.table;
    break;
  }
  return grayscale;
}

}  // namespace lightbox::dicom
