#include "pacs/transfer_loop.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>
#include <chrono>
#include <new>
#include <sys/epoll.h>
#include <unordered_map>
#include <utility>

#include "pacs/transfers.h"

namespace lightbox::pacs {
namespace {

namespace asio = boost::asio;
using Clock = RequestRate::Clock;

// Of one transfer: what is held, up to here, and as much again while that is sent; and libcurl's
// own buffer. An answer that is known to be short, as a frame of a usual size, is held as a whole
// instead, so that it never waits.
constexpr std::size_t held_bytes_max = 192 * 1024;
constexpr std::size_t short_bytes_max = 640 * 1024;
// Up to here it is not handed on in parts.
constexpr std::size_t whole_bytes_max = 64 * 1024;
constexpr long curl_buffer_bytes = 128 * 1024;
// An answer that refuses is read to here, so that its connection stays; beyond, it is not worth it.
constexpr std::size_t refusal_read_max = 64 * 1024;
constexpr const char* stopped_text = "this server is stopping";
constexpr const char* expired_text =
    "there was no free connection for timeout_ms; see image_connections_max";

std::size_t add_head_line(char* data, std::size_t size, std::size_t count, void* opaque) {
  auto& transfer = *static_cast<TransferState*>(opaque);
  // What follows the body are its trailers.
  if (!transfer.has_head) transfer.reader.add_line(std::string_view(data, size * count));
  return size * count;
}

void finish_head(TransferState& transfer) {
  if (std::exchange(transfer.has_head, true)) return;
  transfer.head = std::move(transfer.reader.head());
  transfer.held_max = held_bytes_max;
  const auto bytes = transfer.head.body_bytes;
  if (!bytes || *bytes > short_bytes_max || !is_success(transfer.head.status)) return;
  transfer.held_max = short_bytes_max;
  transfer.is_taken_whole = *bytes <= whole_bytes_max;
  transfer.held.reserve(static_cast<std::size_t>(*bytes));
}

// Any other count than that of the bytes ends the transfer.
std::size_t add_bytes(char* data, std::size_t size, std::size_t count, void* opaque) {
  auto& transfer = *static_cast<TransferState*>(opaque);
  const std::string_view bytes(data, size * count);
  finish_head(transfer);
  if (!is_success(transfer.head.status)) {
    transfer.refusal += bytes.substr(0, refusal_bytes_max - transfer.refusal.size());
    transfer.refusal_bytes += bytes.size();
    return transfer.refusal_bytes > refusal_read_max ? 0 : bytes.size();
  }
  if (transfer.held.size() >= transfer.held_max) {
    transfer.is_paused = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  transfer.held += bytes;
  return bytes.size();
}

// The loops of a context, which end before it does.
class LoopService : public asio::execution_context::service {
 public:
  // NOLINTNEXTLINE(readability-identifier-naming): Asio's name
  inline static asio::execution_context::id id;
  explicit LoopService(asio::execution_context& context)
      : asio::execution_context::service(context) {}

  std::shared_ptr<TransferLoop> of(const asio::any_io_executor& executor,
                                   const std::shared_ptr<TransferGate>& gate) {
    if (const auto found = loops_.find(gate.get()); found != loops_.end()) return found->second;
    auto loop = std::make_shared<TransferLoop>(executor, gate);
    loop->open();
    loops_.emplace(gate.get(), loop);
    return loop;
  }
  void forget(const TransferGate* gate) { loops_.erase(gate); }

 private:
  void shutdown() override {
    for (auto& [gate, loop] : loops_) loop->close(TransferLoop::Waiters::dropped);
    loops_.clear();
  }
  std::unordered_map<const TransferGate*, std::shared_ptr<TransferLoop>> loops_;
};

LoopService& service_of(const asio::any_io_executor& executor) {
  return asio::use_service<LoopService>(asio::query(executor, asio::execution::context));
}

}  // namespace

void TransferState::end(std::string why) {
  if (is_ended) return;
  is_ended = true;
  failure = std::move(why);
}

void TransferState::notify() {
  if (!waiter || !has_news()) return;
  const auto called = std::exchange(waiter, nullptr);
  called(true);
}

std::shared_ptr<TransferLoop> TransferLoop::of(const asio::any_io_executor& executor,
                                               const std::shared_ptr<TransferGate>& gate) {
  return service_of(executor).of(executor, gate);
}

TransferLoop::TransferLoop(asio::any_io_executor executor, std::shared_ptr<TransferGate> gate)
    : executor_(std::move(executor)), gate_(std::move(gate)), multi_(curl_multi_init()) {
  if (multi_ == nullptr) throw std::bad_alloc();
}

TransferLoop::~TransferLoop() {
  for (CURL* handle : handles_) curl_easy_cleanup(handle);
  curl_multi_cleanup(multi_);
}

void TransferLoop::open() {
  sockets_.emplace(executor_, ::epoll_create1(EPOLL_CLOEXEC));
  timer_.emplace(executor_);
  begin_timer_.emplace(executor_);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS,
                    static_cast<long>(gate_->source.image_connections_max));
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  {
    const std::lock_guard lock(gate_->mutex);
    gate_->loops.push_back(this);
  }
}

void TransferLoop::close(Waiters waiters) {
  if (std::exchange(is_closed_, true)) return;
  std::vector<Shared> ended;
  {
    const std::lock_guard lock(gate_->mutex);
    std::erase(gate_->loops, this);
    std::erase_if(gate_->waiting, [&](const Shared& one) {
      if (one->loop == this) ended.push_back(one);
      return one->loop == this;
    });
  }
  while (!under_way_.empty()) {
    ended.push_back(take_under_way(under_way_.begin()));
    leave();
  }
  // Connections that are kept are closed with them, while there is still something to tell.
  for (CURL* handle : std::exchange(handles_, {})) curl_easy_cleanup(handle);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, nullptr);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, nullptr);
  sockets_.reset();
  timer_.reset();
  begin_timer_.reset();
  for (const Shared& one : ended) {
    if (waiters == Waiters::dropped) {
      one->end(stopped_text);
      one->waiter = nullptr;
    } else {
      end(one, stopped_text);
    }
  }
  if (waiters == Waiters::notified) service_of(executor_).forget(gate_.get());
}

