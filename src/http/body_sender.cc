#include "http/body_sender.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <utility>

#include "base/log.h"
#include "http/connection.h"
#include "http/worker.h"

namespace lightbox::http {
namespace {

namespace asio = boost::asio;

// A client on the same machine may never let the socket run full: others have their turn in
// between.
constexpr std::uint64_t turn_bytes = 1024 * 1024;
// As for other responses (Connection::send_rest).
constexpr std::uint64_t progress_bytes_min = 64 * 1024;

}  // namespace

BodySender::BodySender(Connection& connection, BodyFraming framing, Coding coding)
    : connection_(connection), framing_(framing), coding_(coding) {
  if (coding == Coding::gzip) gzip_.emplace();
}

asio::awaitable<bool> BodySender::send(std::string head, ResponseBody& body) {
  lead_ = std::move(head);
  left_ = body.size().value_or(0);
  window_ends_ms_ = coarse_now_ms() + connection_.worker_.limits().write_timeout_ms;
  while (true) {
    const std::int64_t asked_at_ms = coarse_now_ms();
    const auto piece = co_await body.next();
    // What the server itself needs is not the client's time.
    window_ends_ms_ += coarse_now_ms() - asked_at_ms;
    if (!piece) {
      log(LogLevel::error, "http_body_failed",
          {{"path", connection_.request_.path}, {"reason", piece.error().issues[0].diagnostics}});
      // The client sees less than the length, or no last chunk. What it has got is no use.
      co_return false;
    }
    if (piece->is_end()) break;
    const bool is_sent = co_await send_piece(*piece);
    if (!is_sent) co_return false;
  }
  co_return co_await send_end();
}

asio::awaitable<bool> BodySender::send_piece(const ResponseBody::Piece& piece) {
  const std::uint64_t length = piece.file >= 0 ? piece.length : piece.bytes.size();
  if (coding_ == Coding::gzip) {
    compressed_.clear();
    gzip_->write(piece.bytes, GzipWriter::End::no, compressed_);
    if (compressed_.empty()) co_return true;
    begin_chunk(compressed_.size());
    const bool is_sent = co_await write(compressed_);
    end_chunk();
    co_await count(piece.bytes.size());
    co_return is_sent;
  }
  if (framing_ == BodyFraming::length) {
    if (length > left_) {
      log(LogLevel::error, "http_body_too_long", {{"path", connection_.request_.path}});
      co_return false;
    }
    left_ -= length;
  }
  begin_chunk(length);
  bool is_sent = false;
  if (piece.file >= 0) {
    is_sent = co_await write_file(piece);
  } else {
    is_sent = co_await write(piece.bytes);
  }
  end_chunk();
  co_return is_sent;
}

asio::awaitable<bool> BodySender::send_end() {
  if (left_ != 0) {
    log(LogLevel::error, "http_body_too_short", {{"path", connection_.request_.path}});
    co_return false;
  }
  compressed_.clear();
  if (coding_ == Coding::gzip) {
    gzip_->write({}, GzipWriter::End::yes, compressed_);
    begin_chunk(compressed_.size());
    lead_ += compressed_;
    end_chunk();
  }
  if (framing_ == BodyFraming::chunked) lead_ += "0\r\n\r\n";
  co_return co_await write({});
}

void BodySender::begin_chunk(std::uint64_t bytes) {
  if (framing_ == BodyFraming::chunked) lead_ += fmt::format("{:x}\r\n", bytes);
}

void BodySender::end_chunk() {
  if (framing_ == BodyFraming::chunked) lead_ += "\r\n";
}

asio::awaitable<bool> BodySender::write(std::string_view bytes) {
  std::string_view lead = lead_;
  while (!lead.empty() || !bytes.empty()) {
    const IoResult sent =
        lead.empty() ? connection_.socket_.send(bytes, {}) : connection_.socket_.send(lead, bytes);
    if (sent.status == Io::closed) co_return false;
    if (sent.status == Io::would_block) {
      const bool goes_on = co_await wait();
      if (!goes_on) co_return false;
      continue;
    }
    const std::size_t of_lead = std::min(sent.bytes, lead.size());
    lead.remove_prefix(of_lead);
    bytes.remove_prefix(sent.bytes - of_lead);
    co_await count(sent.bytes);
  }
  lead_.clear();
  co_return true;
}

asio::awaitable<bool> BodySender::write_file(const ResponseBody::Piece& piece) {
  std::string_view lead = lead_;
  std::uint64_t offset = piece.offset;
  std::uint64_t left = piece.length;
  while (left > 0) {
    const IoResult sent =
        lead.empty() ? connection_.socket_.send_file(piece.file, offset, std::min(left, turn_bytes))
                     : connection_.socket_.send(lead, {}, Socket::More::yes);
    if (sent.status == Io::closed) co_return false;
    if (sent.status == Io::would_block) {
      const bool goes_on = co_await wait();
      if (!goes_on) co_return false;
      continue;
    }
    if (!lead.empty()) {
      lead.remove_prefix(sent.bytes);
    } else if (sent.bytes == 0) {
      log(LogLevel::error, "http_file_too_short", {{"path", connection_.request_.path}});
      co_return false;
    } else {
      offset += sent.bytes;
      left -= sent.bytes;
    }
    co_await count(sent.bytes);
  }
  lead_.clear();
  co_return true;
}

asio::awaitable<void> BodySender::count(std::size_t bytes) {
  bytes_sent_ += bytes;
  since_yield_ += bytes;
  if (since_yield_ < turn_bytes) co_return;
  since_yield_ = 0;
  const auto token = asio::use_awaitable;
  co_await asio::post(connection_.worker_.context(), token);
}

asio::awaitable<bool> BodySender::wait() {
  since_yield_ = 0;
  if (bytes_sent_ - window_bytes_ >= progress_bytes_min) {
    window_bytes_ = bytes_sent_;
    window_ends_ms_ = coarse_now_ms() + connection_.worker_.limits().write_timeout_ms;
  }
  connection_.deadline_ms_ = window_ends_ms_;
  const Wake reason = co_await connection_.socket_.wait(Direction::write);
  co_return reason == Wake::ready;
}

}  // namespace lightbox::http
