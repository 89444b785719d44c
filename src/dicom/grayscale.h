#pragma once

// From stored values to what is shown (PS3.3 C.11.1 and C.11.2, PS3.4 N.2): modality LUT, VOI LUT,
// and the inversion that the photometric interpretation asks for. Pure but for bulk values.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dicom/object_values.h"

namespace lightbox::dicom {

// C.11.1.1: a table over input values.
struct LookupTable {
  double first = 0;  // the input that the first entry is for
  std::vector<std::uint16_t> entries;
  double most = 0;  // that an entry can be

  // Below and above the table its ends.
  [[nodiscard]] double at(double input) const;
  // Of the item of a LUT sequence. `unprocessable` when its descriptor and data do not fit.
  static Result<LookupTable> of(const DataSet& item, ObjectValues& values);
};

struct Window {
  enum class Function : std::uint8_t { linear, linear_exact, sigmoid };
  double center = 0;
  double width = 1;
  Function function = Function::linear;

  // From 0 to 1 (C.11.2.1.2 and C.11.2.1.3).
  [[nodiscard]] double at(double input) const;
};
// "LINEAR", "linear-exact", …; nullopt for what there is not.
[[nodiscard]] std::optional<Window::Function> window_function(std::string_view name);

struct Modality {
  double slope = 1;
  double intercept = 0;
  std::optional<LookupTable> table = std::nullopt;

  [[nodiscard]] double at(double stored) const {
    return table ? table->at(stored) : stored * slope + intercept;
  }
};

// What an object says of how a frame of it is shown; of an enhanced one, its functional groups.
struct Grayscale {
  Modality modality;
  std::optional<Window> window = std::nullopt;    // the first that is given
  std::optional<LookupTable> voi = std::nullopt;  // taken without a window
  std::optional<double> padding = std::nullopt;   // Pixel Padding Value: no part of the picture
  bool is_whole_range = false;  // without window and VOI LUT: all that stored values can be
  std::optional<LookupTable> presentation = std::nullopt;  // C.11.6, after all else
  bool is_inverted = false;

  // `frame` is counted from 0. `unprocessable`.
  static Result<Grayscale> of(ObjectValues& values, std::uint32_t frame);
};
// Of the data set that has them: an image, an item of functional groups, a presentation state.
Result<std::optional<Modality>> modality_of(const DataSet& data_set, ObjectValues& values);
[[nodiscard]] std::optional<Window> window_of(const DataSet& data_set);
Result<std::optional<LookupTable>> voi_table_of(const DataSet& data_set, ObjectValues& values);

}  // namespace lightbox::dicom
