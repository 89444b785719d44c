#include "dimse/transport.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <dcmtk/dcmnet/cond.h>
#include <dcmtk/dcmnet/dul.h>
#include <dcmtk/oflog/oflog.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <utility>

#include "dimse/associate_check.h"

namespace lightbox::dimse {
namespace {

constexpr std::size_t buffer_bytes = 64 * 1024;
constexpr std::size_t pdu_header_bytes = 6;
// 128 contexts with all transfer syntaxes there are take some 400 KB.
constexpr std::size_t associate_bytes_max = 512 * 1024;
constexpr char type_associate_rq = 0x01;
constexpr char type_associate_ac = 0x02;
constexpr char type_associate_rj = 0x03;
constexpr char type_abort = 0x07;

std::size_t pdu_bytes(std::string_view header) {
  std::size_t length = 0;
  for (std::size_t i = 2; i < pdu_header_bytes; ++i) {
    length = length << 8U | static_cast<std::uint8_t>(header[i]);
  }
  return length + pdu_header_bytes;
}

// A connected socket that stands in where DCMTK wants one before it asks the layer for the
// connection. A listening one would be bound to all addresses of the machine.
int make_placeholder() {
  const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int placeholder = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* any = reinterpret_cast<sockaddr*>(&address);
  int accepted = -1;
  if (::bind(listening, any, length) == 0 && ::listen(listening, 1) == 0 &&
      ::getsockname(listening, any, &length) == 0 && ::connect(placeholder, any, length) == 0) {
    accepted = ::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC);
  }
  ::close(listening);
  if (accepted >= 0) return placeholder;  // the other end stays open as long as the process
  ::close(placeholder);
  return -1;
}

OFCondition refused(const char* reason) {
  return makeDcmnetCondition(DULC_ILLEGALPDU, OF_error, reason);
}

}  // namespace

bool prepare_dcmtk() {
  static const bool is_prepared = [] {
    OFLog::configure(OFLogger::OFF_LOG_LEVEL);
    dcmDisableGethostbyaddr.set(OFTrue);
    constexpr Sint32 connect_s = 10;
    dcmConnectionTimeout.set(connect_s);
    // Of associations that are opened from here; the others have their line's deadline.
    constexpr Sint32 answer_s = 30;
    dcmSocketReceiveTimeout.set(answer_s);
    dcmSocketSendTimeout.set(answer_s);
    const int placeholder = make_placeholder();
    if (placeholder < 0) return false;
    dcmExternalSocketHandle.set(placeholder);
    return true;
  }();
  return is_prepared;
}

