#include "http/streamed_body.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <limits>
#include <utility>

#include "http/connection.h"
#include "http/worker.h"

namespace lightbox::http {
namespace {

namespace asio = boost::asio;

constexpr std::size_t piece_bytes_max = 256 * 1024;
// Deflate can blow its input up a thousandfold: a slice of input is small.
constexpr std::size_t compressed_slice_bytes = 4 * 1024;
// A sender on the same machine never lets the socket run empty: others have their turn in between.
constexpr std::size_t turn_bytes = 256 * 1024;

}  // namespace

StreamedBody::StreamedBody(Connection& connection)
    : connection_(connection), framing_(connection.framing_) {
  const Limits& limits = connection.worker_.limits();
  is_complete_ = framing_.body == Framing::Body::none;
  if (framing_.body == Framing::Body::length) left_ = framing_.content_length;
  if (framing_.body == Framing::Body::chunked) chunks_.emplace(limits.header_bytes_max);
  if (framing_.is_gzip) gzip_.emplace(std::numeric_limits<std::size_t>::max() / 2);
}

asio::awaitable<Result<std::string_view>> StreamedBody::read() {
  if (failed_) co_return *failed_;
  auto piece = co_await next();
  if (!piece) failed_ = piece.error();
  given_at_ms_ = coarse_now_ms();
  co_return piece;
}

asio::awaitable<Result<std::string_view>> StreamedBody::next() {
  if (!std::exchange(has_begun_, true)) {
    auto begun = co_await begin();
    if (!begun) co_return std::move(begun).error();
  } else {
    window_ends_ms_ += coarse_now_ms() - given_at_ms_;
  }
  if (since_yield_ >= turn_bytes) {
    since_yield_ = 0;
    const auto token = asio::use_awaitable;
    co_await asio::post(connection_.worker_.context(), token);
  }
  while (true) {
    if (!undecoded_.empty()) {
      if (auto decoded = decode(); !decoded) co_return std::move(decoded).error();
      if (plain_.empty()) continue;
      since_yield_ += plain_.size();
      co_return std::string_view(plain_);
    }
    piece_.clear();
    if (is_complete_) {
      if (gzip_ && bytes_taken_ != 0) {
        if (auto finished = gzip_->finish(); !finished) co_return std::move(finished).error();
      }
      co_return std::string_view{};
    }
    if (auto taken = take(); !taken) co_return std::move(taken).error();
    bytes_taken_ += piece_.size();
    if (piece_.empty()) {
      if (is_complete_) continue;
      since_yield_ = 0;
      if (auto waited = co_await wait(); !waited) co_return std::move(waited).error();
    } else if (gzip_) {
      undecoded_ = piece_;
    } else {
      since_yield_ += piece_.size();
      co_return std::string_view(piece_);
    }
  }
}

asio::awaitable<Result<void>> StreamedBody::begin() {
  window_ends_ms_ = coarse_now_ms() + connection_.worker_.limits().body_timeout_ms;
  if (is_complete_) co_return Result<void>{};
  const auto sent = co_await connection_.send_continue();
  if (sent == Connection::Step::end) co_return ended_early();
  co_return Result<void>{};
}

asio::awaitable<Result<void>> StreamedBody::wait() {
  const Limits& limits = connection_.worker_.limits();
  if (bytes_taken_ - window_bytes_ >= limits.body_progress_bytes_min) {
    window_bytes_ = bytes_taken_;
    window_ends_ms_ = coarse_now_ms() + limits.body_timeout_ms;
  }
  connection_.deadline_ms_ = window_ends_ms_;
  const Wake reason = co_await connection_.socket_.wait(Direction::read);
  if (reason == Wake::ready) co_return Result<void>{};
  if (reason == Wake::stopped) {
    co_return problem(ProblemKind::unavailable, "The server is stopping");
  }
  co_return problem(
      ProblemKind::request_timeout,
      fmt::format("Of the request body, neither the end nor body_progress_bytes_min ({} bytes) "
                  "came within body_timeout_ms ({} ms); {} bytes did before",
                  limits.body_progress_bytes_min, limits.body_timeout_ms, bytes_taken_));
}

Result<void> StreamedBody::take() { return chunks_ ? take_chunked() : take_sized(); }

Result<void> StreamedBody::take_sized() {
  ReadBuffer& buffer = connection_.buffer_;
  const auto capped = [&](std::size_t bytes) {
    return static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes));
  };
  const std::size_t buffered = capped(buffer.bytes().size());
  if (buffered != 0) {
    piece_.append(buffer.bytes().substr(0, buffered));
    buffer.use_up(buffered);
    left_ -= buffered;
  }
  while (left_ != 0 && piece_.size() < piece_bytes_max) {
    const std::size_t before = piece_.size();
    const std::size_t room = capped(piece_bytes_max - before);
    IoResult received{};
    piece_.resize_and_overwrite(before + room, [&](char* data, std::size_t) {
      received = connection_.socket_.receive({data + before, room});
      return before + received.bytes;
    });
    left_ -= received.bytes;
    if (received.status == Io::would_block) break;
    if (received.status == Io::closed) {
      // What came before the end is of no use to anybody.
      return ended_early();
    }
  }
  is_complete_ = left_ == 0;
  return {};
}

Result<void> StreamedBody::take_chunked() {
  ReadBuffer& buffer = connection_.buffer_;
  while (piece_.size() < piece_bytes_max) {
    if (!buffer.is_empty()) {
      TRY(const std::size_t used, chunks_->decode(buffer.bytes(), piece_));
      buffer.use_up(used);
      is_complete_ = chunks_->is_complete();
      if (is_complete_) break;
    }
    const std::span<char> room = buffer.room();
    const IoResult received = connection_.socket_.receive(room);
    if (received.status == Io::would_block) break;
    if (received.status == Io::closed) return ended_early();
    buffer.add(received.bytes);
  }
  return {};
}

Result<void> StreamedBody::decode() {
  plain_.clear();
  while (!undecoded_.empty() && plain_.size() < piece_bytes_max) {
    const std::string_view slice = undecoded_.substr(0, compressed_slice_bytes);
    undecoded_.remove_prefix(slice.size());
    TRY_DO(gzip_->read(slice, plain_));
  }
  return {};
}

Problem StreamedBody::ended_early() const {
  return problem(ProblemKind::invalid,
                 fmt::format("The connection ended after {} bytes of the body, before its end",
                             bytes_taken_ + piece_.size()));
}

}  // namespace lightbox::http
