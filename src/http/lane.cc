#include "http/lane.h"

#include <fmt/format.h>
#include <sys/resource.h>

namespace lightbox::http {

Lane::Lane(Options options) : pool_(options.threads), options_(options) {
  if (options_.priority == Priority::normal) return;
  for (std::size_t i = 0; i < options_.threads; ++i) {
    // Linux gives each thread a priority of its own; a refusal costs fairness only. A thread of the
    // pool that takes two of these leaves another as it is: the lane then shares evenly.
    boost::asio::post(pool_, [] { (void)setpriority(PRIO_PROCESS, 0, 10); });
  }
}

Lane::~Lane() { pool_.join(); }

Result<void> Lane::post(std::function<void()> work) {
  if (waiting_.fetch_add(1) >= options_.waiting_max) {
    waiting_.fetch_sub(1);
    return full();
  }
  boost::asio::post(pool_, [this, work = std::move(work)] {
    work();
    waiting_.fetch_sub(1);
  });
  return {};
}

Problem Lane::full() const {
  return problem(ProblemKind::throttled,
                 fmt::format("{} {} are waiting already ({}); {}", options_.waiting_max,
                             options_.what_waits, options_.limit_name, options_.advice));
}

}  // namespace lightbox::http
