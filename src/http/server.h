#pragma once

// Bytes to Request and Response to bytes: HTTP/1.1 over TCP on coroutines, one io_context per
// thread, pipelining and keep-alive, every limit of base/limits.h. What breaks HTTP itself is
// answered here (400, 408, 413, 414, 417, 431, 429, 503, 505) through `problem_response`, so that
// such errors look like all others; everything else goes to the handler.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/limits.h"
#include "base/result.h"
#include "http/body_reader.h"
#include "http/message.h"

namespace lightbox::http {

// Called on the connection's own thread, one request of a connection at a time; it may suspend.
// It must not block, and must not throw: an exception is logged and answered with 500.
using Handler = std::function<boost::asio::awaitable<Response>(const Request&)>;
// What a request gets that no handler answers. `request` has a head, not the whole body; nullptr:
// it was refused before its head was understood.
using ProblemResponse = std::function<Response(const Problem&, const Request* request)>;

// Requests whose bodies are not gathered in Request::body, but read by their handler as they come:
// no limit on them but the handler's own. `wants` is asked after each head, on the connection's
// thread; `answer` is as a Handler, and may answer without having read all (the connection then
// ends).
struct Streamed {
  std::function<bool(const Request&)> wants = nullptr;
  std::function<boost::asio::awaitable<Response>(const Request&, BodyReader&)> answer = nullptr;
};

struct ServerOptions {
  std::string address = "127.0.0.1";  // or "::1", "0.0.0.0"
  std::uint16_t port = 8080;          // 0: any free one
  unsigned threads = 0;               // 0: one for each core
  Limits limits;
};

class Server {
 public:
  // Binds and listens; `unavailable` (with the reason) when that fails.
  static Result<std::unique_ptr<Server>> listen(ServerOptions options, Handler handler,
                                                ProblemResponse problem_response,
                                                Streamed streamed = {});
  ~Server();  // stop() and join
  [[nodiscard]] std::uint16_t port() const;
  void start();  // threads run until stop()
  // No new connections; requests being answered have `grace_ms` to finish. Returns when all is
  // done.
  void stop(std::int64_t grace_ms);

  struct Counts {
    std::uint64_t connections_open = 0, connections_total = 0, requests_total = 0,
                  refused_total = 0;
  };
  [[nodiscard]] Counts counts() const;

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lightbox::http
