#pragma once

// One connection: the coroutine that reads requests, has them answered and writes the answers, in
// order. Lives on its worker's thread; nothing here is called from another.
//
//   idle --first byte--> head --> body --> handler --> writing --+--> idle
//     any refusal: writing, then lingering until the peer has read it, then closed

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/chunked_decoder.h"
#include "http/reactor.h"
#include "http/read_buffer.h"
#include "http/request_head.h"
#include "http/response_head.h"
#include "http/server.h"

namespace lightbox::http {

class BodySender;
class StreamedBody;
class Worker;

class Connection {
 public:
  Connection(Worker& worker, int descriptor, std::string address);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Returns when the connection is to be closed.
  boost::asio::awaitable<void> run();
  // Instead of run(): answers with this problem at once, without waiting for a request.
  boost::asio::awaitable<void> run_refused(Problem problem);

  [[nodiscard]] Socket& socket() { return socket_; }
  [[nodiscard]] const std::string& address() const { return request_.remote_address; }
  [[nodiscard]] boost::asio::cancellation_slot cancellation_slot() { return cancel_.slot(); }

  // Whether a wait has taken longer than its limit; the worker then wakes the socket.
  [[nodiscard]] bool is_overdue(std::int64_t now_ms) const {
    return socket_.is_waiting() && now_ms >= deadline_ms_;
  }
  // Ends the connection when no request is being worked on. `this` may be gone afterwards.
  void stop_when_idle();
  // Ends it in any case: breaks off what is being sent and cancels the handler.
  void cut();

 private:
  friend class BodySender;
  friend class StreamedBody;
  // What came of a step: go on to the next; wait for the socket; or end the connection, after the
  // answer in refused_ if there is one.
  enum class Step : unsigned char { ready, wait, end };

  Step take_head();
  Step take_body();
  Step take_sized_body();
  Step take_chunked_body();
  Step give_up_on_head(Wake reason);
  Step refuse(Problem problem, int status = 0);
  bool hold(std::size_t bytes);
  void release_held();
  void set_head_deadline();
  boost::asio::awaitable<Step> read_body();
  boost::asio::awaitable<Step> decode_body();
  boost::asio::awaitable<Step> send_continue();
  // The answer of a handler that streams; whether the connection can go on after it.
  boost::asio::awaitable<Response> answer_streamed(bool& is_body_complete);

  Response make_refusal();
  void make_head(Response& response, Persistence persistence,
                 BodyFraming framing = BodyFraming::length);
  [[nodiscard]] Persistence persistence(bool goes_on) const;
  // The answer to a request that was read. `goes_on`: whether the connection can be used after it.
  boost::asio::awaitable<Step> send_response(Response& response, bool& goes_on);
  boost::asio::awaitable<Step> send_stream(Response& response, Coding coding, bool& goes_on);
  Step send_some(std::string_view body);
  boost::asio::awaitable<Step> send_rest(std::string_view body);
  boost::asio::awaitable<void> compress(Response& response);
  boost::asio::awaitable<void> answer_refusal();
  boost::asio::awaitable<void> linger();

  Worker& worker_;
  Socket socket_;
  ReadBuffer buffer_;
  Request request_;
  Framing framing_;
  std::optional<ChunkedDecoder> chunks_;
  std::optional<Refusal> refused_;
  std::string head_;                   // of the response
  std::size_t bytes_sent_ = 0;         // of head_ and the body together
  std::size_t bytes_held_ = 0;         // of requests_in_flight_bytes_max
  std::int64_t deadline_ms_ = 0;       // of the present wait
  std::int64_t head_deadline_ms_ = 0;  // 0: the head has not begun
  bool is_reading_head_ = true;
  bool has_request_ = false;  // request_ is a complete head
  boost::asio::cancellation_signal cancel_;
};

}  // namespace lightbox::http
