#pragma once

// At most so many requests begin in any second, however close together; of fewer than one a second,
// one in the time that this makes. Does not wait, and is told the time. Not thread-safe.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <vector>

namespace lightbox::pacs {

class RequestRate {
 public:
  using Clock = std::chrono::steady_clock;

  explicit RequestRate(double per_second)
      : period_(std::chrono::duration_cast<Clock::duration>(
            std::chrono::duration<double>(whole(per_second) / per_second))),
        begun_(static_cast<std::size_t>(whole(per_second)), Clock::time_point(-period_)) {}

  // From when on the next may begin.
  [[nodiscard]] Clock::time_point next() const { return begun_[at_] + period_; }
  // One begins.
  void count(Clock::time_point now) {
    begun_[at_] = now;
    at_ = (at_ + 1) % begun_.size();
  }

 private:
  static double whole(double per_second) { return std::max(1.0, std::floor(per_second)); }

  Clock::duration period_;
  std::vector<Clock::time_point> begun_;  // the last ones: a ring, with the oldest at at_
  std::size_t at_ = 0;
};

}  // namespace lightbox::pacs
