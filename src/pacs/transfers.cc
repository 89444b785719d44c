#include "pacs/transfers.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <fmt/format.h>
#include <functional>
#include <mutex>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "http/await.h"
#include "pacs/curl_request.h"
#include "pacs/request_rate.h"

namespace lightbox::pacs {

// Of one transfer: what is held, up to here, and as much again while that is sent; and libcurl's
// own buffer. An answer that is known to be short, as a frame of a usual size, is held as a whole
// instead, so that it never waits.
constexpr std::size_t held_bytes_max = 192 * 1024;
constexpr std::size_t short_bytes_max = 640 * 1024;
constexpr long curl_buffer_bytes = 128 * 1024;
// An answer that refuses is read to here, so that its connection stays; beyond, it is not worth it.
constexpr std::size_t refusal_read_max = 64 * 1024;

struct TransferState {
  // As it was begun.
  std::string url = {};
  CurlFields fields = {};
  RequestRate::Clock::time_point begun_at = {};

  // Of the loop's thread.
  CURL* handle = nullptr;
  HttpHeadReader reader = {};
  bool has_head = false;
  std::size_t refusal_bytes = 0;
  std::size_t held_max = held_bytes_max;

  // Of both sides.
  std::mutex mutex = {};
  HttpHead head = {};  // does not change once there is something to take
  std::string held = {};
  std::string refusal = {};
  bool is_paused = false;
  bool is_ended = false;
  std::string failure = {};  // why it has ended early
  std::function<void(bool)> waiter = {};

  // Under the mutex.
  [[nodiscard]] bool has_news() const { return is_ended || !held.empty(); }

  // The end, or nothing when it has ended. Calls nobody.
  void end(std::string why) {
    const std::lock_guard lock(mutex);
    if (is_ended) return;
    is_ended = true;
    failure = std::move(why);
  }

  // Calls the waiter when there is something for it.
  void notify() {
    std::function<void(bool)> called;
    {
      const std::lock_guard lock(mutex);
      if (!waiter || !has_news()) return;
      called = std::exchange(waiter, nullptr);
    }
    called(true);
  }
};

// What the loop is told.
struct TransferMailbox {
  enum class Kind : std::uint8_t { begin, resume, abandon };
  struct Letter {
    Kind kind;
    std::shared_ptr<TransferState> transfer;
  };

  std::mutex mutex = {};
  CURLM* multi = nullptr;  // nullptr: the loop has ended
  bool is_stopping = false;
  std::vector<Letter> letters = {};
  std::size_t waiting = 0;  // transfers begun that are not under way

