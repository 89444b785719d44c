#include "rest/slow_lane.h"

#include <fmt/format.h>
#include <sys/resource.h>

namespace lightbox::rest {

SlowLane::SlowLane(std::size_t threads, std::size_t waiting_max)
    : pool_(threads), waiting_max_(waiting_max) {
  for (std::size_t i = 0; i < threads; ++i) {
    // Linux gives each thread a priority of its own; a refusal costs fairness only. A thread of the
    // pool that takes two of these leaves another as it is: the lane then shares evenly.
    boost::asio::post(pool_, [] { (void)setpriority(PRIO_PROCESS, 0, 10); });
  }
}

SlowLane::~SlowLane() { pool_.join(); }

Result<void> SlowLane::post(std::function<void()> work) {
  if (waiting_.fetch_add(1) >= waiting_max_) {
    waiting_.fetch_sub(1);
    return full();
  }
  boost::asio::post(pool_, [this, work = std::move(work)] {
    work();
    waiting_.fetch_sub(1);
  });
  return {};
}

Problem SlowLane::full() const {
  return problem(ProblemKind::throttled,
                 fmt::format("{} long searches and great Bundles are waiting already "
                             "(slow_searches_max); try again later, or narrow the search",
                             waiting_max_));
}

}  // namespace lightbox::rest
