#include "base/new_id.h"

#include <chrono>
#include <fmt/format.h>
#include <random>

namespace lightbox {

std::string new_id() {
  // Random enough not to collide; ids are no secrets.
  thread_local std::mt19937_64 random{[] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }()};
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto ms = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
  const std::uint64_t high = random();
  const std::uint64_t low = random();
  return fmt::format("{:08x}-{:04x}-7{:03x}-{:04x}-{:012x}", (ms >> 16U) & 0xffffffffU,
                     ms & 0xffffU, high & 0xfffU, 0x8000U | ((high >> 12U) & 0x3fffU),
                     low & 0xffffffffffffU);
}

}  // namespace lightbox
