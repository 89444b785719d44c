#pragma once

// Where work goes that needs longer than a connection's thread may be held, such as a heavy search
// or a great Bundle: a few threads of low priority, with a bounded queue. So it never delays a
// read.

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstddef>
#include <functional>
#include <memory>

#include "base/result.h"
#include "rest/await.h"

namespace lightbox::rest {

class SlowLane {
 public:
  SlowLane(std::size_t threads, std::size_t waiting_max);
  ~SlowLane();  // waits for what runs
  SlowLane(const SlowLane&) = delete;
  SlowLane& operator=(const SlowLane&) = delete;

  // Runs `work` (which must not throw) and comes back on the caller's executor. `throttled` when
  // waiting_max pieces of work are in the lane already.
  template <typename T>
  boost::asio::awaitable<Result<T>> run(std::function<Result<T>()> work) {
    std::function<void(std::function<void(Result<T>)>)> start =
        [this, work = std::move(work)](std::function<void(Result<T>)> done) {
          if (waiting_.fetch_add(1) >= waiting_max_) {
            waiting_.fetch_sub(1);
            done(full());
            return;
          }
          boost::asio::post(pool_, [this, work, done = std::move(done)] {
            Result<T> result = work();
            waiting_.fetch_sub(1);
            done(std::move(result));
          });
        };
    return await_callback<Result<T>>(std::move(start));
  }

  // Runs `work`, which must not throw, and gives what it has to say itself. `throttled` as above.
  Result<void> post(std::function<void()> work);

 private:
  Problem full() const;

  boost::asio::thread_pool pool_;
  std::size_t waiting_max_;
  std::atomic<std::size_t> waiting_{0};
};

}  // namespace lightbox::rest