  void post(Kind kind, std::shared_ptr<TransferState> transfer) {
    const std::lock_guard lock(mutex);
    if (multi == nullptr) return;
    letters.push_back({.kind = kind, .transfer = std::move(transfer)});
    curl_multi_wakeup(multi);
  }
};

namespace {

using Clock = RequestRate::Clock;

std::size_t add_head_line(char* data, std::size_t size, std::size_t count, void* opaque) {
  auto& transfer = *static_cast<TransferState*>(opaque);
  // What follows the body are its trailers.
  if (!transfer.has_head) transfer.reader.add_line(std::string_view(data, size * count));
  return size * count;
}

void finish_head(TransferState& transfer) {
  if (std::exchange(transfer.has_head, true)) return;
  const std::lock_guard lock(transfer.mutex);
  transfer.head = std::move(transfer.reader.head());
  const auto bytes = transfer.head.body_bytes;
  if (!bytes || *bytes > short_bytes_max || !is_success(transfer.head.status)) return;
  transfer.held_max = short_bytes_max;
  transfer.held.reserve(static_cast<std::size_t>(*bytes));
}

// Any other count than that of the bytes ends the transfer.
std::size_t add_bytes(char* data, std::size_t size, std::size_t count, void* opaque) {
  auto& transfer = *static_cast<TransferState*>(opaque);
  const std::string_view bytes(data, size * count);
  finish_head(transfer);
  const std::lock_guard lock(transfer.mutex);
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

// The thread's own.
class TransferLoop {
 public:
  TransferLoop(const SourceOptions& source, TransferMailbox& mailbox)
      : source_(source),
        mailbox_(mailbox),
        multi_(mailbox.multi),
        rate_(source.image_requests_per_second) {
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS,
                      static_cast<long>(source.image_connections_max));
  }

  void run() {
    while (read_letters()) {
      begin_waiting();
      int running = 0;
      curl_multi_perform(multi_, &running);
      end_done();
      // Only now, so that a short answer is taken as a whole.
      for (const auto& transfer : under_way_) transfer->notify();
      curl_multi_poll(multi_, nullptr, 0, pause_ms(), nullptr);
    }
    end_all();
  }

 private:
  using Shared = std::shared_ptr<TransferState>;
  using Kind = TransferMailbox::Kind;

  // False: it is to stop.
  bool read_letters() {
    std::vector<TransferMailbox::Letter> letters;
    {
      const std::lock_guard lock(mailbox_.mutex);
      letters.swap(mailbox_.letters);
      if (mailbox_.is_stopping) {
        mailbox_.multi = nullptr;  // nothing more comes
        for (auto& letter : letters) {
          if (letter.kind == Kind::begin) waiting_.push_back(std::move(letter.transfer));
        }
        return false;
      }
    }
    for (auto& [kind, transfer] : letters) {
      switch (kind) {
        case Kind::begin:
          waiting_.push_back(std::move(transfer));
          break;
        case Kind::resume:
          if (transfer->handle != nullptr) curl_easy_pause(transfer->handle, CURLPAUSE_CONT);
          break;
        case Kind::abandon:
          abandon(transfer);
          break;
      }
    }
    return true;
  }

  void begin_waiting() {
    const auto now = Clock::now();
    // Who has waited for so long is likely to have gone, or would find the source as it is.
    while (!waiting_.empty() && expires_at(waiting_.front()) <= now) {
      end(take_waiting(), "there was no free connection for timeout_ms; see image_connections_max");
    }
    while (!waiting_.empty() && under_way_.size() < source_.image_connections_max &&
           rate_.next() <= now) {
      rate_.count(now);
      begin(take_waiting());
    }
  }

  Shared take_waiting() {
    Shared first = std::move(waiting_.front());
    waiting_.pop_front();
    forget_waiting();
    return first;
  }

  void forget_waiting() {
    const std::lock_guard lock(mailbox_.mutex);
    --mailbox_.waiting;
  }

  void begin(Shared transfer) {
    transfer->handle = take_handle();
    const auto set = [&](CURLoption option, auto value) {
      curl_easy_setopt(transfer->handle, option, value);
    };
    set(CURLOPT_URL, transfer->url.c_str());
    set(CURLOPT_HTTPHEADER, transfer->fields.get());
    set(CURLOPT_HEADERDATA, transfer.get());
    set(CURLOPT_WRITEDATA, transfer.get());
    set(CURLOPT_PRIVATE, transfer.get());
    curl_multi_add_handle(multi_, transfer->handle);
    under_way_.push_back(std::move(transfer));
  }

  CURL* take_handle() {
    if (!handles_.empty()) {
      CURL* handle = handles_.back();
      handles_.pop_back();
      return handle;
    }
    CURL* handle = curl_easy_init();
    set_up_curl(handle, source_);
    const auto set = [&](CURLoption option, auto value) {
      curl_easy_setopt(handle, option, value);
    };
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

  void end_done() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      const auto found = std::ranges::find(under_way_, message->easy_handle,
                                           [](const Shared& one) { return one->handle; });
      if (found != under_way_.end()) {
        end(take_under_way(found), code == CURLE_OK ? "" : curl_easy_strerror(code));
      }
    }
  }

  // With its connection, unless the answer is complete.
  Shared take_under_way(std::vector<Shared>::iterator found) {
    Shared transfer = std::move(*found);
    under_way_.erase(found);
    finish_head(*transfer);
    curl_multi_remove_handle(multi_, transfer->handle);
    handles_.push_back(std::exchange(transfer->handle, nullptr));
    return transfer;
  }

  void abandon(const Shared& transfer) {
    if (const auto found = std::ranges::find(under_way_, transfer); found != under_way_.end()) {
      take_under_way(found);
    } else if (std::erase(waiting_, transfer) != 0) {
      forget_waiting();
    }
    end(transfer, "it is no longer wanted");
  }

  static void end(const Shared& transfer, std::string why) {
    transfer->end(std::move(why));
    transfer->notify();
  }

  void end_all() {
    while (!under_way_.empty()) end(take_under_way(under_way_.begin()), stopped_text);
    while (!waiting_.empty()) end(take_waiting(), stopped_text);
    for (CURL* handle : handles_) curl_easy_cleanup(handle);
    curl_multi_cleanup(multi_);
  }