Connection::Connection(std::unique_ptr<DcmTransportConnection> inner, Layer& layer, Line* line)
    : DcmTransportConnection(-1),
      inner_(std::move(inner)),
      layer_(layer),
      descriptor_(line == nullptr ? -1 : line->descriptor()),
      in_(buffer_bytes) {
  layer_.connection_ = this;
  if (line != nullptr) {
    const int on = 1;
    ::setsockopt(line->descriptor(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    const timeval none{};
    ::setsockopt(line->descriptor(), SOL_SOCKET, SO_RCVTIMEO, &none, sizeof(none));
    ::setsockopt(line->descriptor(), SOL_SOCKET, SO_SNDTIMEO, &none, sizeof(none));
  }
}

Connection::~Connection() { layer_.connection_ = nullptr; }

// At least `bytes` in the buffer; false when the peer does not send them.
bool Connection::fill(std::size_t bytes) {
  if (in_.size() - begin_ < bytes) {
    std::memmove(in_.data(), in_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    if (in_.size() < bytes) in_.resize(bytes);
  }
  while (end_ - begin_ < bytes) {
    const auto got = inner_->read(in_.data() + end_, in_.size() - end_);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    end_ += static_cast<std::size_t>(got);
  }
  return true;
}

bool Connection::has_input(std::int64_t wait_ms) {
  if (has_bytes()) return true;
  // Asked of the inner one, which may have decrypted bytes, and knows whole seconds only.
  if (inner_->networkDataAvailable(0)) return true;
  pollfd readable{.fd = descriptor_, .events = POLLIN, .revents = 0};
  return wait_ms > 0 && ::poll(&readable, 1, static_cast<int>(wait_ms)) != 0;
}

OFCondition Connection::serverSideHandshake() {
  if (const OFCondition done = inner_->serverSideHandshake(); done.bad()) return done;
  if (!fill(pdu_header_bytes)) return DUL_NETWORKCLOSED;
  const std::string_view header(in_.data() + begin_, pdu_header_bytes);
  if (header[0] != type_associate_rq) {
    write_abort(header[0] >= type_associate_rq && header[0] <= type_abort
                    ? AbortReason::unexpected_pdu
                    : AbortReason::unrecognized_pdu);
    return refused("not an A-ASSOCIATE-RQ");
  }
  const std::size_t bytes = pdu_bytes(header);
  if (bytes > associate_bytes_max) {
    write_abort(AbortReason::invalid_pdu_parameter);
    return refused("the A-ASSOCIATE-RQ is too long");
  }
  if (!fill(bytes)) return DUL_NETWORKCLOSED;
  const std::string_view body(in_.data() + begin_ + pdu_header_bytes, bytes - pdu_header_bytes);
  if (!is_well_formed_associate(body)) {
    write_abort(AbortReason::invalid_pdu_parameter);
    return refused("the A-ASSOCIATE-RQ is malformed");
  }
  return EC_Normal;
}

OFCondition Connection::clientSideHandshake() {
  awaits_answer_ = true;
  return inner_->clientSideHandshake();
}

// PS3.8 9.2: one of A-ASSOCIATE-AC, A-ASSOCIATE-RJ and A-ABORT.
bool Connection::has_well_formed_answer() {
  if (!fill(pdu_header_bytes)) return false;
  const std::string_view header(in_.data() + begin_, pdu_header_bytes);
  const char type = header[0];
  const std::size_t bytes = pdu_bytes(header);
  if (type == type_associate_rj || type == type_abort) {
    constexpr std::size_t short_pdu_bytes = 10;
    return bytes == short_pdu_bytes;
  }
  if (type != type_associate_ac || bytes > associate_bytes_max || !fill(bytes)) return false;
  return is_well_formed_accept({in_.data() + begin_ + pdu_header_bytes, bytes - pdu_header_bytes});
}

ssize_t Connection::read(void* buffer, size_t bytes) {
  if (std::exchange(awaits_answer_, false) && !has_well_formed_answer()) {
    return 0;
  }
  if (!has_bytes()) {
    begin_ = end_ = 0;
    if (bytes >= in_.size()) return inner_->read(buffer, bytes);
    const auto got = inner_->read(in_.data(), in_.size());
    if (got <= 0) return got;
    end_ = static_cast<std::size_t>(got);
  }
  const std::size_t taken = std::min(bytes, end_ - begin_);
  std::memcpy(buffer, in_.data() + begin_, taken);
  begin_ += taken;
  return static_cast<ssize_t>(taken);
}

ssize_t Connection::write(void* buffer, size_t bytes) {
  out_.append(static_cast<const char*>(buffer), bytes);
  // DCMTK writes whole PDUs, some of them in two parts.
  if (out_.size() < pdu_header_bytes || out_.size() < pdu_bytes(out_)) {
    return static_cast<ssize_t>(bytes);
  }
  return flush() ? static_cast<ssize_t>(bytes) : -1;
}

bool Connection::flush() {
  std::size_t written = 0;
  while (written < out_.size()) {
    const auto wrote = inner_->write(out_.data() + written, out_.size() - written);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) {
      errno = EIO;  // DCMTK tries again for ever with EINTR, and nothing here left one
      return false;
    }
    written += static_cast<std::size_t>(wrote);
  }
  out_.clear();
  return true;
}

void Connection::write_abort(AbortReason reason) {
  constexpr char service_provider = 2;
  const std::array<char, 10> pdu = {
      type_abort, 0, 0, 0, 0, 4, 0, 0, service_provider, static_cast<char>(reason)};
  out_.assign(pdu.begin(), pdu.end());
  flush();
}

DcmTransportConnection* Layer::createConnection(DcmNativeSocketType socket, OFBool) {
  if (line_ == nullptr && make_line_) return adopt(socket, make_line_(socket));
  // The line keeps its descriptor, so that nobody else can get its number while it is watched.
  const int own = line_ == nullptr ? socket : ::fcntl(line_->descriptor(), F_DUPFD_CLOEXEC, 0);
  return adopt(own, line_);
}

DcmTransportConnection* Layer::adopt(int own, Line* line) {
  std::unique_ptr<DcmTransportConnection> inner;
  if (secure_ != nullptr) inner.reset(secure_->createConnection(own, OFTrue));
  if (inner == nullptr && secure_ != nullptr) ::close(own);
  // Never nullptr: DCMTK would close its own socket, which is the placeholder of all.
  if (inner == nullptr) inner = std::make_unique<DcmTCPConnection>(secure_ == nullptr ? own : -1);
  return new Connection(std::move(inner), *this, line);
}

}  // namespace lightbox::dimse
