#pragma once

// A bound and listening socket. Belongs to one thread at a time.

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "dimse/options.h"

namespace lightbox::dimse {

struct Accepted {
  int descriptor = -1;  // the caller's
  std::string address;  // of the peer, numeric; an IPv4 one also on an IPv6 socket
};

class Listener {
 public:
  // `unavailable` with the reason.
  static Result<Listener> create(const Endpoint& endpoint);
  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&& other) = delete;
  ~Listener();

  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  // nullopt when nobody waits, or there are no descriptors just now.
  [[nodiscard]] std::optional<Accepted> accept() const;

 private:
  Listener(int descriptor, std::uint16_t port) : descriptor_(descriptor), port_(port) {}
  int descriptor_;
  std::uint16_t port_;
};

}  // namespace lightbox::dimse
