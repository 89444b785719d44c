#include "http/connection.h"

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>

#include "base/log.h"
#include "http/body_sender.h"
#include "http/compression.h"
#include "http/gzip_stream.h"
#include "http/streamed_body.h"
#include "http/worker.h"

// g++ 12 destroys some temporaries of co_await expressions twice: what is awaited here is made of
// names.

namespace lightbox::http {
namespace {

namespace asio = boost::asio;

// A body is compressed and decompressed in slices of this size, and others have their turn in
// between.
constexpr std::size_t slice_bytes = 128 * 1024;

asio::awaitable<void> yield(asio::io_context& context) {
  const auto token = asio::use_awaitable;
  co_await asio::post(context, token);
}

Problem timeout_problem(std::string_view what, std::string_view limit_name, std::int64_t limit_ms) {
  std::string message(what);
  message += " did not arrive within ";
  message += limit_name;
  message += " (" + std::to_string(limit_ms) + " ms)";
  return problem(ProblemKind::request_timeout, std::move(message));
}

Problem body_too_large(std::size_t limit) {
  return problem(ProblemKind::too_large,
                 "The body is larger than body_bytes_max (" + std::to_string(limit) + " bytes)");
}

}  // namespace

Connection::Connection(Worker& worker, int descriptor, std::string address)
    : worker_(worker), socket_(descriptor) {
  request_.remote_address = std::move(address);
}

Connection::~Connection() { release_held(); }

void Connection::stop_when_idle() {
  if (is_reading_head_ && socket_.is_waiting()) socket_.wake(Wake::stopped);
}

void Connection::cut() {
  socket_.shutdown_both();
  if (socket_.is_waiting()) {
    socket_.wake(Wake::stopped);
  } else {
    cancel_.emit(asio::cancellation_type::terminal);
  }
}

asio::awaitable<void> Connection::run() {
  // A client that never waits for its answers must let others have a turn.
  constexpr unsigned turns_max = 64;
  unsigned turns = 0;
  while (true) {
    is_reading_head_ = true;
    Step step = take_head();
    while (step == Step::wait) {
      if (worker_.shared().is_stopping) co_return;
      set_head_deadline();
      turns = 0;
      const Wake reason = co_await socket_.wait(Direction::read);
      step = reason == Wake::ready ? take_head() : give_up_on_head(reason);
    }
    is_reading_head_ = false;
    const bool is_streamed = step == Step::ready && worker_.shared().is_streamed(request_);
    if (step == Step::ready && !is_streamed && framing_.body != Framing::Body::none) {
      step = co_await read_body();
    }
    if (step == Step::end) {
      if (refused_) co_await answer_refusal();
      co_return;
    }

    worker_.count_request();
    Response response;
    bool has_failed = false;
    bool is_body_complete = true;
    try {
      if (is_streamed) {
        response = co_await answer_streamed(is_body_complete);
      } else {
        response = co_await worker_.shared().handler(request_);
      }
    } catch (const std::exception& failure) {
      has_failed = true;
      log(LogLevel::error, "http_handler_exception",
          {{"method", name(request_.method)}, {"path", request_.path}, {"what", failure.what()}});
    } catch (...) {
      has_failed = true;
      log(LogLevel::error, "http_handler_exception",
          {{"method", name(request_.method)}, {"path", request_.path}});
    }
    if (has_failed) {
      response = worker_.shared().problem_response(
          problem(ProblemKind::internal, "The server failed to answer this request"), &request_);
    }
    release_held();
    bool goes_on = framing_.keeps_alive && is_body_complete && !worker_.shared().is_stopping;
    step = co_await send_response(response, goes_on);
    if (step == Step::end) co_return;
    if (!goes_on) {
      // What the client has sent beyond the last request would turn the close into a reset.
      if (!buffer_.is_empty() || !is_body_complete) co_await linger();
      co_return;
    }
    if (++turns == turns_max) {
      turns = 0;
      co_await yield(worker_.context());
    }
  }
}

asio::awaitable<Connection::Step> Connection::send_response(Response& response, bool& goes_on) {
  const bool is_gzip = wants_gzip(response, framing_.accepts_gzip);
  if (response.stream) {
    if (is_gzip) mark_as_gzip(response);
    co_return co_await send_stream(response, is_gzip ? Coding::gzip : Coding::identity, goes_on);
  }
  if (is_gzip) co_await compress(response);
  make_head(response, persistence(goes_on));
  const bool has_body = request_.method != Method::head && may_have_body(response.status);
  const std::string_view body = has_body ? std::string_view(response.body) : std::string_view{};
  Step step = send_some(body);
  if (step == Step::wait) step = co_await send_rest(body);
  co_return step;
}

asio::awaitable<Connection::Step> Connection::send_stream(Response& response, Coding coding,
                                                          bool& goes_on) {
  BodyFraming framing = BodyFraming::length;
  if (coding == Coding::gzip || !response.stream->size()) {
    // HTTP/1.0 does not know chunks.
    framing = framing_.is_http_1_0 ? BodyFraming::until_close : BodyFraming::chunked;
    if (framing_.is_http_1_0) goes_on = false;
  }
  const std::shared_ptr<ResponseBody> body = response.stream;
  make_head(response, persistence(goes_on), framing);
  const bool is_as_meant = response.stream == body;  // else its head was no valid HTTP
  if (request_.method == Method::head || !may_have_body(response.status) || !is_as_meant) {
    co_return co_await send_rest(is_as_meant ? std::string_view{} : response.body);
  }
  BodySender sender(*this, framing, coding);
  const bool is_sent = co_await sender.send(std::move(head_), *body);
  co_return is_sent ? Step::ready : Step::end;
}

Persistence Connection::persistence(bool goes_on) const {
  if (!goes_on) return Persistence::close;
  return framing_.is_http_1_0 ? Persistence::keep_alive : Persistence::implied;
}

asio::awaitable<void> Connection::run_refused(Problem problem) {
  refused_ = Refusal{std::move(problem), 0};
  co_await answer_refusal();
}

Connection::Step Connection::refuse(Problem problem, int status) {
  refused_ = Refusal{std::move(problem), status};
  return Step::end;
}

Connection::Step Connection::take_head() {
  has_request_ = false;
  while (true) {
    if (!buffer_.is_empty()) {
      auto used = parse_request_head(buffer_.bytes(), worker_.limits(), request_, framing_);
      if (!used) {
        refused_ = std::move(used).error();
        return Step::end;
      }
      if (*used != 0) {
        buffer_.use_up(*used);
        head_deadline_ms_ = 0;
        has_request_ = true;
        return Step::ready;
      }
    }
    const std::span<char> room = buffer_.room();
    const IoResult received = socket_.receive(room);
    if (received.status == Io::would_block) return Step::wait;
    if (received.status == Io::closed) return Step::end;
    buffer_.add(received.bytes);
  }
}

void Connection::set_head_deadline() {
  const std::int64_t now_ms = coarse_now_ms();
  if (buffer_.is_empty()) {
    deadline_ms_ = now_ms + worker_.limits().idle_timeout_ms;
    return;
  }
  // From its first byte: further bytes do not buy more time.
  if (head_deadline_ms_ == 0) head_deadline_ms_ = now_ms + worker_.limits().header_timeout_ms;
  deadline_ms_ = head_deadline_ms_;
}

Connection::Step Connection::give_up_on_head(Wake reason) {
  if (reason == Wake::stopped || buffer_.is_empty()) return Step::end;
  return refuse(timeout_problem("The request header", "header_timeout_ms",
                                worker_.limits().header_timeout_ms));
}

bool Connection::hold(std::size_t bytes) {
  if (!worker_.shared().admission.hold_bytes(bytes)) {
    refuse(problem(ProblemKind::unavailable,
                   "The server holds requests_in_flight_bytes_max of request bodies already; try "
                   "again shortly"));
    return false;
  }
  bytes_held_ += bytes;
  return true;
}

void Connection::release_held() {
  if (bytes_held_ == 0) return;
  worker_.shared().admission.release_bytes(bytes_held_);
  bytes_held_ = 0;
  // A large body's memory is not kept for the next request.
  constexpr std::size_t kept_bytes_max = 64 * 1024;
  if (request_.body.capacity() > kept_bytes_max) request_.body = std::string();
}

asio::awaitable<Connection::Step> Connection::send_continue() {
  if (!framing_.expects_continue || !buffer_.is_empty()) co_return Step::ready;
  head_ = "HTTP/1.1 100 Continue\r\n\r\n";
  bytes_sent_ = 0;
  co_return co_await send_rest({});
}

asio::awaitable<Response> Connection::answer_streamed(bool& is_body_complete) {
  // Until it has come: also when the handler throws.
  is_body_complete = framing_.body == Framing::Body::none;
  StreamedBody body(*this);
  Response response = co_await worker_.shared().streamed.answer(request_, body);
  is_body_complete = body.is_complete();
  co_return response;
}

asio::awaitable<Connection::Step> Connection::read_body() {
  const Limits& limits = worker_.limits();
  if (framing_.content_length > limits.body_bytes_max) {
    co_return refuse(body_too_large(limits.body_bytes_max));
  }
  const Step sent = co_await send_continue();
  if (sent == Step::end) co_return sent;
  if (framing_.body == Framing::Body::chunked) chunks_.emplace(limits.header_bytes_max);
  const std::int64_t body_deadline_ms = coarse_now_ms() + limits.body_timeout_ms;
  Step step = take_body();
  while (step == Step::wait) {
    deadline_ms_ = body_deadline_ms;
    const Wake reason = co_await socket_.wait(Direction::read);
    if (reason == Wake::ready) {
      step = take_body();
    } else if (reason == Wake::timeout) {
      step = refuse(timeout_problem("The request body", "body_timeout_ms", limits.body_timeout_ms));
    } else {
      step = Step::end;
    }
  }
  if (step == Step::ready && framing_.is_gzip && !request_.body.empty()) {
    step = co_await decode_body();
  }
  co_return step;
}

Connection::Step Connection::take_body() {
  // At most so much at a time, however fast it comes.
  return framing_.body == Framing::Body::chunked ? take_chunked_body() : take_sized_body();
}

Connection::Step Connection::take_sized_body() {
  std::string& body = request_.body;
  const auto length = static_cast<std::size_t>(framing_.content_length);
  const std::size_t buffered = std::min(buffer_.bytes().size(), length - body.size());
  if (buffered != 0) {
    if (!hold(buffered)) return Step::end;
    body.append(buffer_.bytes().substr(0, buffered));
    buffer_.use_up(buffered);
  }
  while (body.size() < length) {
    // Memory grows with what has come, not with what Content-Length promises.
    const std::size_t before = body.size();
    const std::size_t room =
        std::min(length - before, std::clamp<std::size_t>(before, 16 * 1024, 1024 * 1024));
    IoResult received{};
    body.resize_and_overwrite(before + room, [&](char* data, std::size_t) {
      received = socket_.receive({data + before, room});
      return before + received.bytes;
    });
    if (received.status == Io::would_block) return Step::wait;
    if (received.status == Io::closed || !hold(received.bytes)) return Step::end;
  }
  return Step::ready;
}

Connection::Step Connection::take_chunked_body() {
  std::string& body = request_.body;
  while (true) {
    if (!buffer_.is_empty()) {
      const std::size_t before = body.size();
      auto used = chunks_->decode(buffer_.bytes(), body);
      if (!used) return refuse(std::move(used).error());
      buffer_.use_up(*used);
      if (body.size() > worker_.limits().body_bytes_max) {
        return refuse(body_too_large(worker_.limits().body_bytes_max));
      }
      if (!hold(body.size() - before)) return Step::end;
      if (chunks_->is_complete()) return Step::ready;
    }
    const std::span<char> room = buffer_.room();
    const IoResult received = socket_.receive(room);
    if (received.status == Io::would_block) return Step::wait;
    if (received.status == Io::closed) return Step::end;
    buffer_.add(received.bytes);
  }
}

asio::awaitable<Connection::Step> Connection::decode_body() {
  GzipReader reader(worker_.limits().body_bytes_max);
  std::string plain;
  std::string_view rest = request_.body;
  // Deflate can blow its input up a thousandfold: a slice of input is small.
  constexpr std::size_t compressed_slice_bytes = 4 * 1024;
  std::size_t since_yield = 0;
  while (!rest.empty()) {
    const std::size_t before = plain.size();
    const std::string_view slice = rest.substr(0, compressed_slice_bytes);
    const auto read = reader.read(slice, plain);
    if (!read) co_return refuse(read.error());
    if (!hold(plain.size() - before)) co_return Step::end;
    rest.remove_prefix(slice.size());
    since_yield += plain.size() - before;
    if (since_yield >= slice_bytes) {
      since_yield = 0;
      co_await yield(worker_.context());
    }
  }
  const auto finished = reader.finish();
  if (!finished) co_return refuse(finished.error());
  request_.body = std::move(plain);
  co_return Step::ready;
}

void Connection::make_head(Response& response, Persistence persistence, BodyFraming framing) {
  ResponseHead head{worker_.date(), persistence, framing};
  head_.clear();
  bytes_sent_ = 0;
  if (append_head(response, head, head_)) return;
  log(LogLevel::error, "http_response_invalid",
      {{"path", request_.path}, {"status", response.status}});
  response = worker_.shared().problem_response(
      problem(ProblemKind::internal, "The server made a response that is not valid HTTP"),
      &request_);
  head_.clear();
  head.framing = BodyFraming::length;
  if (append_head(response, head, head_)) return;
  response = Response{500, {}, {}};
  head_.clear();
  (void)append_head(response, head, head_);
}

Connection::Step Connection::send_some(std::string_view body) {
  while (bytes_sent_ < head_.size() + body.size()) {
    const std::size_t head_sent = std::min(bytes_sent_, head_.size());
    const std::string_view head_rest = std::string_view(head_).substr(head_sent);
    const std::string_view body_rest = body.substr(bytes_sent_ - head_sent);
    const IoResult sent =
        head_rest.empty() ? socket_.send(body_rest, {}) : socket_.send(head_rest, body_rest);
    if (sent.status == Io::would_block) return Step::wait;
    if (sent.status == Io::closed) return Step::end;
    bytes_sent_ += sent.bytes;
  }
  return Step::ready;
}

asio::awaitable<Connection::Step> Connection::send_rest(std::string_view body) {
  // Every write_timeout_ms this much must be taken, so that a byte now and then does not hold a
  // response in memory for ever.
  constexpr std::size_t progress_bytes_min = 64 * 1024;
  const std::int64_t timeout_ms = worker_.limits().write_timeout_ms;
  deadline_ms_ = coarse_now_ms() + timeout_ms;
  std::size_t sent_at_deadline = bytes_sent_;
  while (true) {
    const Step step = send_some(body);
    if (step != Step::wait) co_return step;
    if (bytes_sent_ - sent_at_deadline >= progress_bytes_min) {
      sent_at_deadline = bytes_sent_;
      deadline_ms_ = coarse_now_ms() + timeout_ms;
    }
    const Wake reason = co_await socket_.wait(Direction::write);
    if (reason != Wake::ready) co_return Step::end;
  }
}

asio::awaitable<void> Connection::compress(Response& response) {
  if (response.body.size() <= slice_bytes) {
    response.body = gzip(response.body);
  } else {
    GzipWriter writer;
    std::string compressed;
    std::string_view rest = response.body;
    while (!rest.empty()) {
      const std::string_view slice = rest.substr(0, slice_bytes);
      rest.remove_prefix(slice.size());
      writer.write(slice, rest.empty() ? GzipWriter::End::yes : GzipWriter::End::no, compressed);
      if (!rest.empty()) co_await yield(worker_.context());
    }
    response.body = std::move(compressed);
  }
  mark_as_gzip(response);
}

Response Connection::make_refusal() {
  Response response =
      worker_.shared().problem_response(refused_->problem, has_request_ ? &request_ : nullptr);
  if (refused_->status != 0) response.status = refused_->status;
  if (response.status == 503 || response.status == 429) {
    const auto is_retry_after = [](const auto& field) { return field.first == "Retry-After"; };
    if (std::none_of(response.fields.begin(), response.fields.end(), is_retry_after)) {
      response.fields.emplace_back("Retry-After", "1");
    }
  }
  return response;
}

asio::awaitable<void> Connection::answer_refusal() {
  ++worker_.shared().refused_total;
  release_held();
  Response response = make_refusal();
  make_head(response, Persistence::close);
  const bool is_head = has_request_ && request_.method == Method::head;
  const std::string_view body = is_head ? std::string_view{} : std::string_view(response.body);
  const Step sent = co_await send_rest(body);
  if (sent == Step::ready) co_await linger();
}

// A close with unread bytes sends a reset, which can take the answer away from a client that is
// still sending (RFC 9112 9.6). So: end our side, and read on for a moment.
asio::awaitable<void> Connection::linger() {
  constexpr std::int64_t linger_ms = 2'000;
  constexpr std::size_t turn_bytes = 1024 * 1024;
  socket_.shutdown_write();
  deadline_ms_ = coarse_now_ms() + linger_ms;
  std::array<char, 4096> dropped;
  std::size_t since_yield = 0;
  while (coarse_now_ms() < deadline_ms_) {
    const IoResult received = socket_.receive(dropped);
    if (received.status == Io::closed) co_return;
    since_yield += received.bytes;
    if (received.status == Io::would_block) {
      const Wake reason = co_await socket_.wait(Direction::read);
      if (reason != Wake::ready) co_return;
    } else if (since_yield >= turn_bytes) {
      since_yield = 0;
      co_await yield(worker_.context());
    }
  }
}

}  // namespace lightbox::http
