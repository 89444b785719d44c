#include "http/listener.h"

#include <arpa/inet.h>
#include <array>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

#include "base/log.h"

namespace lightbox::http {
namespace {

union SocketAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

std::string reason_text(int error) { return std::generic_category().message(error); }

// An IPv4 client of an IPv6 socket is still an IPv4 client: "::ffff:10.0.0.1" is "10.0.0.1".
std::string address_text(const SocketAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.any.sa_family == AF_INET) {
    ::inet_ntop(AF_INET, &address.v4.sin_addr, text.data(), text.size());
  } else if (IN6_IS_ADDR_V4MAPPED(&address.v6.sin6_addr)) {
    ::inet_ntop(AF_INET, &address.v6.sin6_addr.s6_addr[12], text.data(), text.size());
  } else {
    ::inet_ntop(AF_INET6, &address.v6.sin6_addr, text.data(), text.size());
  }
  return text.data();
}

// The length of the address, or 0 when `text` is no numeric address.
socklen_t parse_address(const std::string& text, std::uint16_t port, SocketAddress& address) {
  std::memset(&address, 0, sizeof(address));
  if (::inet_pton(AF_INET, text.c_str(), &address.v4.sin_addr) == 1) {
    address.v4.sin_family = AF_INET;
    address.v4.sin_port = htons(port);
    return sizeof(address.v4);
  }
  if (::inet_pton(AF_INET6, text.c_str(), &address.v6.sin6_addr) == 1) {
    address.v6.sin6_family = AF_INET6;
    address.v6.sin6_port = htons(port);
    return sizeof(address.v6);
  }
  return 0;
}

void set_option(int descriptor, int level, int option, int value) {
  ::setsockopt(descriptor, level, option, &value, sizeof(value));
}

Problem cannot_listen(const ServerOptions& options, const std::string& reason) {
  return problem(ProblemKind::unavailable, "Cannot listen on " + options.address + " port " +
                                               std::to_string(options.port) + ": " + reason);
}

// No descriptors or memory just now, in the process or the system.
bool is_exhaustion(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::create(Shared& shared,
                                                   std::vector<std::unique_ptr<Worker>>& workers) {
  const ServerOptions& options = shared.options;
  SocketAddress address;
  socklen_t length = parse_address(options.address == "localhost" ? "127.0.0.1" : options.address,
                                   options.port, address);
  if (length == 0) return cannot_listen(options, "it is not a numeric IPv4 or IPv6 address");
  const int descriptor =
      ::socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return cannot_listen(options, reason_text(errno));
  std::unique_ptr<Listener> listener(new Listener(descriptor, 0, shared, workers));

  set_option(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
  set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);  // accepted sockets inherit it
  if (address.any.sa_family == AF_INET6) set_option(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  constexpr int backlog = 4096;
  if (::bind(descriptor, &address.any, length) != 0 || ::listen(descriptor, backlog) != 0 ||
      ::getsockname(descriptor, &address.any, &length) != 0) {
    return cannot_listen(options, reason_text(errno));
  }
  const bool is_v4 = address.any.sa_family == AF_INET;
  listener->port_ = ntohs(is_v4 ? address.v4.sin_port : address.v6.sin6_port);
  return listener;
}

Listener::Listener(int descriptor, std::uint16_t port, Shared& shared,
                   std::vector<std::unique_ptr<Worker>>& workers)
    : descriptor_(descriptor),
      port_(port),
      shared_(shared),
      workers_(workers),
      retry_(workers.front()->context()) {}

Listener::~Listener() { stop(); }

bool Listener::start() { return workers_.front()->reactor().add(descriptor_, *this); }

void Listener::stop() {
  retry_.cancel();
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

void Listener::on_events(std::uint32_t) { accept_all(); }

void Listener::accept_all() {
  // Not all of a long queue at once: those who have a connection already wait meanwhile.
  constexpr int turn_max = 64;
  for (int i = 0; i < turn_max; ++i) {
    if (descriptor_ < 0 || shared_.is_stopping) return;
    SocketAddress address;
    socklen_t length = sizeof(address);
    const int accepted =
        ::accept4(descriptor_, &address.any, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted >= 0) {
      has_logged_exhaustion_ = false;
      deal(accepted, address_text(address));
      continue;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) return;
    if (is_exhaustion(errno)) {
      if (!std::exchange(has_logged_exhaustion_, true)) {
        log(LogLevel::error, "http_accept_failed", {{"reason", reason_text(errno)}});
      }
      accept_again_later();
      return;
    }
    // The rest (ECONNABORTED, EPROTO, …) is about the one connection that is gone already.
  }
  boost::asio::post(workers_.front()->context(), [this] { accept_all(); });
}

// The edge has passed and the queue is still full: nothing but the clock can tell when to try
// again.
void Listener::accept_again_later() {
  constexpr auto pause = std::chrono::milliseconds(50);
  retry_.expires_after(pause);
  retry_.async_wait([this](const boost::system::error_code& failure) {
    if (!failure) accept_all();
  });
}

void Listener::deal(int descriptor, std::string address) {
  ++shared_.connections_total;
  std::optional<Problem> refused;
  switch (shared_.admission.admit(address)) {
    case Admission::Verdict::admitted:
      break;
    case Admission::Verdict::too_many:
      refused = problem(ProblemKind::unavailable,
                        "The server has connections_max (" +
                            std::to_string(shared_.options.limits.connections_max) +
                            ") connections open; try again shortly");
      break;
    case Admission::Verdict::too_many_of_address:
      refused = problem(ProblemKind::throttled,
                        "This address has connections_per_address_max (" +
                            std::to_string(shared_.options.limits.connections_per_address_max) +
                            ") connections open");
      break;
  }
  {
    // Those that are refused take a descriptor for a moment too: there is an end to the politeness.
    constexpr std::size_t refused_at_once_max = 256;
    const std::lock_guard lock(shared_.mutex);
    if (refused && shared_.alive >= shared_.admission.connections_open() + refused_at_once_max) {
      ++shared_.refused_total;
      ::close(descriptor);
      return;
    }
    ++shared_.alive;
  }
  workers_[next_worker_]->adopt(descriptor, std::move(address), std::move(refused));
  next_worker_ = (next_worker_ + 1) % workers_.size();
}

}  // namespace lightbox::http
