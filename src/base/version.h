#pragma once

#include <string_view>

namespace lightbox {

inline constexpr std::string_view version = "0.1.0";
inline constexpr std::string_view release_date = "2026-11-24";

}  // namespace lightbox
