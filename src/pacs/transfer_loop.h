#pragma once

// What Transfers are made of: a loop for each thread, which has the requests of that thread, and a
// gate, which says when one may begin.

#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <curl/curl.h>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "pacs/curl_request.h"
#include "pacs/http_head.h"
#include "pacs/request_rate.h"
#include "pacs/source.h"

namespace lightbox::pacs {

class TransferLoop;

// Of the thread of its loop alone.
struct TransferState {
  std::string url = {};
  CurlFields fields = {};
  RequestRate::Clock::time_point begun_at = {};
  TransferLoop* loop = nullptr;

  CURL* handle = nullptr;  // while it is under way
  HttpHeadReader reader = {};
  bool has_head = false;
  std::size_t refusal_bytes = 0;
  std::size_t held_max = 0;

  HttpHead head = {};  // does not change once there is something to take
  std::string held = {};
  std::string refusal = {};
  bool is_taken_whole = false;
  bool is_paused = false;
  bool is_ended = false;
  std::string failure = {};  // why it has ended early
  std::function<void(bool)> waiter = {};

  [[nodiscard]] bool has_news() const { return is_ended || (!held.empty() && !is_taken_whole); }
  // The end, or nothing when it has ended. Calls nobody.
  void end(std::string why);
  // Calls the waiter when there is something for it.
  void notify();
};

// Safe from any thread.
struct TransferGate {
  explicit TransferGate(const SourceOptions& its_source)
      : source(its_source), rate(its_source.image_requests_per_second) {}

  using Shared = std::shared_ptr<TransferState>;
  const SourceOptions source;

  std::mutex mutex = {};
  RequestRate rate;
  std::size_t under_way = 0;
  std::deque<Shared> waiting = {};
  std::vector<TransferLoop*> loops = {};
  bool is_stopping = false;

  [[nodiscard]] RequestRate::Clock::time_point expires_at(const Shared& transfer) const {
    return transfer->begun_at + std::chrono::milliseconds(source.timeout_ms);
  }
};

class TransferLoop : public std::enable_shared_from_this<TransferLoop> {
 public:
  using Shared = std::shared_ptr<TransferState>;

  // The one of a gate on the executor's context, which keeps it until either has ended.
  static std::shared_ptr<TransferLoop> of(const boost::asio::any_io_executor& executor,
                                          const std::shared_ptr<TransferGate>& gate);

  TransferLoop(boost::asio::any_io_executor executor, std::shared_ptr<TransferGate> gate);
  ~TransferLoop();
  TransferLoop(const TransferLoop&) = delete;
  TransferLoop& operator=(const TransferLoop&) = delete;

  // All but executor() are of its thread.
  void open();
  // False: too many wait already.
  bool begin(const Shared& transfer);
  void resume(const Shared& transfer);
  void abandon(const Shared& transfer);
  // Ends everything. `notified`: whoever waits is told; else the context is no more.
  enum class Waiters : unsigned char { notified, dropped };
  void close(Waiters waiters);

  [[nodiscard]] const boost::asio::any_io_executor& executor() const { return executor_; }

 private:
  static int on_socket(CURL* handle, curl_socket_t descriptor, int what, void* opaque, void*);
  static int on_timer(CURLM* multi, long timeout_ms, void* opaque);

  void begin_waiting();
  void start(const Shared& transfer);
  CURL* take_handle();
  void watch();
  void take_events();
  void schedule_turn();
  void arm_timer();
  void turn();
  void end_done();
  Shared take_under_way(std::vector<Shared>::iterator found);
  void leave();
  static void end(const Shared& transfer, std::string why);

  boost::asio::any_io_executor executor_;
  std::shared_ptr<TransferGate> gate_;
  CURLM* multi_;
  std::vector<Shared> under_way_;
  std::vector<CURL*> handles_;  // set up, and not in use
  bool is_turn_scheduled_ = false;
  bool is_watching_ = false;
  bool is_closed_ = false;
  // libcurl's sockets are in an epoll set of their own, which the context waits for.
  std::optional<boost::asio::posix::stream_descriptor> sockets_;
  // When libcurl wants to be called. It says so anew with each request, most times for later: the
  // timer is left as it is then, and looks again.
  RequestRate::Clock::time_point wanted_at_ = RequestRate::Clock::time_point::max();
  RequestRate::Clock::time_point armed_for_ = RequestRate::Clock::time_point::max();
  std::optional<boost::asio::steady_timer> timer_;
  std::optional<boost::asio::steady_timer> begin_timer_;  // of those that wait
};

}  // namespace lightbox::pacs
