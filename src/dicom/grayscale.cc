#include "dicom/grayscale.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <fmt/format.h>

namespace lightbox::dicom {
namespace {

constexpr Tag pixel_padding_value = 0x00280120;
constexpr Tag window_center = 0x00281050;
constexpr Tag window_width = 0x00281051;
constexpr Tag rescale_intercept = 0x00281052;
constexpr Tag rescale_slope = 0x00281053;
constexpr Tag voi_lut_function = 0x00281056;
constexpr Tag modality_lut_sequence = 0x00283000;
constexpr Tag lut_descriptor = 0x00283002;
constexpr Tag lut_data = 0x00283006;
constexpr Tag voi_lut_sequence = 0x00283010;
constexpr Tag frame_voi_lut_sequence = 0x00289132;
constexpr Tag pixel_value_transformation_sequence = 0x00289145;
constexpr Tag shared_functional_groups = 0x52009229;
constexpr Tag per_frame_functional_groups = 0x52009230;
constexpr Tag photometric_interpretation = 0x00280004;

bool is_same(std::string_view a, std::string_view b) {
  const auto plain = [](char c) {
    if (c == '-') return '_';
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  };
  return std::ranges::equal(a, b, [&](char x, char y) { return plain(x) == plain(y); });
}

// The macro's item of that frame's functional groups, or of those of all frames.
const DataSet* functional_group(const DataSet& data_set, std::uint32_t frame, Tag macro) {
  const auto item_of = [&](const DataSet& groups) -> const DataSet* {
    const auto& items = groups.items(macro);
    return items.empty() ? nullptr : &items.front();
  };
  const auto& of_frames = data_set.items(per_frame_functional_groups);
  if (frame < of_frames.size()) {
    if (const DataSet* item = item_of(of_frames[frame])) return item;
  }
  const auto& shared = data_set.items(shared_functional_groups);
  return shared.empty() ? nullptr : item_of(shared.front());
}

}  // namespace

double LookupTable::at(double input) const {
  const double index = std::round(input - first);
  if (!(index > 0)) return entries.front();  // NaN, too: floating point pixel data has it
  return entries[static_cast<std::size_t>(
      std::min(index, static_cast<double>(entries.size() - 1)))];
}

Result<LookupTable> LookupTable::of(const DataSet& item, ObjectValues& values) {
  const auto wrong = [](std::string_view what) {
    return problem(ProblemKind::unprocessable, fmt::format("A LUT cannot be used: {}", what));
  };
  const auto descriptor = numbers_of(item, lut_descriptor);
  const Element* data = item.find(lut_data);
  if (descriptor.size() != 3 || data == nullptr) {
    return wrong("its descriptor has three values, and data must be there");
  }
  // The first and last are unsigned even where the second is not.
  const auto unsigned_16 = [](double number) {
    return static_cast<std::uint16_t>(whole_of(number));
  };
  std::size_t count = unsigned_16(descriptor[0]);
  if (count == 0) count = 65536;
  const unsigned bits = unsigned_16(descriptor[2]);
  if (bits < 1 || bits > 16) return wrong("entries have 1 to 16 bits");
  TRY(const std::string bytes, values.bytes_of(*data));
  LookupTable table{.first = descriptor[1], .entries = {}, .most = std::exp2(bits) - 1};
  if (bytes.size() >= count * 2) {
    table.entries.resize(count);
    std::memcpy(table.entries.data(), bytes.data(), count * 2);
  } else if (bits <= 8 && bytes.size() >= count) {
    table.entries.assign(reinterpret_cast<const unsigned char*>(bytes.data()),
                         reinterpret_cast<const unsigned char*>(bytes.data()) + count);
  } else {
    return wrong(fmt::format("it has {} bytes for {} entries", bytes.size(), count));
  }
  return table;
}

double Window::at(double input) const {
  switch (function) {
    case Function::sigmoid:
      return 1 / (1 + std::exp(-4 * (input - center) / width));
    case Function::linear_exact:
      return std::clamp((input - center) / width + 0.5, 0.0, 1.0);
    case Function::linear:
      break;
  }
  if (width <= 1) return input <= center - 0.5 ? 0 : 1;
  return std::clamp((input - (center - 0.5)) / (width - 1) + 0.5, 0.0, 1.0);
}

std::optional<Window::Function> window_function(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, Window::Function>, 3> functions = {
      {{"LINEAR", Window::Function::linear},
       {"LINEAR_EXACT", Window::Function::linear_exact},
       {"SIGMOID", Window::Function::sigmoid}}};
  for (const auto& [its_name, function] : functions) {
    if (is_same(name, its_name)) return function;
  }
  return std::nullopt;
}

Result<std::optional<Modality>> modality_of(const DataSet& data_set, ObjectValues& values) {
  if (const auto& tables = data_set.items(modality_lut_sequence); !tables.empty()) {
    Modality modality;
    TRY(modality.table, LookupTable::of(tables.front(), values));
    return std::optional(std::move(modality));
  }
  const auto slope = number_of(data_set, rescale_slope);
  const auto intercept = number_of(data_set, rescale_intercept);
  if (!slope && !intercept) return std::optional<Modality>();
  Modality modality{.intercept = intercept.value_or(0)};
  if (slope && *slope != 0) modality.slope = *slope;
  return std::optional(std::move(modality));
}

std::optional<Window> window_of(const DataSet& data_set) {
  const auto center = number_of(data_set, window_center);
  const auto width = number_of(data_set, window_width);
  if (!center || !width) return std::nullopt;
  Window window{.center = *center, .width = *width};
  window.function =
      window_function(data_set.first(voi_lut_function)).value_or(Window::Function::linear);
  const double least = window.function == Window::Function::linear ? 1 : 0;
  if (*width < least || *width == 0) return std::nullopt;
  return window;
}

Result<std::optional<LookupTable>> voi_table_of(const DataSet& data_set, ObjectValues& values) {
  const auto& tables = data_set.items(voi_lut_sequence);
  if (tables.empty()) return std::optional<LookupTable>();
  TRY(auto table, LookupTable::of(tables.front(), values));
  return std::optional(std::move(table));
}

Result<Grayscale> Grayscale::of(ObjectValues& values, std::uint32_t frame) {
  const DataSet& data_set = values.data_set();
  Grayscale grayscale;
  const DataSet* transformation =
      functional_group(data_set, frame, pixel_value_transformation_sequence);
  TRY(auto modality, modality_of(transformation != nullptr ? *transformation : data_set, values));
  if (modality) grayscale.modality = std::move(*modality);
  const DataSet* voi = functional_group(data_set, frame, frame_voi_lut_sequence);
  const DataSet& shown = voi != nullptr ? *voi : data_set;
  grayscale.window = window_of(shown);
  if (!grayscale.window) {
    TRY(grayscale.voi, voi_table_of(shown, values));
  }
  grayscale.padding = number_of(data_set, pixel_padding_value);
  grayscale.is_inverted = data_set.first(photometric_interpretation) == "MONOCHROME1";
  return grayscale;
}

}  // namespace lightbox::dicom