  [[nodiscard]] Clock::time_point expires_at(const Shared& waiting) const {
    return waiting->begun_at + std::chrono::milliseconds(source_.timeout_ms);
  }

  // Until something is to be done that is no news of libcurl's.
  [[nodiscard]] int pause_ms() const {
    constexpr std::chrono::milliseconds longest = std::chrono::minutes(1);
    if (waiting_.empty()) return static_cast<int>(longest.count());
    auto until = expires_at(waiting_.front());
    if (under_way_.size() < source_.image_connections_max) until = std::min(until, rate_.next());
    const auto pause = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
    return static_cast<int>(std::clamp(pause, std::chrono::milliseconds(0), longest).count());
  }

  static constexpr const char* stopped_text = "this server is stopping";

  const SourceOptions& source_;
  TransferMailbox& mailbox_;
  CURLM* multi_;
  RequestRate rate_;
  std::deque<Shared> waiting_;
  std::vector<Shared> under_way_;
  std::vector<CURL*> handles_;  // set up, and not in use
};

}  // namespace

Transfer::Transfer(std::shared_ptr<TransferMailbox> mailbox, std::shared_ptr<TransferState> state)
    : mailbox_(std::move(mailbox)), state_(std::move(state)) {}

Transfer::~Transfer() {
  bool is_ended = false;
  {
    const std::lock_guard lock(state_->mutex);
    is_ended = state_->is_ended;
  }
  if (!is_ended) mailbox_->post(TransferMailbox::Kind::abandon, state_);
}

boost::asio::awaitable<void> Transfer::wait() {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->has_news()) co_return;
  }
  std::function<void(std::function<void(bool)>)> start =
      [state = state_](std::function<void(bool)> done) {
        {
          const std::lock_guard lock(state->mutex);
          if (!state->has_news()) {
            state->waiter = std::move(done);
            return;
          }
        }
        done(true);
      };
  // The slot that holds this lives as long as the connection.
  std::function<void()> cancel = [mailbox = std::weak_ptr(mailbox_),
                                  state = std::weak_ptr(state_)] {
    const auto to = mailbox.lock();
    auto transfer = state.lock();
    if (to && transfer) to->post(TransferMailbox::Kind::abandon, std::move(transfer));
  };
  auto pending = http::await_callback<bool>(std::move(start), std::move(cancel));
  co_await std::move(pending);
}

const HttpHead& Transfer::head() const { return state_->head; }

std::string Transfer::refusal() const {
  const std::lock_guard lock(state_->mutex);
  return state_->refusal;
}

Result<Transfer::Left> Transfer::take(std::string& into) {
  into.clear();
  bool is_paused = false;
  {
    const std::lock_guard lock(state_->mutex);
    if (!state_->failure.empty()) return problem(ProblemKind::unavailable, state_->failure);
    into.swap(state_->held);
    if (state_->is_ended) return Left::nothing;
    is_paused = std::exchange(state_->is_paused, false);
  }
  if (is_paused) mailbox_->post(TransferMailbox::Kind::resume, state_);
  return Left::more;
}

Transfers::Transfers(const SourceOptions& source)
    : source_(source), mailbox_(std::make_shared<TransferMailbox>()) {
  start_curl();
  mailbox_->multi = curl_multi_init();
  if (mailbox_->multi == nullptr) throw std::bad_alloc();
  thread_ = std::thread([this, mailbox = mailbox_] { TransferLoop(source_, *mailbox).run(); });
}

Transfers::~Transfers() {
  {
    const std::lock_guard lock(mailbox_->mutex);
    mailbox_->is_stopping = true;
    curl_multi_wakeup(mailbox_->multi);
  }
  thread_.join();
}

Result<std::unique_ptr<Transfer>> Transfers::begin(std::string url,
                                                   std::span<const std::string> fields) {
  auto state = std::make_shared<TransferState>();
  state->url = std::move(url);
  state->fields = curl_fields(std::get<DicomwebAccess>(source_.access), fields);
  state->begun_at = Clock::now();
  {
    const std::lock_guard lock(mailbox_->mutex);
    if (mailbox_->waiting >= waiting_max) {
      return problem(ProblemKind::throttled,
                     fmt::format("{} requests wait for the source '{}' already; try again shortly",
                                 waiting_max, source_.name));
    }
    ++mailbox_->waiting;
  }
  mailbox_->post(TransferMailbox::Kind::begin, state);
  return std::make_unique<Transfer>(mailbox_, std::move(state));
}

}  // namespace lightbox::pacs
