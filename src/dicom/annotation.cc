#include "dicom/annotation.h"

#include <algorithm>
#include <fmt/format.h>
#include <span>

#include "dicom/object_values.h"
#include "dicom/typeface.h"

namespace lightbox::dicom {
namespace {

constexpr Tag institution_name = 0x00080080;
constexpr Tag study_description = 0x00081030;
constexpr Tag series_description = 0x0008103E;
constexpr Tag patient_birth_date = 0x00100030;
constexpr Tag patient_sex = 0x00100040;
constexpr Tag slice_thickness = 0x00180050;
constexpr Tag kvp = 0x00180060;
constexpr Tag repetition_time = 0x00180080;
constexpr Tag echo_time = 0x00180081;
constexpr Tag x_ray_tube_current = 0x00181151;
constexpr Tag exposure = 0x00181152;
constexpr Tag effective_echo_time = 0x00189082;
constexpr Tag x_ray_tube_current_in_ma = 0x00189330;
constexpr Tag exposure_in_mas = 0x00189332;
constexpr Tag shared_functional_groups = 0x52009229;
constexpr Tag per_frame_functional_groups = 0x52009230;

// PS3.5 6.2.1.1: "Doe^Jane^Q=…" as "Doe, Jane Q"; the first of the groups that is there.
std::string person_of(std::string_view value) {
  while (value.starts_with('=')) value.remove_prefix(1);
  value = value.substr(0, value.find('='));
  const std::string_view family = value.substr(0, value.find('^'));
  std::string given;
  for (std::string_view rest = value.substr(family.size()); !rest.empty();) {
    rest.remove_prefix(1);
    const std::string_view part = rest.substr(0, rest.find('^'));
    if (!part.empty() && !given.empty()) given += ' ';
    given += part;
    rest.remove_prefix(part.size());
  }
  return std::string(family) + (family.empty() || given.empty() ? "" : ", ") + given;
}

std::string date_of(std::string_view date) {
  if (date.size() != 8) return std::string(date);
  return fmt::format("{}-{}-{}", date.substr(0, 4), date.substr(4, 2), date.substr(6));
}

void add_line(std::vector<std::string>& lines, std::string_view label, const std::string& value) {
  if (!value.empty()) lines.push_back(std::string(label) + value);
}

// Of the image, else of the frame's functional groups: of whichever macro has it.
std::optional<double> find_number(const DataSet& data_set, std::uint32_t frame, Tag tag) {
  if (const auto number = number_of(data_set, tag)) return number;
  const auto of_groups = [tag](const DataSet& groups) -> std::optional<double> {
    for (const Element& macro : groups.elements) {
      if (macro.items.empty()) continue;
      if (const auto number = number_of(macro.items.front(), tag)) return number;
    }
    return std::nullopt;
  };
  const auto& of_frames = data_set.items(per_frame_functional_groups);
  if (frame < of_frames.size()) {
    if (const auto number = of_groups(of_frames[frame])) return number;
  }
  const auto& shared = data_set.items(shared_functional_groups);
  return shared.empty() ? std::nullopt : of_groups(shared.front());
}

struct Measure {
  std::string_view form;  // of the number
  std::vector<Tag> tags;  // the first that is there
};

// Several in one line.
std::string measures_of(const DataSet& data_set, std::uint32_t frame,
                        std::initializer_list<Measure> measures) {
  std::string line;
  for (const Measure& measure : measures) {
    std::optional<double> number;
    for (const Tag tag : measure.tags) {
      if (!number) number = find_number(data_set, frame, tag);
    }
    if (!number) continue;
    if (!line.empty()) line += "  ";
    line += fmt::format(fmt::runtime(measure.form), *number);
  }
  return line;
}

enum class Side : std::uint8_t { left, right };

// Lines of a corner, and how they are set.
class Setting {
 public:
  Setting(const Typeface& typeface, Picture& picture, std::int64_t margin)
      : typeface_(typeface), picture_(picture), margin_(margin) {}

