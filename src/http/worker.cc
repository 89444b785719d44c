#include "http/worker.h"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <exception>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "http/response_head.h"

namespace lightbox::http {
namespace {

namespace asio = boost::asio;

// Deadlines are kept to within a quarter of the shortest, and a sweep costs nanoseconds a
// connection.
std::int64_t sweep_interval(const Limits& limits) {
  const std::int64_t shortest = std::min({limits.header_timeout_ms, limits.body_timeout_ms,
                                          limits.idle_timeout_ms, limits.write_timeout_ms});
  constexpr std::int64_t interval_min_ms = 5;
  constexpr std::int64_t interval_max_ms = 250;
  return std::clamp(shortest / 4, interval_min_ms, interval_max_ms);
}

}  // namespace

std::int64_t coarse_now_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

Worker::Worker(Shared& shared)
    : shared_(shared),
      work_(context_.get_executor()),
      reactor_(context_),
      sweep_timer_(context_),
      sweep_interval_ms_(sweep_interval(shared.options.limits)) {}

Worker::~Worker() = default;

void Worker::run() {
  reactor_.start();
  schedule_sweep();
  while (true) {
    try {
      context_.run();
      return;
    } catch (const std::exception& failure) {
      // Something that the handler left on this context threw: not a reason to drop all
      // connections.
      log(LogLevel::error, "http_worker_exception", {{"what", failure.what()}});
    }
  }
}

void Worker::adopt(int descriptor, std::string address, std::optional<Problem> refused) {
  asio::post(context_, [this, descriptor, address = std::move(address),
                        refused = std::move(refused)]() mutable {
    serve(descriptor, std::move(address), std::move(refused));
  });
}

void Worker::serve(int descriptor, std::string address, std::optional<Problem> refused) {
  connections_.push_back(std::make_unique<Connection>(*this, descriptor, std::move(address)));
  Connection& connection = *connections_.back();
  const bool is_admitted = !refused;
  if (shared_.is_stopping || !reactor_.add(descriptor, connection.socket())) {
    end(connection, is_admitted);
    return;
  }
  auto work = refused ? connection.run_refused(std::move(*refused)) : connection.run();
  auto when_done = [this, &connection, is_admitted](const std::exception_ptr& failure) {
    if (failure && !shared_.is_stopping) {
      try {
        std::rethrow_exception(failure);
      } catch (const std::exception& thrown) {
        log(LogLevel::error, "http_connection_exception", {{"what", thrown.what()}});
      }
    }
    end(connection, is_admitted);
  };
  asio::co_spawn(context_, std::move(work),
                 asio::bind_cancellation_slot(connection.cancellation_slot(), when_done));
}

void Worker::end(Connection& connection, bool was_admitted) {
  if (was_admitted) shared_.admission.leave(connection.address());
  const auto found = std::find_if(connections_.begin(), connections_.end(),
                                  [&](const auto& held) { return held.get() == &connection; });
  std::swap(*found, connections_.back());
  connections_.pop_back();
  const std::lock_guard lock(shared_.mutex);
  --shared_.alive;
  shared_.ended.notify_all();
}

std::vector<Connection*> Worker::snapshot() const {
  std::vector<Connection*> all;
  all.reserve(connections_.size());
  for (const auto& connection : connections_) all.push_back(connection.get());
  return all;
}

// In what follows a connection may end while the others are gone through, but only itself.

void Worker::stop_when_idle() {
  asio::post(context_, [this] {
    for (Connection* connection : snapshot()) connection->stop_when_idle();
  });
}

void Worker::cut() {
  asio::post(context_, [this] {
    for (Connection* connection : snapshot()) connection->cut();
  });
}

void Worker::finish() {
  asio::post(context_, [this] {
    reactor_.stop();
    sweep_timer_.cancel();
    work_.reset();
    context_.stop();
  });
}

void Worker::schedule_sweep() {
  sweep_timer_.expires_after(std::chrono::milliseconds(sweep_interval_ms_));
  sweep_timer_.async_wait([this](const boost::system::error_code& failure) {
    if (failure) return;
    sweep();
    schedule_sweep();
  });
}

void Worker::sweep() {
  const std::int64_t now_ms = coarse_now_ms();
  std::vector<Connection*> overdue;
  for (const auto& connection : connections_) {
    if (connection->is_overdue(now_ms)) overdue.push_back(connection.get());
  }
  for (Connection* connection : overdue) connection->socket().wake(Wake::timeout);
}

std::string_view Worker::date() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (now.tv_sec != date_seconds_) {
    date_seconds_ = now.tv_sec;
    date_ = http_date(date_seconds_);
  }
  return date_;
}

}  // namespace lightbox::http
