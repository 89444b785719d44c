#include "http/server.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <csignal>
#include <sys/resource.h>
#include <thread>
#include <vector>

#include "base/log.h"
#include "http/listener.h"
#include "http/worker.h"

namespace lightbox::http {
namespace {

// The usual soft limit of 1,024 descriptors is below connections_max. Besides connections there are
// files: the store's, and the images'.
void raise_descriptor_limit(std::size_t connections_max) {
  constexpr rlim_t beside_connections = 1024;
  const rlim_t wanted = static_cast<rlim_t>(connections_max) + beside_connections;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < wanted) {
    log(LogLevel::warning, "http_few_file_descriptors",
        {{"limit", limit.rlim_cur}, {"wanted", wanted}});
  }
}

}  // namespace

struct Server::Impl {
  Impl(ServerOptions options, Handler handler, ProblemResponse problem_response, Streamed streamed)
      : shared(std::move(options), std::move(handler), std::move(problem_response),
               std::move(streamed)) {}

  Shared shared;
  std::vector<std::unique_ptr<Worker>> workers;
  std::unique_ptr<Listener> listener;  // on the first worker
  std::vector<std::thread> threads;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() { stop(0); }

Result<std::unique_ptr<Server>> Server::listen(ServerOptions options, Handler handler,
                                               ProblemResponse problem_response,
                                               Streamed streamed) {
  raise_descriptor_limit(options.limits.connections_max);
  if (options.threads == 0) options.threads = std::max(1U, std::thread::hardware_concurrency());
  auto impl = std::make_unique<Impl>(std::move(options), std::move(handler),
                                     std::move(problem_response), std::move(streamed));
  try {
    for (unsigned i = 0; i < impl->shared.options.threads; ++i) {
      impl->workers.push_back(std::make_unique<Worker>(impl->shared));
    }
  } catch (const boost::system::system_error& failure) {
    return problem(ProblemKind::unavailable, failure.what());
  }
  TRY(impl->listener, Listener::create(impl->shared, impl->workers));
  if (!impl->listener->start()) {
    return problem(ProblemKind::unavailable, "Cannot wait for connections");
  }
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

std::uint16_t Server::port() const { return impl_->listener->port(); }

void Server::start() {
  // A client that goes away is an error of the call that writes to it; sendfile(2) knows no
  // MSG_NOSIGNAL.
  std::signal(SIGPIPE, SIG_IGN);
  for (const auto& worker : impl_->workers) {
    impl_->threads.emplace_back([&worker = *worker] { worker.run(); });
  }
}

void Server::stop(std::int64_t grace_ms) {
  Shared& shared = impl_->shared;
  if (impl_->threads.empty()) {
    impl_->listener->stop();
    return;
  }
  shared.is_stopping = true;
  // 1. No new connections.
  boost::asio::post(impl_->workers.front()->context(), [this] { impl_->listener->stop(); });
  // 2. What is idle goes at once, what is being answered has its time.
  for (const auto& worker : impl_->workers) worker->stop_when_idle();
  {
    std::unique_lock lock(shared.mutex);
    const auto all_ended = [&] { return shared.alive == 0; };
    if (!shared.ended.wait_for(lock, std::chrono::milliseconds(grace_ms), all_ended)) {
      // 3. The rest is cut. A handler that does not hear its cancellation is waited for all the
      // same:
      //    something still holds a way back into it.
      lock.unlock();
      for (const auto& worker : impl_->workers) worker->cut();
      lock.lock();
      shared.ended.wait(lock, all_ended);
    }
  }
  // 4. The threads.
  for (const auto& worker : impl_->workers) worker->finish();
  for (std::thread& thread : impl_->threads) thread.join();
  impl_->threads.clear();
}

Server::Counts Server::counts() const {
  Counts counts;
  counts.connections_open = impl_->shared.admission.connections_open();
  counts.connections_total = impl_->shared.connections_total;
  counts.refused_total = impl_->shared.refused_total;
  for (const auto& worker : impl_->workers) counts.requests_total += worker->requests_total();
  return counts;
}

}  // namespace lightbox::http
