#pragma once

// Why one operation of a patch fails (json_patch.cc, fhirpath_patch.cc).

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace lightbox::fhir {

struct PatchFault {
  std::string what;
  std::string_view code = "processing";  // an issue type
};
template <typename T>
using Tried = std::expected<T, PatchFault>;

inline std::unexpected<PatchFault> fault(std::string what, std::string_view code = "processing") {
  return std::unexpected(PatchFault{std::move(what), code});
}

}  // namespace lightbox::fhir
