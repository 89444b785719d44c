#include "hl7/listener.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <exception>
#include <fmt/format.h>
#include <optional>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "base/network.h"
#include "hl7/frame.h"

namespace lightbox::hl7 {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// An IPv4 client of an IPv6 socket is still an IPv4 client.
std::string address_text(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  }
  return address.to_string();
}

// What all connections share; outlives them.
struct Shared {
  ListenerOptions options;
  Listener::Took took;
  std::size_t connections = 0;
};

// Kept by what it waits for: it is gone when there is nothing of that kind.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Shared& shared, tcp::socket socket, std::string address)
      : shared_(shared),
        socket_(std::move(socket)),
        deadline_(socket_.get_executor()),
        address_(std::move(address)),
        frames_(shared.options.limits.hl7_message_bytes_max) {
    ++shared_.connections;
  }
  ~Connection() { --shared_.connections; }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void read() {
    socket_.async_read_some(asio::buffer(buffer_),
                            [self = shared_from_this()](const error_code& error, std::size_t size) {
                              if (!error) self->take({self->buffer_.data(), size});
                            });
  }

 private:
  void take(std::string_view bytes);
  void write(std::string answers);
  void wrote();
  std::optional<std::string> answer_to(const std::string& text);
  std::optional<std::string> refuse(const std::string& text, AckCode code, std::string_view reason);
  void close_after(std::int64_t time_ms);
  void open_as_long_as_it_likes();

  Shared& shared_;
  tcp::socket socket_;
  asio::steady_timer deadline_;
  bool has_deadline_ = false;
  std::string address_;
  FrameReader frames_;
  std::array<char, 16 * 1024> buffer_{};
  std::string answers_;     // on their way
  bool is_ending_ = false;  // nothing is taken any more
};

void Connection::take(std::string_view bytes) {
  if (is_ending_) return read();
  std::string answers;
  while (!is_ending_) {
    const auto event = frames_.next(bytes);
    if (event == FrameReader::Event::need_more) break;
    std::optional<std::string> answer;
    if (event == FrameReader::Event::message) {
      answer = answer_to(frames_.message());
      is_ending_ = !answer;
    } else {
      answer =
          refuse(frames_.message(), AckCode::rejected,
                 event == FrameReader::Event::too_long ? "It is longer than hl7_message_bytes_max"
                                                       : "It sends no messages");
      is_ending_ = true;
    }
    if (answer) answers += framed(*answer);
  }
  if (is_ending_ || !answers.empty()) return write(std::move(answers));
  if (frames_.is_within() && !has_deadline_) {
    close_after(shared_.options.limits.hl7_message_timeout_ms);
  }
  read();
}

// nullopt: it is nobody's.
std::optional<std::string> Connection::answer_to(const std::string& text) {
  const auto message = parse_message(text, shared_.options.limits);
  if (!message) return refuse(text, AckCode::error, message.error().issues.front().diagnostics);
  shared_.took(*message);
  return acknowledgement(message->header, AckCode::accepted, "", now_ms());
}

std::optional<std::string> Connection::refuse(const std::string& text, AckCode code,
                                              std::string_view reason) {
  log(LogLevel::warning, "hl7_message_refused", {{"address", address_}, {"reason", reason}});
  const auto header = read_header(text);
  if (!header) return std::nullopt;
  return acknowledgement(*header, code, reason, now_ms());
}

void Connection::write(std::string answers) {
  answers_ = std::move(answers);
  close_after(shared_.options.limits.hl7_message_timeout_ms);
  asio::async_write(socket_, asio::buffer(answers_),
                    [self = shared_from_this()](const error_code& error, std::size_t) {
                      if (!error) self->wrote();
                    });
}

void Connection::wrote() {
  if (is_ending_) {
    // Closed with bytes unread, the connection would be reset, and the answer lost. So the rest is
    // read, for a while.
    constexpr std::int64_t linger_ms = 2'000;
    error_code error;
    socket_.shutdown(tcp::socket::shutdown_send, error);
    close_after(linger_ms);
  } else if (frames_.is_within()) {
    close_after(shared_.options.limits.hl7_message_timeout_ms);
  } else {
    open_as_long_as_it_likes();
  }
  read();
}