bool TransferLoop::begin(const Shared& transfer) {
  transfer->loop = this;
  bool is_stopped = is_closed_;
  {
    const std::lock_guard lock(gate_->mutex);
    if (gate_->waiting.size() >= Transfers::waiting_max) return false;
    is_stopped = is_stopped || gate_->is_stopping;
    if (!is_stopped) gate_->waiting.push_back(transfer);
  }
  if (is_stopped) {
    end(transfer, stopped_text);
  } else {
    begin_waiting();
  }
  return true;
}

// Those that may begin now, other threads' too; and a timer for the rest.
void TransferLoop::begin_waiting() {
  if (is_closed_) return;
  std::vector<Shared> expired;
  std::vector<Shared> own;
  std::optional<Clock::time_point> again;
  {
    const std::lock_guard lock(gate_->mutex);
    auto& waiting = gate_->waiting;
    const auto now = Clock::now();
    while (!waiting.empty()) {
      Shared& first = waiting.front();
      TransferLoop& loop = *first->loop;
      // Who has waited for so long is likely to have gone, or would find the source as it is.
      const bool is_expired = gate_->expires_at(first) <= now;
      const bool has_room = gate_->under_way < gate_->source.image_connections_max;
      if (!is_expired && (!has_room || gate_->rate.next() > now)) {
        again = gate_->expires_at(first);
        if (has_room) again = std::min(*again, gate_->rate.next());
        break;
      }
      if (!is_expired) {
        gate_->rate.count(now);
        ++gate_->under_way;
      }
      if (&loop == this) {
        (is_expired ? expired : own).push_back(std::move(first));
      } else {
        // Its context is there as long as the gate has the loop.
        asio::post(loop.executor_,
                   [to = loop.shared_from_this(), transfer = std::move(first), is_expired] {
                     if (is_expired) {
                       end(transfer, expired_text);
                     } else {
                       to->start(transfer);
                     }
                   });
      }
      waiting.pop_front();
    }
  }
  for (const Shared& one : expired) {
    end(one, expired_text);
  }
  for (const Shared& one : own) start(one);
  if (!again) return;
  // Not for long: meanwhile another thread's loop may have begun them.
  begin_timer_->expires_at(std::min(*again, Clock::now() + std::chrono::seconds(1)));
  begin_timer_->async_wait([self = shared_from_this()](const boost::system::error_code& failure) {
    if (!failure) self->begin_waiting();
  });
}

void TransferLoop::start(const Shared& transfer) {
  if (is_closed_) end(transfer, stopped_text);
  if (transfer->is_ended) return leave();  // meanwhile
  transfer->handle = take_handle();
  const auto set = [&](CURLoption option, auto value) {
    curl_easy_setopt(transfer->handle, option, value);
  };
  set(CURLOPT_URL, transfer->url.c_str());
  set(CURLOPT_HTTPHEADER, transfer->fields.get());
  set(CURLOPT_HEADERDATA, transfer.get());
  set(CURLOPT_WRITEDATA, transfer.get());
  curl_multi_add_handle(multi_, transfer->handle);
  under_way_.push_back(transfer);
  // On a connection that is there the request goes out now.
  int running = 0;
  curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
  watch();
  schedule_turn();
}

CURL* TransferLoop::take_handle() {
  if (!handles_.empty()) {
    CURL* handle = handles_.back();
    handles_.pop_back();
    return handle;
  }
  CURL* handle = curl_easy_init();
  if (handle == nullptr) throw std::bad_alloc();
  set_up_curl(handle, gate_->source);
  const auto set = [&](CURLoption option, auto value) { curl_easy_setopt(handle, option, value); };
  // One answer that is not taken must not hold up others on its connection.
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  // What comes encoded all the same is decoded.
  set(CURLOPT_ACCEPT_ENCODING, "identity");
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_BUFFERSIZE, curl_buffer_bytes);
  set(CURLOPT_HEADERFUNCTION, add_head_line);
  set(CURLOPT_WRITEFUNCTION, add_bytes);
  return handle;
}

