#pragma once

// Sends a ResponseBody: framed as the head has said (RFC 9112 6), compressed where that was agreed.
// Lives for one response, on its connection's thread.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/gzip_stream.h"
#include "http/response_body.h"
#include "http/response_head.h"

namespace lightbox::http {

class Connection;

class BodySender {
 public:
  BodySender(Connection& connection, BodyFraming framing, Coding coding);

  // `head` goes with the first piece. False: the connection has to end, since the client has gone
  // or the body did.
  boost::asio::awaitable<bool> send(std::string head, ResponseBody& body);

 private:
  boost::asio::awaitable<bool> send_piece(const ResponseBody::Piece& piece);
  boost::asio::awaitable<bool> send_end();
  // What waits in lead_, then these bytes.
  boost::asio::awaitable<bool> write(std::string_view bytes);
  boost::asio::awaitable<bool> write_file(const ResponseBody::Piece& piece);
  // Counts what was sent, and lets others have their turn.
  boost::asio::awaitable<void> count(std::size_t bytes);
  boost::asio::awaitable<bool> wait();
  void begin_chunk(std::uint64_t bytes);
  void end_chunk();

  Connection& connection_;
  BodyFraming framing_;
  Coding coding_;
  std::optional<GzipWriter> gzip_;
  std::string compressed_;
  std::string lead_;        // head, chunk delimiters: goes out before the next bytes
  std::uint64_t left_ = 0;  // of Content-Length
  std::size_t since_yield_ = 0;
  // A peer must take so much in the present window of time.
  std::uint64_t bytes_sent_ = 0;
  std::uint64_t window_bytes_ = 0;
  std::int64_t window_ends_ms_ = 0;
};

}  // namespace lightbox::http
