// What testing.h declares. No tests: the name puts it into the test program and out of the library.

#include "http/testing.h"

#include <algorithm>
#include <arpa/inet.h>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdexcept>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "base/log.h"
#include "http/chunked_decoder.h"
#include "http/response_body.h"
#include "http/status.h"
#include "http/text.h"

namespace lightbox::http::testing {

std::string Reply::field(std::string_view name) const {
  std::string_view rest = head;
  while (!rest.empty()) {
    std::string_view line = take_until('\n', rest);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const std::string_view field_name = take_until(':', line);
    if (equals_ignoring_case(field_name, name)) return std::string(trimmed(line));
  }
  return {};
}

Client::Client(std::uint16_t port, const std::string& address) {
  const bool is_v6 = address.find(':') != std::string::npos;
  descriptor_ = ::socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int status = -1;
  if (is_v6) {
    sockaddr_in6 peer{};
    peer.sin6_family = AF_INET6;
    peer.sin6_port = htons(port);
    ::inet_pton(AF_INET6, address.c_str(), &peer.sin6_addr);
    status = ::connect(descriptor_, reinterpret_cast<sockaddr*>(&peer), sizeof(peer));
  } else {
    sockaddr_in peer{};
    peer.sin_family = AF_INET;
    peer.sin_port = htons(port);
    ::inet_pton(AF_INET, address.c_str(), &peer.sin_addr);
    status = ::connect(descriptor_, reinterpret_cast<sockaddr*>(&peer), sizeof(peer));
  }
  const int one = 1;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  if (status != 0) ::close(std::exchange(descriptor_, -1));
}

Client::~Client() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Client::Client(Client&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), received_(std::move(other.received_)) {}

bool Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

bool Client::fill(std::chrono::milliseconds patience) {
  pollfd waited{descriptor_, POLLIN, 0};
  if (::poll(&waited, 1, static_cast<int>(patience.count())) != 1) return false;
  char bytes[65536];
  const ssize_t count = ::recv(descriptor_, bytes, sizeof(bytes), 0);
  if (count <= 0) return false;
  received_.append(bytes, static_cast<std::size_t>(count));
  return true;
}

Reply Client::read(bool has_body) {
  constexpr auto patience = std::chrono::seconds(10);
  Reply reply;
  std::size_t end = received_.find("\r\n\r\n");
  while (end == std::string::npos) {
    if (!fill(patience)) return reply;
    end = received_.find("\r\n\r\n");
  }
  reply.head = received_.substr(0, end + 2);
  received_.erase(0, end + 4);
  reply.status = std::stoi(reply.head.substr(9, 3));
  if (has_body && reply.field("Transfer-Encoding") == "chunked") {
    ChunkedDecoder decoder(1024);
    while (true) {
      const auto used = decoder.decode(received_, reply.body);
      received_.erase(0, used.value());
      if (decoder.is_complete()) return reply;
      if (!fill(patience)) break;
    }
    reply.status = 0;
    return reply;
  }
  const std::string length = reply.field("Content-Length");
  const std::size_t body_bytes = has_body && !length.empty() ? std::stoul(length) : 0;
  while (received_.size() < body_bytes) {
    if (fill(patience)) continue;
    reply.status = 0;
    return reply;
  }
  reply.body = received_.substr(0, body_bytes);
  received_.erase(0, body_bytes);
  return reply;
}

std::string Client::read_some(std::size_t count, std::chrono::milliseconds patience) {
  while (received_.size() < count && fill(patience)) {
  }
  std::string taken = received_.substr(0, count);
  received_.erase(0, taken.size());
  return taken;
}

bool Client::sees_end(std::chrono::milliseconds patience) {
  pollfd waited{descriptor_, POLLIN, 0};
  if (!received_.empty() || ::poll(&waited, 1, static_cast<int>(patience.count())) != 1) {
    return false;
  }
  char byte = 0;
  return ::recv(descriptor_, &byte, 1, 0) <= 0;
}

void Client::end_sending() { ::shutdown(descriptor_, SHUT_WR); }

void Client::reset() {
  const linger at_once{1, 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  ::close(std::exchange(descriptor_, -1));
}

void Client::set_receive_buffer(int bytes) {
  ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

namespace {

class ExampleBody final : public ResponseBody {
 public:
  explicit ExampleBody(std::string_view query) {
    std::string_view rest = query;
    bytes_ = std::stoul(std::string(take_until('-', rest)));
    piece_bytes_ = std::stoul(std::string(take_until('-', rest)));
    option_ = rest;
    text_ = example_text(bytes_);
    if (option_ != "file") return;
    file_ = ::memfd_create("example", MFD_CLOEXEC);
    if (::write(file_, text_.data(), text_.size()) < 0) throw std::runtime_error("memfd");
  }
  ~ExampleBody() override {
    if (file_ >= 0) ::close(file_);
    ++example_bodies_gone;
  }
  [[nodiscard]] std::optional<std::uint64_t> size() const override {
    if (option_ == "chunked") return std::nullopt;
    if (option_ == "short") return bytes_ + 1;
    if (option_ == "long") return bytes_ - 1;
    return bytes_;
  }
  boost::asio::awaitable<Result<Piece>> next() override {
    const std::size_t length = std::min(piece_bytes_, bytes_ - at_);
    if (option_ == "fail" && at_ >= bytes_ / 2) {
      co_return problem(ProblemKind::internal, "as asked for");
    }
    Piece piece;
    if (file_ >= 0 && at_ % 2 == 0) {  // else bytes, in between
      piece = {.file = file_, .offset = at_, .length = length};
    } else {
      piece.bytes = std::string_view(text_).substr(at_, length);
    }
    at_ += length;
    co_return piece;
  }

 private:
  std::size_t bytes_ = 0;
  std::size_t piece_bytes_ = 0;
  std::string option_;
  std::string text_;
  std::size_t at_ = 0;
  int file_ = -1;
};

}  // namespace

std::string example_text(std::size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += "{\"n\": " + std::to_string(text.size()) + "},\n";
  text.resize(bytes);
  return text;
}

boost::asio::awaitable<Response> example_handler(const Request& request) {
  Response response;
  response.fields.emplace_back("Content-Type", "application/json");
  if (request.path == "/fields") {
    for (const auto& [field_name, value] : request.fields) {
      response.body += field_name + ": " + value + "\n";
    }
  } else if (request.path == "/bytes") {
    response.body = example_text(std::stoul(request.query));
  } else if (request.path == "/made") {
    response.stream = std::make_shared<ExampleBody>(request.query);
  } else if (request.path == "/made/binary") {
    response.fields.front().second = "application/octet-stream";
    response.stream = std::make_shared<ExampleBody>(request.query);
  } else if (request.path == "/zeros") {
    response.fields.front().second = "application/octet-stream";
    response.body.assign(std::stoul(request.query), '0');
  } else if (request.path == "/wait") {
    const auto executor = co_await boost::asio::this_coro::executor;
    boost::asio::steady_timer timer(executor, std::chrono::milliseconds(std::stol(request.query)));
    const auto token = boost::asio::use_awaitable;
    co_await timer.async_wait(token);
    response.body = "waited";
  } else if (request.path == "/throw") {
    throw std::runtime_error("as asked for");
  } else if (request.path == "/split") {
    response.fields.emplace_back("X-Split", "a\r\nSet-Cookie: b");
  } else if (request.path == "/empty") {
    response.status = 204;
    response.body = "not to be sent";
  } else if (request.path == "/etag") {
    response.fields.emplace_back("ETag", "\"abc\"");
    response.body.assign(4096, 'e');
  } else {
    response.body = std::string(name(request.method)) + " " + request.target + " " + request.path +
                    " " + request.query + " " + request.body;
  }
  co_return response;
}

namespace {

// A sum of bytes that also depends on their order.
std::uint64_t sum_of(std::string_view bytes, std::uint64_t sum) {
  for (const char c : bytes) sum = sum * 31 + static_cast<unsigned char>(c);
  return sum;
}

boost::asio::awaitable<void> pause(std::int64_t milliseconds) {
  const auto executor = co_await boost::asio::this_coro::executor;
  boost::asio::steady_timer timer(executor, std::chrono::milliseconds(milliseconds));
  const auto token = boost::asio::use_awaitable;
  co_await timer.async_wait(token);
}

}  // namespace

std::string example_sum(std::string_view bytes) {
  return std::to_string(bytes.size()) + " " + std::to_string(sum_of(bytes, 0));
}

boost::asio::awaitable<Response> example_streamed(const Request& request, BodyReader& body) {
  Response response{200, {{"Content-Type", "text/plain"}}, "unread"};
  if (request.path == "/stream/refuse") {
    response.status = 403;
    co_return response;
  }
  if (request.path == "/stream/throw") throw std::runtime_error("as asked for");
  std::uint64_t count = 0;
  std::uint64_t sum = 0;
  while (true) {
    const auto piece = co_await body.read();
    if (!piece) {
      const auto again = co_await body.read();
      if (again) throw std::runtime_error("a body that has failed goes on");
      co_return example_problem_response(piece.error(), &request);
    }
    if (piece->empty()) break;
    count += piece->size();
    sum = sum_of(*piece, sum);
    if (request.path == "/stream/first") co_return response;
    if (request.path == "/stream/slow") co_await pause(std::stol(request.query));
  }
  response.body = std::to_string(count) + " " + std::to_string(sum);
  co_return response;
}

Response example_problem_response(const Problem& problem, const Request* /*request*/) {
  return {status_of(problem.kind),
          {{"Content-Type", "text/plain"}},
          "problem: " + problem.issues.front().diagnostics};
}

std::unique_ptr<Server> start_server(const Limits& limits, unsigned threads,
                                     const std::string& address) {
  set_log_level(LogLevel::off);
  ServerOptions options;
  options.address = address;
  options.port = 0;
  options.threads = threads;
  options.limits = limits;
  auto server = Server::listen(
      options, example_handler, example_problem_response,
      {.wants = [](const Request& request) { return request.path.starts_with("/stream"); },
       .answer = example_streamed});
  if (!server) throw std::runtime_error(server.error().issues.front().diagnostics);
  (*server)->start();
  return std::move(*server);
}

std::string get(std::string_view target, std::string_view more_fields) {
  std::string request = "GET ";
  request.append(target).append(" HTTP/1.1\r\nHost: localhost\r\n").append(more_fields);
  return request.append("\r\n");
}

std::string post(std::string_view target, std::string_view body, std::string_view more_fields) {
  std::string request = "POST ";
  request.append(target).append(" HTTP/1.1\r\nHost: localhost\r\nContent-Length: ");
  request.append(std::to_string(body.size())).append("\r\n").append(more_fields);
  return request.append("\r\n").append(body);
}

}  // namespace lightbox::http::testing
