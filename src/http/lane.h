#pragma once

// Where work goes that needs longer than a connection's thread may be held, such as a heavy search,
// a great Bundle or a write to the disk: a few threads with a bounded queue. So it never delays a
// read. Safe from any thread.

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstddef>
#include <functional>
#include <memory>

#include "base/result.h"
#include "http/await.h"

namespace lightbox::http {

class Lane {
 public:
  enum class Priority : unsigned char { low, normal };
  struct Options {
    std::size_t threads = 2;
    std::size_t waiting_max = 64;
    Priority priority = Priority::normal;
    // For the problem of a full lane; literals: "long searches", "slow_searches_max", "try again
    // later".
    const char* what_waits = "";
    const char* limit_name = "";
    const char* advice = "";
  };
  explicit Lane(Options options);
  ~Lane();  // waits for what runs
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // Runs `work` (which must not throw) and comes back on the caller's executor. `throttled` when
  // waiting_max pieces of work are in the lane already.
  template <typename T>
  boost::asio::awaitable<Result<T>> run(std::function<Result<T>()> work) {
    std::function<void(std::function<void(Result<T>)>)> start =
        [this, work = std::move(work)](std::function<void(Result<T>)> done) {
          if (waiting_.fetch_add(1) >= options_.waiting_max) {
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
  Options options_;
  std::atomic<std::size_t> waiting_{0};
};

}  // namespace lightbox::http
