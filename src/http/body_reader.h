#pragma once

// A request's body as it comes, for handlers that must not hold it whole (http/server.h, Streamed).
// What the handler does not read stays in the socket, so that a fast sender waits for a slow disk.

#include <boost/asio/awaitable.hpp>
#include <string_view>

#include "base/result.h"

namespace lightbox::http {

// On the connection's thread, one call at a time.
class BodyReader {
 public:
  // Suspends until there are more bytes; "" is the end, ever after. They are free of chunked coding
  // and gzip; a few hundred kilobytes at most, but for gzip, where a piece may be a few megabytes.
  // The view is good until the next call. `100 Continue` goes out with the first call.
  //
  // After a problem the body is lost, and every further call gives the same one:
  //   request_timeout  less than body_progress_bytes_min came within body_timeout_ms
  //   invalid          not chunked coding, not gzip, or the client has ended the connection
  //   header_too_large chunk extensions and trailers past header_bytes_max
  //   unavailable      the server is stopping
  virtual boost::asio::awaitable<Result<std::string_view>> read() = 0;

 protected:
  ~BodyReader() = default;
};

}  // namespace lightbox::http
