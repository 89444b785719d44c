#include "dimse/server.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmnet/dcmlayer.h>
#include <deque>
#include <list>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "base/log.h"
#include "dimse/line.h"
#include "dimse/listener.h"
#include "dimse/outgoing.h"
#include "dimse/report_queue.h"
#include "dimse/session.h"
#include "dimse/tls.h"

namespace lightbox::dimse {
namespace {

// How often deadlines are looked at while there are associations.
constexpr int watch_ms = 100;
// How often it is looked whether an association has been opened from here meanwhile.
constexpr int look_ms = 1'000;
// Those that are turned away get a moment to take the answer; more than so many at once get none.
constexpr std::size_t turned_away_max = 256;
constexpr std::int64_t turned_away_ms = 2'000;

// PS3.8 9.3.4: transient, by the provider (presentation), local-limit-exceeded.
constexpr std::array<char, 10> local_limit_exceeded = {3, 0, 0, 0, 0, 4, 0, 2, 3, 2};

// Threads that start meanwhile have all signals blocked: they are main's to wait for.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

struct Running {
  Running(int descriptor, std::string address) : line(descriptor, std::move(address)) {}
  Line line;
  std::atomic<bool> is_done = false;
  std::thread thread;
};

}  // namespace

struct Server::Impl {
  Impl(ServerOptions its_options, ingest::Archive& archive,
       std::unique_ptr<DcmTransportLayer> outgoing_layer)
      : options(std::move(its_options)),
        outgoing(options.limits.dimse_associations_max, std::move(outgoing_layer)),
        reports(options, archive, outgoing),
        services{.options = options,
                 .archive = archive,
                 .reports = reports,
                 .outgoing = outgoing,
                 .is_stopping = is_stopping} {}
  ~Impl() {
    if (wake >= 0) ::close(wake);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  struct Entrance {
    Listener listener;
    std::unique_ptr<DcmTransportLayer> secure;  // nullptr: plain
  };

  Result<void> open();
  void run();
  void accept_from(const Entrance& entrance);
  void start(Accepted accepted, DcmTransportLayer* secure);
  void converse(Running& running, DcmTransportLayer* secure);
  void turn_away(Accepted accepted, bool is_secure);
  void watch();
  void wake_up() const;

  ServerOptions options;
  std::atomic<bool> is_stopping = false;
  std::atomic<std::int64_t> grace_ends_ms = 0;  // steady
  Outgoing outgoing;
  ReportQueue reports;
  Services services;
  std::vector<Entrance> entrances;
  std::uint16_t port = 0;
  std::uint16_t tls_port = 0;
  int wake = -1;  // an eventfd: something has changed
  // Of the listening thread only.
  std::list<Running> running;
  std::deque<Line> turned_away;
  bool has_logged_limit = false;
  std::thread thread;
};

Result<void> Server::Impl::open() {
  wake = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (options.listen) {
    TRY(auto listener, Listener::create(*options.listen));
    port = listener.port();
    entrances.push_back({std::move(listener), nullptr});
    log(LogLevel::info, "dimse_listening",
        {{"address", options.listen->address}, {"port", port}, {"ae_title", options.ae_title}});
  }
  if (options.tls) {
    TRY(auto secure, make_tls_layer(*options.tls));
    TRY(auto listener, Listener::create(options.tls->listen));
    tls_port = listener.port();
    entrances.push_back({std::move(listener), std::move(secure)});
    log(LogLevel::info, "dimse_tls_listening",
        {{"address", options.tls->listen.address},
         {"port", tls_port},
         {"ae_title", options.ae_title}});
  }
  return {};
}

void Server::Impl::run() {
  while (true) {
    std::vector<pollfd> waited = {{.fd = wake, .events = POLLIN, .revents = 0}};
    if (!is_stopping) {
      for (const Entrance& entrance : entrances) {
        waited.push_back({.fd = entrance.listener.descriptor(), .events = POLLIN, .revents = 0});
      }
    }
    const bool has_company = !running.empty() || !turned_away.empty() || outgoing.count() > 0;
    ::poll(waited.data(), waited.size(), has_company ? watch_ms : look_ms);
    std::uint64_t count = 0;
    if (::read(wake, &count, sizeof(count)) < 0) count = 0;
    for (std::size_t i = 1; i < waited.size(); ++i) {
      if (waited[i].revents != 0) accept_from(entrances[i - 1]);
    }
    watch();
    if (is_stopping && running.empty()) return;
  }
}

void Server::Impl::accept_from(const Entrance& entrance) try {
  constexpr int turn_max = 64;
  for (int i = 0; i < turn_max && !is_stopping; ++i) {
    auto accepted = entrance.listener.accept();
    if (!accepted) {
      // The socket is still ready, when descriptors have run out: not again at once.
      if (i == 0) std::this_thread::sleep_for(std::chrono::milliseconds(10));
      return;
    }
    if (running.size() + outgoing.count() >= options.limits.dimse_associations_max) {
      turn_away(std::move(*accepted), entrance.secure != nullptr);
    } else {
      has_logged_limit = false;
      start(std::move(*accepted), entrance.secure.get());
    }
  }
} catch (const std::exception& error) {
  log(LogLevel::error, "association_failed", {{"reason", error.what()}});
}

void Server::Impl::start(Accepted accepted, DcmTransportLayer* secure) {
  Running& one = running.emplace_back(accepted.descriptor, std::move(accepted.address));
  const SignalsBlocked blocked;
  try {
    one.thread = std::thread([this, &one, secure] { converse(one, secure); });
  } catch (const std::system_error& error) {
    log(LogLevel::error, "association_thread_failed", {{"reason", error.what()}});
    running.pop_back();
  }
}

// The whole life of an association's thread.
void Server::Impl::converse(Running& one, DcmTransportLayer* secure) {
  try {
    run_session(one.line, secure, services);
    one.line.clear_deadline();
    one.line.finish();
  } catch (const std::exception& error) {
    log(LogLevel::error, "association_failed",
        {{"address", one.line.address()}, {"reason", error.what()}});
    one.line.shut();
  }
  one.is_done = true;
  wake_up();
}

void Server::Impl::wake_up() const {
  const std::uint64_t one_more = 1;
  if (::write(wake, &one_more, sizeof(one_more)) < 0) return;  // then it is awake already
}

void Server::Impl::turn_away(Accepted accepted, bool is_secure) {
  if (!std::exchange(has_logged_limit, true)) {
    log(LogLevel::warning, "associations_exhausted",
        {{"dimse_associations_max", options.limits.dimse_associations_max},
         {"address", accepted.address}});
  }
  if (turned_away.size() >= turned_away_max) turned_away.pop_front();
  Line& line = turned_away.emplace_back(accepted.descriptor, std::move(accepted.address));
  // A TLS peer would not understand: its connection is closed.
  if (!is_secure) {
    ::send(line.descriptor(), local_limit_exceeded.data(), local_limit_exceeded.size(),
           MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  ::shutdown(line.descriptor(), SHUT_WR);
  line.set_deadline(turned_away_ms);
}

void Server::Impl::watch() {
  std::erase_if(running, [](Running& one) {
    if (!one.is_done) return false;
    one.thread.join();
    return true;
  });
  outgoing.set_callers(running.size());
  outgoing.enforce_deadlines();
  if (is_stopping && now_ms() >= grace_ends_ms) outgoing.shut_all();
  for (Running& one : running) {
    one.line.enforce_deadline();
    // Its thread sees the end of the stream, and says A-ABORT.
    if (is_stopping && one.line.is_idle()) one.line.shut_reading();
    if (is_stopping && now_ms() >= grace_ends_ms) one.line.shut();
  }
  while (!turned_away.empty()) {
    std::array<char, 4096> dropped{};
    Line& line = turned_away.front();
    const auto got = ::recv(line.descriptor(), dropped.data(), dropped.size(), MSG_DONTWAIT);
    line.enforce_deadline();
    const bool waits = got > 0 || (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
    if (waits && !line.was_overdue() && !is_stopping) return;
    turned_away.pop_front();
  }
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, ingest::Archive& archive) {
  const SignalsBlocked blocked;
  if (!prepare_dcmtk()) {
    return problem(ProblemKind::unavailable, "No sockets are left for DIMSE");
  }
  std::unique_ptr<DcmTransportLayer> outgoing_layer;
  const bool has_secure_peers = std::ranges::find(options.peers, PeerAddress::Transport::tls,
                                                  &PeerAddress::transport) != options.peers.end();
  if (has_secure_peers) {
    TRY(outgoing_layer, make_outgoing_tls_layer(options.peer_tls));
  }
  auto impl = std::make_unique<Impl>(std::move(options), archive, std::move(outgoing_layer));
  TRY_DO(impl->open());
  Impl& started = *impl;
  impl->thread = std::thread([&started] { started.run(); });
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::~Server() { stop(0); }

std::uint16_t Server::port() const { return impl_->port; }
std::uint16_t Server::tls_port() const { return impl_->tls_port; }

void Server::stop(std::int64_t grace_ms) {
  Impl& impl = *impl_;
  if (!impl.thread.joinable()) return;
  impl.grace_ends_ms = now_ms() + grace_ms;
  impl.is_stopping = true;
  impl.wake_up();
  impl.thread.join();
  impl.reports.stop();
}

}  // namespace lightbox::dimse
