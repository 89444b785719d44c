#pragma once

// The listening socket: accepts, admits or refuses, and deals connections out to the workers in
// turn. Lives on the first worker's thread.
//
// One socket for all threads rather than SO_REUSEPORT, because with that a second server could be
// started on the same port unnoticed, and the kernel deals by a hash that leaves threads idle at
// few connections.

#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "http/worker.h"

namespace lightbox::http {

class Listener final : public Pollable {
 public:
  // Binds and listens. `unavailable` with the reason.
  static Result<std::unique_ptr<Listener>> create(Shared& shared,
                                                  std::vector<std::unique_ptr<Worker>>& workers);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  bool start();  // false when the descriptor cannot be waited for
  void stop();   // on the first worker's thread; closes the socket

  void on_events(std::uint32_t events) override;

 private:
  Listener(int descriptor, std::uint16_t port, Shared& shared,
           std::vector<std::unique_ptr<Worker>>& workers);
  void accept_all();
  void accept_again_later();
  void deal(int descriptor, std::string address);

  int descriptor_;
  std::uint16_t port_;
  Shared& shared_;
  std::vector<std::unique_ptr<Worker>>& workers_;
  boost::asio::steady_timer retry_;
  std::size_t next_worker_ = 0;
  bool has_logged_exhaustion_ = false;
};

}  // namespace lightbox::http
