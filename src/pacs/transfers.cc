#include "pacs/transfers.h"

#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <functional>
#include <utility>

#include "http/await.h"
#include "pacs/transfer_loop.h"

namespace lightbox::pacs {

Transfer::Transfer(std::shared_ptr<TransferLoop> loop, std::shared_ptr<TransferState> state)
    : loop_(std::move(loop)), state_(std::move(state)) {}

Transfer::~Transfer() { loop_->abandon(state_); }

boost::asio::awaitable<void> Transfer::wait() {
  if (state_->has_news()) co_return;
  std::function<void(std::function<void(bool)>)> start =
      [state = state_](std::function<void(bool)> done) { state->waiter = std::move(done); };
  // The slot that holds this lives as long as the connection.
  std::function<void()> cancel = [loop = std::weak_ptr(loop_), state = std::weak_ptr(state_)] {
    const auto at = loop.lock();
    const auto transfer = state.lock();
    if (at && transfer) at->abandon(transfer);
  };
  auto pending = http::await_callback<bool>(std::move(start), std::move(cancel));
  co_await std::move(pending);
}

const HttpHead& Transfer::head() const { return state_->head; }

const std::string& Transfer::refusal() const { return state_->refusal; }

Result<Transfer::Left> Transfer::take(std::string& into) {
  into.clear();
  if (!state_->failure.empty()) return problem(ProblemKind::unavailable, state_->failure);
  into.swap(state_->held);
  if (state_->is_ended) return Left::nothing;
  if (std::exchange(state_->is_paused, false)) loop_->resume(state_);
  return Left::more;
}

Transfers::Transfers(const SourceOptions& source) : gate_(std::make_shared<TransferGate>(source)) {
  start_curl();
}

Transfers::~Transfers() {
  const std::lock_guard lock(gate_->mutex);
  gate_->is_stopping = true;
  for (TransferLoop* loop : gate_->loops) {
    boost::asio::post(loop->executor(), [ending = loop->shared_from_this()] {
      ending->close(TransferLoop::Waiters::notified);
    });
  }
}

Result<std::unique_ptr<Transfer>> Transfers::begin(const boost::asio::any_io_executor& executor,
                                                   std::string url,
                                                   std::span<const std::string> fields) {
  auto state = std::make_shared<TransferState>();
  state->url = std::move(url);
  state->fields = curl_fields(std::get<DicomwebAccess>(gate_->source.access), fields);
  state->begun_at = RequestRate::Clock::now();
  auto loop = TransferLoop::of(executor, gate_);
  if (!loop->begin(state)) {
    return problem(ProblemKind::throttled,
                   fmt::format("{} requests wait for the source '{}' already; try again shortly",
                               waiting_max, gate_->source.name));
  }
  return std::make_unique<Transfer>(std::move(loop), std::move(state));
}

}  // namespace lightbox::pacs