int TransferLoop::on_socket(CURL* /*handle*/, curl_socket_t descriptor, int what, void* opaque,
                            void* /*socket*/) {
  auto& loop = *static_cast<TransferLoop*>(opaque);
  const int set = loop.sockets_->native_handle();
  epoll_event event{};
  event.data.fd = descriptor;
  if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) event.events |= EPOLLIN;
  if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) event.events |= EPOLLOUT;
  if (what == CURL_POLL_REMOVE) {
    ::epoll_ctl(set, EPOLL_CTL_DEL, descriptor, &event);
  } else if (::epoll_ctl(set, EPOLL_CTL_MOD, descriptor, &event) != 0) {
    ::epoll_ctl(set, EPOLL_CTL_ADD, descriptor, &event);
  }
  return 0;
}

int TransferLoop::on_timer(CURLM* /*multi*/, long timeout_ms, void* opaque) {
  auto& loop = *static_cast<TransferLoop*>(opaque);
  loop.wanted_at_ = timeout_ms < 0 ? Clock::time_point::max()
                                   : Clock::now() + std::chrono::milliseconds(timeout_ms);
  return 0;
}

void TransferLoop::arm_timer() {
  if (wanted_at_ >= armed_for_) return;
  armed_for_ = wanted_at_;
  timer_->expires_at(armed_for_);
  timer_->async_wait([self = shared_from_this()](const boost::system::error_code& failure) {
    if (failure || self->is_closed_) return;
    self->armed_for_ = Clock::time_point::max();
    self->turn();
  });
}

// While something is under way: else it would keep the context busy.
void TransferLoop::watch() {
  if (under_way_.empty() || std::exchange(is_watching_, true)) return;
  sockets_->async_wait(asio::posix::stream_descriptor::wait_read,
                       [self = shared_from_this()](const boost::system::error_code& failure) {
                         self->is_watching_ = false;
                         if (failure || self->is_closed_) return;
                         self->take_events();
                         self->watch();
                       });
}

void TransferLoop::take_events() {
  std::array<epoll_event, 64> events{};
  const int count = ::epoll_wait(sockets_->native_handle(), events.data(), events.size(), 0);
  int running = 0;
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events.at(i);
    int what = 0;
    if ((event.events & EPOLLIN) != 0) what |= CURL_CSELECT_IN;
    if ((event.events & EPOLLOUT) != 0) what |= CURL_CSELECT_OUT;
    if ((event.events & (EPOLLERR | EPOLLHUP)) != 0) what |= CURL_CSELECT_ERR;
    curl_multi_socket_action(multi_, event.data.fd, what, &running);
  }
  turn();
}

// What libcurl has done inside of a call is looked at outside of it.
void TransferLoop::schedule_turn() {
  if (std::exchange(is_turn_scheduled_, true)) return;
  asio::post(executor_, [self = shared_from_this()] {
    self->is_turn_scheduled_ = false;
    if (!self->is_closed_) self->turn();
  });
}

void TransferLoop::turn() {
  int running = 0;
  if (wanted_at_ <= Clock::now()) {
    wanted_at_ = Clock::time_point::max();
    curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
  }
  end_done();
  arm_timer();
  if (under_way_.empty() && is_watching_) sockets_->cancel();
  for (const Shared& one : under_way_) one->notify();
}

void TransferLoop::end_done() {
  int left = 0;
  bool has_left = false;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    const auto found = std::ranges::find(under_way_, message->easy_handle,
                                         [](const Shared& one) { return one->handle; });
    if (found == under_way_.end()) continue;
    end(take_under_way(found), code == CURLE_OK ? "" : curl_easy_strerror(code));
    leave();
    has_left = true;
  }
  if (has_left) begin_waiting();
}

// With its connection, unless the answer is complete.
TransferLoop::Shared TransferLoop::take_under_way(std::vector<Shared>::iterator found) {
  Shared transfer = std::move(*found);
  under_way_.erase(found);
  finish_head(*transfer);
  curl_multi_remove_handle(multi_, transfer->handle);
  handles_.push_back(std::exchange(transfer->handle, nullptr));
  return transfer;
}

void TransferLoop::leave() {
  const std::lock_guard lock(gate_->mutex);
  --gate_->under_way;
}

void TransferLoop::resume(const Shared& transfer) {
  if (transfer->handle == nullptr) return;
  curl_easy_pause(transfer->handle, CURLPAUSE_CONT);
  schedule_turn();
}

void TransferLoop::abandon(const Shared& transfer) {
  if (transfer->is_ended || is_closed_) return;
  const auto found = std::ranges::find(under_way_, transfer);
  if (found != under_way_.end()) {
    take_under_way(found);
    leave();
  } else {
    const std::lock_guard lock(gate_->mutex);
    std::erase(gate_->waiting, transfer);
  }
  end(transfer, "it is no longer wanted");
  begin_waiting();
  schedule_turn();
}

void TransferLoop::end(const Shared& transfer, std::string why) {
  transfer->end(std::move(why));
  transfer->notify();
}

}  // namespace lightbox::pacs
