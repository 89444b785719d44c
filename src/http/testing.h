#pragma once

// For the tests of this folder: a server on a free port of loopback, and a client that sends and
// receives raw bytes.

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "http/server.h"

namespace lightbox::http::testing {

// What a client got back, as text.
struct Reply {
  int status = 0;  // 0: no complete reply came
  std::string head;
  std::string body;
  [[nodiscard]] std::string field(std::string_view name) const;
  [[nodiscard]] bool closes() const { return field("Connection") == "close"; }
};

class Client {
 public:
  explicit Client(std::uint16_t port, const std::string& address = "127.0.0.1");
  ~Client();
  Client(Client&& other) noexcept;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  [[nodiscard]] bool is_connected() const { return descriptor_ >= 0; }
  // False when the server has closed.
  bool send(std::string_view bytes);
  // The next response, by its Content-Length; `has_body` false after HEAD. Waits up to ten seconds.
  Reply read(bool has_body = true);
  Reply ask(std::string_view bytes) {
    send(bytes);
    return read();
  }
  // Some bytes, as they come; empty at the end or after `patience`.
  std::string read_some(std::size_t count, std::chrono::milliseconds patience);
  // Whether the server ends the connection within that time without sending any more.
  bool sees_end(std::chrono::milliseconds patience = std::chrono::seconds(10));
  void end_sending();
  void reset();  // close so that the peer gets an RST
  void set_receive_buffer(int bytes);

 private:
  bool fill(std::chrono::milliseconds patience);

  int descriptor_ = -1;
  std::string received_;
};

// Answers by the path:
//   /echo      what it got: method, target, path, query, body
//   /fields    the fields, one a line
//   /bytes?N   N bytes of JSON-like text; /zeros?N the same as application/octet-stream
//   /made?SIZE-PIECE[-chunked|-file|-fail|-short|-long]  example_text(SIZE) as a ResponseBody, in
//              pieces of PIECE bytes: of unknown size, partly of a file, failing halfway, with a
//              size that is wrong by one; /made/binary the same as application/octet-stream
//   /wait?MS   after so many milliseconds, "waited"
//   /throw     throws; /split a field with a line feed; /empty 204; /etag a strong ETag and 4 KB
boost::asio::awaitable<Response> example_handler(const Request& request);
// What /bytes answers.
std::string example_text(std::size_t bytes);
// How many bodies of /made are gone.
inline std::atomic<int> example_bodies_gone = 0;
// What is below /stream, as it comes:
//   /stream       how many bytes, and a sum of them: example_sum
//   /stream/slow?MS  the same, with a pause after each piece
//   /stream/first answers "unread" after the first piece, /stream/refuse 403 before it
//   /stream/throw throws
boost::asio::awaitable<Response> example_streamed(const Request& request, BodyReader& body);
std::string example_sum(std::string_view bytes);
Response example_problem_response(const Problem& problem, const Request* request);

// A started server with these limits.
std::unique_ptr<Server> start_server(const Limits& limits = {}, unsigned threads = 1,
                                     const std::string& address = "127.0.0.1");

// "GET /path HTTP/1.1" with Host.
std::string get(std::string_view target, std::string_view more_fields = "");
std::string post(std::string_view target, std::string_view body, std::string_view more_fields = "");

}  // namespace lightbox::http::testing
