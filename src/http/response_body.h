#pragma once

// The body of a response that is not held in memory: it is made piece by piece while it is sent,
// and not faster than the client takes it. Text is compressed on its way where the client wants
// that.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace lightbox::http {

class ResponseBody {
 public:
  // What comes next: bytes, or part of a file that the kernel sends without its passing through
  // this process.
  struct Piece {
    std::string_view bytes = {};
    int file = -1;  // a descriptor: then not `bytes` but `length` bytes of it from `offset` on
    std::uint64_t offset = 0;
    std::uint64_t length = 0;

    [[nodiscard]] bool is_end() const { return bytes.empty() && length == 0; }
  };

  virtual ~ResponseBody() = default;
  // Of all pieces together; nullopt: only the end will tell (the body is then sent chunked).
  [[nodiscard]] virtual std::optional<std::uint64_t> size() const = 0;
  // On the connection's thread, one call at a time; bytes and descriptor are good until the next
  // call. A piece should be some hundred kilobytes at most, or part of a file. After a problem the
  // client gets a body that is visibly cut off, and the log the reason. When the client goes away,
  // the body ends without further calls.
  virtual boost::asio::awaitable<Result<Piece>> next() = 0;
};

}  // namespace lightbox::http
