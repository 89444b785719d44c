#pragma once

// One JSON value of an attribute as the bytes of a data set: what ParsedJson is made of (PS3.18
// F.2.2). Pure functions; safe from any thread.

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "dicom/vr.h"

namespace lightbox::dicom {

// A string, number or null of JSON. A number is its text.
struct JsonScalar {
  enum class Kind : std::uint8_t { null, string, number };
  Kind kind = Kind::null;
  std::string_view text;
};

// Appends the value to those before it; `index` is its own. What would be right, when it is wrong.
[[nodiscard]] std::optional<std::string> append_scalar(Vr vr, const JsonScalar& scalar,
                                                       std::size_t index, std::string& bytes);

}  // namespace lightbox::dicom