  [[nodiscard]] std::size_t lines_max(std::size_t corners) const {
    const std::int64_t room = std::int64_t{picture_.rows} - 2 * margin_;
    const auto lines = std::max<std::int64_t>(0, room) / typeface_.line_height();
    return static_cast<std::size_t>(lines) / std::max<std::size_t>(1, corners);
  }
  // A line has the picture's width, or half of it where there is one on the other side, too.
  void draw(std::span<const std::string> lines, std::size_t beside, Side side, std::int64_t top) {
    const std::int64_t all = std::max<std::int64_t>(0, picture_.columns - 2 * margin_);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const auto room = static_cast<std::uint32_t>(i < beside ? all / 2 : all);
      const std::string text = typeface_.shortened(lines[i], room);
      const std::int64_t x =
          side == Side::left ? margin_ : picture_.columns - margin_ - typeface_.width_of(text);
      if (!text.empty()) {
        typeface_.draw(picture_, x, top + static_cast<std::int64_t>(i) * typeface_.line_height(),
                       text, {});
      }
    }
  }

 private:
  const Typeface& typeface_;
  Picture& picture_;
  std::int64_t margin_;
};

}  // namespace

void add_patient(const DataSet& data_set, Annotation& annotation) {
  auto& lines = annotation.top_left;
  add_line(lines, "", person_of(data_set.text(tags::PatientName)));
  add_line(lines, "ID ", data_set.text(tags::PatientID));
  add_line(lines, "Born ", date_of(data_set.first(patient_birth_date)));
  add_line(lines, "Sex ", std::string(data_set.first(patient_sex)));
}

void add_technique(const DataSet& data_set, const ShownFrame& frame, Annotation& annotation) {
  auto& about = annotation.top_right;
  add_line(about, "", data_set.text(institution_name));
  add_line(about, "", date_of(data_set.first(tags::StudyDate)));
  add_line(about, "", data_set.text(study_description));
  add_line(about, "", data_set.text(series_description));

  auto& how = annotation.bottom_left;
  const auto measured = [&](std::initializer_list<Measure> measures) {
    add_line(how, "", measures_of(data_set, frame.number, measures));
  };
  add_line(how, "", std::string(data_set.first(tags::Modality)));
  measured({{"{:g} kV", {kvp}},
            {"{:g} mA", {x_ray_tube_current, x_ray_tube_current_in_ma}},
            {"{:g} mAs", {exposure, exposure_in_mas}}});
  measured({{"TR {:g} ms", {repetition_time}}, {"TE {:g} ms", {echo_time, effective_echo_time}}});
  measured({{"Slice {:g} mm", {slice_thickness}}});

  auto& which = annotation.bottom_right;
  add_line(which, "Series ", std::string(data_set.first(tags::SeriesNumber)));
  add_line(which, "Image ", std::string(data_set.first(tags::InstanceNumber)));
  if (frame.count > 1) which.push_back(fmt::format("Frame {}/{}", frame.number + 1, frame.count));
  if (frame.window) {
    which.push_back(fmt::format("W {:g} L {:g}", frame.window->width, frame.window->center));
  }
}

Result<void> draw_annotation(const Annotation& annotation, Picture& picture) {
  // Some 40 lines in the height of a picture; none so small that it cannot be read.
  constexpr std::uint32_t lines_per_picture = 40;
  constexpr std::uint32_t size_min = 10;
  const std::uint32_t smaller = std::min(picture.columns, picture.rows);
  TRY(const auto typeface, Typeface::of_size(std::max(size_min, smaller / lines_per_picture)));
  const std::int64_t margin = smaller / 100;
  Setting setting(typeface, picture, margin);
  const auto& [top_left, top_right, bottom_left, bottom_right] = annotation;
  const bool has_top = !top_left.empty() || !top_right.empty();
  const bool has_bottom = !bottom_left.empty() || !bottom_right.empty();
  const std::size_t lines_max = setting.lines_max(has_top && has_bottom ? 2 : 1);
  const auto first = [&](const std::vector<std::string>& lines) {
    return std::span(lines).first(std::min(lines.size(), lines_max));
  };
  setting.draw(first(top_left), first(top_right).size(), Side::left, margin);
  setting.draw(first(top_right), first(top_left).size(), Side::right, margin);
  // Both begin on the same line, so that the longer of them ends at the bottom.
  const std::size_t rows = std::max(first(bottom_left).size(), first(bottom_right).size());
  const std::int64_t height = static_cast<std::int64_t>(rows) * typeface.line_height();
  const std::int64_t top = picture.rows - margin - height;
  setting.draw(first(bottom_left), first(bottom_right).size(), Side::left, top);
  setting.draw(first(bottom_right), first(bottom_left).size(), Side::right, top);
  return {};
}

}  // namespace lightbox::dicom
