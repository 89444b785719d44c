#pragma once

// The BodyReader of a connection: takes what the socket has, decodes it, and waits for more.

#include <cstdint>
#include <optional>
#include <string>

#include "http/body_reader.h"
#include "http/chunked_decoder.h"
#include "http/gzip_stream.h"
#include "http/reactor.h"
#include "http/read_buffer.h"
#include "http/request_head.h"

namespace lightbox::http {

class Connection;

class StreamedBody final : public BodyReader {
 public:
  explicit StreamedBody(Connection& connection);
  StreamedBody(const StreamedBody&) = delete;
  StreamedBody& operator=(const StreamedBody&) = delete;

  boost::asio::awaitable<Result<std::string_view>> read() override;

  // Whether all of it has been read off the connection, which then can be used again.
  [[nodiscard]] bool is_complete() const { return is_complete_; }

 private:
  boost::asio::awaitable<Result<std::string_view>> next();
  boost::asio::awaitable<Result<void>> begin();
  boost::asio::awaitable<Result<void>> wait();
  // Each puts into piece_ what is there; nothing when the socket has to be waited for.
  Result<void> take();
  Result<void> take_sized();
  Result<void> take_chunked();
  // Some of undecoded_ into plain_.
  Result<void> decode();
  [[nodiscard]] Problem ended_early() const;

  Connection& connection_;
  const Framing& framing_;
  std::uint64_t left_ = 0;  // of Content-Length
  std::optional<ChunkedDecoder> chunks_;
  std::optional<GzipReader> gzip_;
  std::string piece_;           // as it came, without chunked coding
  std::string_view undecoded_;  // of piece_
  std::string plain_;           // out of gzip
  std::optional<Problem> failed_;
  bool is_complete_ = false;
  bool has_begun_ = false;
  std::size_t since_yield_ = 0;
  // The present time for progress: how many bytes had come when it began, when it ends. It stands
  // still while the handler has the piece.
  std::uint64_t bytes_taken_ = 0;
  std::uint64_t window_bytes_ = 0;
  std::int64_t window_ends_ms_ = 0;
  std::int64_t given_at_ms_ = 0;
};

}  // namespace lightbox::http
