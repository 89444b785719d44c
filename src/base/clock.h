#pragma once

// The time of day, for what is compared with other processes' or kept.

#include <chrono>
#include <cstdint>

namespace lightbox {

// In ms since 1970.
[[nodiscard]] inline std::int64_t now_ms() {
  using std::chrono::duration_cast, std::chrono::milliseconds, std::chrono::system_clock;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace lightbox
