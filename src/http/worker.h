#pragma once

// One thread of the server: an io_context, its sockets and their deadlines. And what the threads
// share.

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/admission.h"
#include "http/connection.h"
#include "http/reactor.h"
#include "http/server.h"

namespace lightbox::http {

// Outlives the workers.
struct Shared {
  Shared(ServerOptions given_options, Handler given_handler, ProblemResponse given_problem_response,
         Streamed given_streamed)
      : options(std::move(given_options)),
        handler(std::move(given_handler)),
        problem_response(std::move(given_problem_response)),
        streamed(std::move(given_streamed)),
        admission(options.limits) {}

  const ServerOptions options;
  const Handler handler;
  const ProblemResponse problem_response;
  const Streamed streamed;
  Admission admission;

  [[nodiscard]] bool is_streamed(const Request& request) const {
    return streamed.wants && streamed.wants(request);
  }

  std::atomic<bool> is_stopping{false};
  std::atomic<std::uint64_t> connections_total{0};
  std::atomic<std::uint64_t> refused_total{0};

  // Connections that have not ended, those on their way to a worker and those being refused too.
  std::mutex mutex;
  std::condition_variable ended;
  std::size_t alive = 0;  // under mutex
};

class Worker {
 public:
  explicit Worker(Shared& shared);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void run();  // on its thread, until finish()

  // From any thread.
  // Takes the descriptor over. With a problem, the connection is answered with it and closed; its
  // address has then not been admitted.
  void adopt(int descriptor, std::string address, std::optional<Problem> refused);
  void stop_when_idle();
  void cut();
  void finish();
  [[nodiscard]] std::uint64_t requests_total() const {
    return requests_total_.load(std::memory_order_relaxed);
  }

  // From its own thread.
  [[nodiscard]] Shared& shared() { return shared_; }
  [[nodiscard]] const Limits& limits() const { return shared_.options.limits; }
  [[nodiscard]] boost::asio::io_context& context() { return context_; }
  [[nodiscard]] Reactor& reactor() { return reactor_; }
  [[nodiscard]] std::string_view date();
  void count_request() {
    // One writer: no need for a locked instruction.
    requests_total_.store(requests_total_.load(std::memory_order_relaxed) + 1,
                          std::memory_order_relaxed);
  }

 private:
  void serve(int descriptor, std::string address, std::optional<Problem> refused);
  void end(Connection& connection, bool was_admitted);
  void schedule_sweep();
  void sweep();
  std::vector<Connection*> snapshot() const;

  Shared& shared_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  Reactor reactor_;
  boost::asio::steady_timer sweep_timer_;
  std::int64_t sweep_interval_ms_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::string date_;
  std::int64_t date_seconds_ = 0;
  std::atomic<std::uint64_t> requests_total_{0};
};

// Monotonic, of a few milliseconds' precision: cheap enough to ask for every request.
[[nodiscard]] std::int64_t coarse_now_ms();

}  // namespace lightbox::http