// It takes the place of the deadline before.
void Connection::close_after(std::int64_t time_ms) {
  has_deadline_ = true;
  deadline_.expires_after(std::chrono::milliseconds(time_ms));
  deadline_.async_wait([kept = weak_from_this()](const error_code& cancelled) {
    const auto self = kept.lock();
    if (cancelled || !self) return;
    if (!self->is_ending_) {
      log(LogLevel::warning, "hl7_connection_closed",
          {{"address", self->address_},
           {"reason", "A message that had begun took longer than hl7_message_timeout_ms"}});
    }
    error_code error;
    self->socket_.close(error);
  });
}

void Connection::open_as_long_as_it_likes() {
  has_deadline_ = false;
  deadline_.cancel();
}

}  // namespace

struct Listener::Impl {
  Impl(ListenerOptions options, Took took)
      : shared{.options = std::move(options), .took = std::move(took)} {}

  Result<void> open();
  void run();
  void accept();
  void accept_later();
  void admit(tcp::socket socket);

  Shared shared;
  std::uint16_t port = 0;
  asio::io_context context{1};  // its end is that of the connections
  tcp::acceptor acceptor{context};
  asio::steady_timer pause{context};
  std::thread thread;
};

Result<void> Listener::Impl::open() {
  const ListenerOptions& options = shared.options;
  error_code error;
  const tcp::endpoint at(asio::ip::make_address(options.address, error), options.port);
  if (!error) acceptor.open(at.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && at.protocol() == tcp::v6()) {
    acceptor.set_option(asio::ip::v6_only(false), error);
  }
  if (!error) acceptor.bind(at, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (!error) port = acceptor.local_endpoint(error).port();
  if (!error) return {};
  return problem(ProblemKind::unavailable,
                 fmt::format("Cannot listen on {} port {} for HL7: {}", options.address,
                             options.port, error.message()));
}

void Listener::Impl::run() {
  // What a connection throws for want of memory is its end alone.
  while (true) {
    try {
      context.run();
      return;
    } catch (const std::exception& error) {
      log(LogLevel::error, "hl7_connection_failed", {{"reason", error.what()}});
    }
  }
}

void Listener::Impl::accept() {
  acceptor.async_accept([this](const error_code& error, tcp::socket socket) {
    if (error) return accept_later();
    accept();
    admit(std::move(socket));
  });
}

// There are no descriptors just now: nothing but the clock can tell when to try again.
void Listener::Impl::accept_later() {
  pause.expires_after(std::chrono::milliseconds(100));
  pause.async_wait([this](const error_code& cancelled) {
    if (!cancelled) accept();
  });
}

void Listener::Impl::admit(tcp::socket socket) {
  error_code error;
  const std::string address = address_text(socket.remote_endpoint(error).address());
  if (error) return;  // gone already
  const auto& accepted = shared.options.accepted;
  if (std::ranges::none_of(
          accepted, [&](const std::string& network) { return is_in_network(address, network); })) {
    log(LogLevel::warning, "hl7_caller_refused",
        {{"address", address}, {"reason", "hl7_accept does not have it"}});
    return;
  }
  if (shared.connections >= shared.options.limits.hl7_connections_max) {
    log(LogLevel::warning, "hl7_caller_refused",
        {{"address", address}, {"reason", "hl7_connections_max are open"}});
    return;
  }
  // Senders keep connections open for days: those whose sender is gone without a word end so.
  socket.set_option(asio::socket_base::keep_alive(true), error);
  std::make_shared<Connection>(shared, std::move(socket), address)->read();
}

Result<std::unique_ptr<Listener>> Listener::start(ListenerOptions options, Took took) {
  auto impl = std::make_unique<Impl>(std::move(options), std::move(took));
  TRY_DO(impl->open());
  log(LogLevel::info, "hl7_listening",
      {{"address", impl->shared.options.address}, {"port", impl->port}});
  impl->accept();
  impl->thread = std::thread([&started = *impl] { started.run(); });
  return std::unique_ptr<Listener>(new Listener(std::move(impl)));
}

Listener::Listener(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Listener::~Listener() {
  if (!impl_->thread.joinable()) return;
  impl_->context.stop();
  impl_->thread.join();
}

std::uint16_t Listener::port() const { return impl_->port; }

}  // namespace lightbox::hl7
