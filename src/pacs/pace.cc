#include "pacs/pace.h"

#include <algorithm>
#include <thread>

#include "base/clock.h"

namespace lightbox::pacs {
namespace {

constexpr std::int64_t first_pause_ms = 500;
constexpr std::int64_t longest_pause_ms = 60'000;
constexpr std::int64_t asked_pause_max_ms = 600'000;  // whatever a Retry-After says
constexpr auto turn = std::chrono::milliseconds(250);

}  // namespace

Pace::Pace(const SourceOptions& source, std::function<bool()> is_stopped)
    : source_(source), is_stopped_(std::move(is_stopped)) {}

bool Pace::enter() {
  while (is_out_of_hours()) {
    if (is_stopped_()) return false;
    std::this_thread::sleep_for(turn);
  }
  Clock::time_point mine;
  {
    std::unique_lock lock(mutex_);
    while (under_way_ >= source_.connections_max) {
      if (is_stopped_()) return false;
      left_.wait_for(lock, turn);
    }
    ++under_way_;
    mine = std::max(next_, Clock::now());
    next_ = mine + std::chrono::duration_cast<Clock::duration>(
                       std::chrono::duration<double>(1 / source_.requests_per_second));
  }
  if (wait_until(mine)) return true;
  leave();
  return false;
}

void Pace::leave() {
  {
    const std::lock_guard lock(mutex_);
    --under_way_;
  }
  left_.notify_one();
}

bool Pace::back_off(unsigned attempt, std::int64_t least_ms) {
  constexpr unsigned doublings_max = 16;
  const std::int64_t growing =
      std::min(longest_pause_ms, first_pause_ms << std::min(attempt, doublings_max));
  const std::int64_t pause = std::max(growing, std::min(least_ms, asked_pause_max_ms));
  return wait_until(Clock::now() + std::chrono::milliseconds(pause));
}

bool Pace::is_out_of_hours() const {
  return until_allowed_ms(source_.hours, source_.time_zone, now_ms()) > 0;
}

bool Pace::wait_until(Clock::time_point instant) const {
  while (!is_stopped_()) {
    const auto now = Clock::now();
    if (now >= instant) return true;
    std::this_thread::sleep_for(std::min<Clock::duration>(turn, instant - now));
  }
  return false;
}

Problem stopped() { return problem(ProblemKind::request_timeout, "It was stopped"); }

bool may_pass(const Problem& problem) {
  return problem.kind == ProblemKind::unavailable || problem.kind == ProblemKind::throttled;
}

}  // namespace lightbox::pacs
