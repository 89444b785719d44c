#include "dimse/line.h"

#include <array>
#include <chrono>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace lightbox::dimse {
namespace {

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Line::Line(int descriptor, std::string address)
    : descriptor_(descriptor), address_(std::move(address)) {}

Line::~Line() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void Line::set_deadline(std::int64_t from_now_ms) { deadline_ms_ = now_ms() + from_now_ms; }

void Line::enforce_deadline() {
  const std::int64_t deadline = deadline_ms_;
  if (deadline == 0 || now_ms() < deadline) return;
  if (was_overdue_.exchange(true)) {
    shut();
    return;
  }
  constexpr std::int64_t last_words_ms = 1'000;
  set_deadline(last_words_ms);
  shut_reading();
}

void Line::shut_reading() {
  is_reading_shut_ = true;
  ::shutdown(descriptor_, SHUT_RD);
}
void Line::shut() { ::shutdown(descriptor_, SHUT_RDWR); }

void Line::finish() {
  constexpr std::int64_t patience_ms = 1'000;
  constexpr std::size_t bytes_max = 1U << 20U;
  ::shutdown(descriptor_, SHUT_WR);
  const std::int64_t end = now_ms() + patience_ms;
  std::array<char, 16 * 1024> dropped{};
  for (std::size_t bytes = 0; bytes < bytes_max;) {
    pollfd readable{.fd = descriptor_, .events = POLLIN, .revents = 0};
    const std::int64_t left = end - now_ms();
    if (left <= 0 || ::poll(&readable, 1, static_cast<int>(left)) <= 0) break;
    const auto got = ::recv(descriptor_, dropped.data(), dropped.size(), MSG_DONTWAIT);
    if (got <= 0) break;
    bytes += static_cast<std::size_t>(got);
  }
  shut();
}

}  // namespace lightbox::dimse
