#include "http/reactor.h"

#include <array>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

namespace lightbox::http {
namespace {

namespace asio = boost::asio;

constexpr std::uint32_t watched_events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

int create_epoll() {
  const int descriptor = ::epoll_create1(EPOLL_CLOEXEC);
  if (descriptor < 0) {
    throw boost::system::system_error(errno, boost::system::system_category(), "epoll_create1");
  }
  return descriptor;
}

bool is_would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

}  // namespace

Reactor::Reactor(asio::io_context& context)
    : epoll_(create_epoll()), descriptor_(context, epoll_) {}

Reactor::~Reactor() = default;  // descriptor_ closes

void Reactor::start() { wait(); }

void Reactor::stop() {
  boost::system::error_code ignored;
  descriptor_.cancel(ignored);
}

bool Reactor::add(int descriptor, Pollable& pollable) {
  epoll_event event{};
  event.events = watched_events;
  event.data.ptr = &pollable;
  return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

void Reactor::wait() {
  descriptor_.async_wait(asio::posix::stream_descriptor::wait_read,
                         [this](const boost::system::error_code& failure) {
                           if (failure) return;
                           poll();
                           wait();
                         });
}

void Reactor::poll() {
  constexpr int batch_max = 256;
  std::array<epoll_event, batch_max> events;
  const int count = ::epoll_wait(epoll_, events.data(), batch_max, 0);
  // A Pollable is in a batch once, and only its own event or the sweep can end it.
  for (int i = 0; i < count; ++i) {
    static_cast<Pollable*>(events[i].data.ptr)->on_events(events[i].events);
  }
}

Socket::~Socket() { ::close(descriptor_); }

IoResult Socket::receive(std::span<char> into) {
  if (!is_readable_) return {Io::would_block, 0};
  while (true) {
    const ssize_t count = ::recv(descriptor_, into.data(), into.size(), 0);
    if (count > 0) {
      const auto bytes = static_cast<std::size_t>(count);
      // A short read has emptied the socket: more raises a new edge. But the edge of the peer's end
      // has passed already when it came together with the data.
      if (bytes < into.size() && !peer_has_finished_) is_readable_ = false;
      return {Io::done, bytes};
    }
    if (count == 0) return {Io::closed, 0};
    if (errno == EINTR) continue;
    if (!is_would_block(errno)) return {Io::closed, 0};
    is_readable_ = false;
    return {Io::would_block, 0};
  }
}

IoResult Socket::send(std::string_view first, std::string_view second, More more) {
  if (!is_writable_) return {Io::would_block, 0};
  std::array<iovec, 2> parts{{{const_cast<char*>(first.data()), first.size()},
                              {const_cast<char*>(second.data()), second.size()}}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = second.empty() ? 1 : 2;
  while (true) {
    const ssize_t count =
        ::sendmsg(descriptor_, &message, MSG_NOSIGNAL | (more == More::yes ? MSG_MORE : 0));
    if (count >= 0) return {Io::done, static_cast<std::size_t>(count)};
    if (errno == EINTR) continue;
    if (!is_would_block(errno)) return {Io::closed, 0};
    is_writable_ = false;
    return {Io::would_block, 0};
  }
}

IoResult Socket::send_file(int file, std::uint64_t offset, std::size_t length) {
  if (!is_writable_) return {Io::would_block, 0};
  auto at = static_cast<off_t>(offset);
  while (true) {
    const ssize_t count = ::sendfile(descriptor_, file, &at, length);
    if (count >= 0) return {Io::done, static_cast<std::size_t>(count)};
    if (errno == EINTR) continue;
    if (!is_would_block(errno)) return {Io::closed, 0};
    is_writable_ = false;
    return {Io::would_block, 0};
  }
}

asio::awaitable<Wake> Socket::wait(Direction direction) {
  return asio::async_initiate<const asio::use_awaitable_t<>&, void(Wake)>(
      [this, direction](auto&& handler) {
        waiting_for_ = direction;
        slot_.emplace(std::forward<decltype(handler)>(handler));
      },
      asio::use_awaitable);
}

void Socket::wake(Wake reason) {
  waiting_for_ = Direction::none;
  slot_.complete(reason);
}

void Socket::on_events(std::uint32_t events) {
  const bool is_broken = (events & (EPOLLERR | EPOLLHUP)) != 0;
  if ((events & EPOLLRDHUP) != 0 || is_broken) peer_has_finished_ = true;
  if ((events & (EPOLLIN | EPOLLRDHUP)) != 0 || is_broken) is_readable_ = true;
  if ((events & EPOLLOUT) != 0 || is_broken) is_writable_ = true;
  const bool is_awaited = (waiting_for_ == Direction::read && is_readable_) ||
                          (waiting_for_ == Direction::write && is_writable_);
  if (is_awaited) wake(Wake::ready);
}

}  // namespace lightbox::http
