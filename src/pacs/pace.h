#pragma once

// How fast a source may be asked, so that a clinical archive is never overrun: so many requests a
// second, so many at once, in the allowed hours only, and after a failure that may pass again with
// growing pauses.
//
// All members are safe from any thread.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>

#include "base/result.h"
#include "pacs/source.h"

namespace lightbox::pacs {

class Pace {
 public:
  // `is_stopped` ends every wait within a quarter of a second.
  Pace(const SourceOptions& source, std::function<bool()> is_stopped);

  // Blocks until a request may be made. False: it was stopped. After true, leave() when it is done.
  [[nodiscard]] bool enter();
  void leave();
  // Blocks before the next attempt, the longer the more there were; `least_ms`: what the source
  // asked for. False: it was stopped.
  [[nodiscard]] bool back_off(unsigned attempt, std::int64_t least_ms);

  [[nodiscard]] bool is_stopped() const { return is_stopped_(); }
  // Whether requests wait for the allowed hours.
  [[nodiscard]] bool is_out_of_hours() const;

 private:
  using Clock = std::chrono::steady_clock;
  bool wait_until(Clock::time_point instant) const;

  const SourceOptions& source_;
  std::function<bool()> is_stopped_;
  std::mutex mutex_;
  Clock::time_point next_;  // when the next request may begin
  unsigned under_way_ = 0;  // requests
  std::condition_variable left_;
};

// The problem of whoever was stopped.
[[nodiscard]] Problem stopped();

// Whether the same request may succeed later.
[[nodiscard]] bool may_pass(const Problem& problem);

// Makes a request at the source's pace, and again when its failure may pass. `least_wait_ms`: how
// long the source asked to wait, after a failure.
template <typename Request>
auto at_pace(Pace& pace, unsigned retries_max, Request&& request,
             const std::function<std::int64_t()>& least_wait_ms = {}) -> decltype(request()) {
  for (unsigned attempt = 0;; ++attempt) {
    if (!pace.enter()) return stopped();
    auto answer = request();
    pace.leave();
    if (answer) return answer;
    if (pace.is_stopped()) return stopped();
    if (!may_pass(answer.error()) || attempt >= retries_max) return answer;
    if (!pace.back_off(attempt, least_wait_ms ? least_wait_ms() : 0)) return stopped();
  }
}

}  // namespace lightbox::pacs
