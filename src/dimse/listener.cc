#include "dimse/listener.h"

#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <fmt/format.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace lightbox::dimse {
namespace {

namespace ip = boost::asio::ip;

std::string address_text(const ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return ip::make_address_v4(ip::v4_mapped, address.to_v6()).to_string();
  }
  return address.to_string();
}

void set_option(int descriptor, int level, int option, int value) {
  ::setsockopt(descriptor, level, option, &value, sizeof(value));
}

}  // namespace

Result<Listener> Listener::create(const Endpoint& endpoint) {
  const auto refused = [&](const std::string& reason) {
    return problem(ProblemKind::unavailable,
                   fmt::format("Cannot listen on {} port {} for DIMSE: {}", endpoint.address,
                               endpoint.port, reason));
  };
  boost::system::error_code error;
  ip::tcp::endpoint at(ip::make_address(endpoint.address, error), endpoint.port);
  if (error) return refused("it is not a numeric IPv4 or IPv6 address");
  const int descriptor =
      ::socket(at.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  Listener listener(descriptor, 0);
  set_option(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
  if (at.protocol() == ip::tcp::v6()) set_option(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  constexpr int backlog = 128;
  auto length = static_cast<socklen_t>(at.capacity());
  if (descriptor < 0 || ::bind(descriptor, at.data(), static_cast<socklen_t>(at.size())) != 0 ||
      ::listen(descriptor, backlog) != 0 || ::getsockname(descriptor, at.data(), &length) != 0) {
    return refused(std::generic_category().message(errno));
  }
  at.resize(length);
  listener.port_ = at.port();
  return listener;
}

Listener::Listener(Listener&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), port_(other.port_) {}

Listener::~Listener() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::optional<Accepted> Listener::accept() const {
  ip::tcp::endpoint from;
  auto length = static_cast<socklen_t>(from.capacity());
  const int descriptor = ::accept4(descriptor_, from.data(), &length, SOCK_CLOEXEC);
  if (descriptor < 0) return std::nullopt;
  from.resize(length);
  return Accepted{.descriptor = descriptor, .address = address_text(from.address())};
}

}  // namespace lightbox::dimse
