#pragma once

// How much the server takes on at once: connections in all and of one address, and bytes of request
// bodies. Safe from any thread.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/limits.h"

namespace lightbox::http {

class Admission {
 public:
  explicit Admission(const Limits& limits) : limits_(limits) {}

  enum class Verdict { admitted, too_many, too_many_of_address };
  // What was admitted must leave() with the same address.
  Verdict admit(const std::string& address);
  void leave(const std::string& address);
  [[nodiscard]] std::size_t connections_open() const { return open_.load(); }

  // False, and nothing held, when the total would pass requests_in_flight_bytes_max.
  [[nodiscard]] bool hold_bytes(std::size_t count);
  void release_bytes(std::size_t count) { bytes_held_.fetch_sub(count); }

 private:
  const Limits& limits_;
  std::atomic<std::size_t> open_{0};
  std::atomic<std::size_t> bytes_held_{0};
  std::mutex mutex_;
  std::unordered_map<std::string, std::size_t> open_of_address_;  // under mutex_
};

}  // namespace lightbox::http
