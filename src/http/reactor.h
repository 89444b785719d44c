#pragma once

// Readiness of many sockets for one thread: an edge-triggered epoll set of its own, itself waited
// for by the thread's io_context.
//
// Why not Asio's sockets: after each answer Asio tries a read that finds nothing, then waits, then
// reads; and each wait is an operation of its own. Here a request costs one recv and one sendmsg,
// and the waits of all connections that are ready share one epoll_wait.
//
// Everything here belongs to the thread that runs the io_context.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <sys/socket.h>

#include "http/wait_slot.h"

namespace lightbox::http {

// Something in the epoll set.
class Pollable {
 public:
  virtual void on_events(std::uint32_t events) = 0;

 protected:
  ~Pollable() = default;
};

class Reactor {
 public:
  // Throws boost::system::system_error when there is no file descriptor left.
  explicit Reactor(boost::asio::io_context& context);
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  void start();
  void stop();  // run() of the io_context is then no longer kept busy by this
  // False when the kernel refuses. Closing the descriptor takes it out again.
  bool add(int descriptor, Pollable& pollable);

 private:
  void wait();
  void poll();

  int epoll_;
  boost::asio::posix::stream_descriptor descriptor_;
};

enum class Wake : unsigned char { ready, timeout, stopped };
enum class Direction : unsigned char { none, read, write };
enum class Io : unsigned char { done, would_block, closed };

struct IoResult {
  Io status;
  std::size_t bytes;
};

// A connected, non-blocking TCP socket. Owns the descriptor.
class Socket final : public Pollable {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  [[nodiscard]] int descriptor() const { return descriptor_; }

  // Never block. `closed`: the peer has ended its side (receive), or the connection is broken.
  IoResult receive(std::span<char> into);
  // Up to both texts, in one call. `more`: the kernel may wait for what follows at once.
  enum class More : unsigned char { no, yes };
  IoResult send(std::string_view first, std::string_view second, More more = More::no);
  // Up to `length` bytes of a file, from the kernel's own memory; `done` with 0 bytes: the file is
  // shorter.
  IoResult send_file(int file, std::uint64_t offset, std::size_t length);
  void shutdown_write() { ::shutdown(descriptor_, SHUT_WR); }
  void shutdown_both() { ::shutdown(descriptor_, SHUT_RDWR); }

  // Suspends the coroutine until wake() or readiness. One wait at a time.
  boost::asio::awaitable<Wake> wait(Direction direction);
  [[nodiscard]] bool is_waiting() const { return waiting_for_ != Direction::none; }
  // Resumes the waiting coroutine, now, on this stack. `this` may be gone afterwards.
  void wake(Wake reason);

  void on_events(std::uint32_t events) override;

 private:
  int descriptor_;
  // What the last event or call said. A fresh socket is worth a try.
  bool is_readable_ = true;
  bool is_writable_ = true;
  bool peer_has_finished_ = false;
  Direction waiting_for_ = Direction::none;
  WaitSlot<Wake> slot_;
};

}  // namespace lightbox::http
