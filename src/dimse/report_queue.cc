#include "dimse/report_queue.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>

#include "base/log.h"
#include "dimse/status.h"

namespace lightbox::dimse {
namespace {

constexpr std::int64_t first_pause_ms = 1'000;
constexpr std::int64_t longest_pause_ms = 60'000;
constexpr std::size_t waiting_max = 1'000;

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void log_lost(const CommitmentReport& report, std::string_view reason) {
  log(LogLevel::error, "commitment_report_lost",
      {{"ae_title", report.ae_title}, {"transaction", report.transaction_uid}, {"reason", reason}});
}

CommandSet report_request(const CommitmentReport& report, std::uint16_t message_id) {
  CommandSet command;
  command.set_uid(command::AffectedSOPClassUID, uid::storage_commitment_push_model);
  command.set_uid(command::AffectedSOPInstanceUID, uid::storage_commitment_push_model_instance);
  command.set_number(command::Field, static_cast<std::uint16_t>(CommandField::n_event_report_rq));
  command.set_number(command::MessageID, message_id);
  command.set_number(command::EventTypeID, report.event_type());
  command.set_number(command::DataSetType, 0);
  return command;
}

}  // namespace

Received<void> give_report(Association& association, std::uint8_t context_id,
                           const CommitmentReport& report, std::uint16_t message_id) {
  return association.write(context_id, report_request(report, message_id),
                           encode_report(report, association.context(context_id)->transfer_syntax));
}

ReportQueue::ReportQueue(const ServerOptions& options)
    : options_(options), thread_([this] { run(); }) {}

ReportQueue::~ReportQueue() { stop(); }

void ReportQueue::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void ReportQueue::add(CommitmentReport report) {
  const auto peer = std::ranges::find(options_.peers, report.ae_title, &PeerAddress::ae_title);
  if (peer == options_.peers.end()) {
    log_lost(report, "the association ended, and no peer has this AE title");
    return;
  }
  const std::int64_t now = now_ms();
  const std::lock_guard lock(mutex_);
  if (is_stopping_ || waiting_.size() >= waiting_max) {
    log_lost(report, is_stopping_ ? "the server stops" : "too many are waiting");
    return;
  }
  waiting_.push_back({.report = std::move(report),
                      .due_ms = now,
                      .pause_ms = first_pause_ms,
                      .given_up_ms = now + options_.limits.dimse_report_retry_ms});
  changed_.notify_all();
}

void ReportQueue::run() {
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    const auto next = std::ranges::min_element(waiting_, {}, &Waiting::due_ms);
    if (next == waiting_.end()) {
      changed_.wait(lock);
      continue;
    }
    if (const std::int64_t wait_ms = next->due_ms - now_ms(); wait_ms > 0) {
      changed_.wait_for(lock, std::chrono::milliseconds(wait_ms));
      continue;
    }
    Waiting waiting = std::move(*next);
    waiting_.erase(next);
    lock.unlock();
    const auto delivered = try_to_deliver(waiting.report);
    if (!delivered) {
      const std::string& reason = delivered.error().issues.front().diagnostics;
      log(LogLevel::warning, "commitment_report_failed",
          {{"ae_title", waiting.report.ae_title}, {"reason", reason}});
      waiting.due_ms = now_ms() + waiting.pause_ms;
      waiting.pause_ms = std::min(2 * waiting.pause_ms, longest_pause_ms);
      if (waiting.due_ms > waiting.given_up_ms) log_lost(waiting.report, reason);
    }
    lock.lock();
    if (!delivered && waiting.due_ms <= waiting.given_up_ms) {
      waiting_.push_back(std::move(waiting));
    }
  }
}

Result<void> ReportQueue::try_to_deliver(const CommitmentReport& report) const {
  try {
    return deliver(report);
  } catch (const std::exception& error) {
    return problem(ProblemKind::internal, error.what());
  }
}

Result<void> ReportQueue::deliver(const CommitmentReport& report) const {
  const auto peer = std::ranges::find(options_.peers, report.ae_title, &PeerAddress::ae_title);
  TRY(const auto association,
      Association::request(*peer, options_.ae_title, uid::storage_commitment_push_model,
                           options_.limits));
  const auto failed = [&](std::string_view reason) {
    association->abort(AbortReason::not_specified);
    return problem(ProblemKind::unavailable,
                   fmt::format("N-EVENT-REPORT to {}: {}", report.ae_title, reason));
  };
  constexpr std::uint16_t message_id = 1;
  const std::uint8_t context = association->context_of(uid::storage_commitment_push_model);
  if (auto given = give_report(*association, context, report, message_id); !given) {
    return failed(name_of(given.error()));
  }
  const auto response = association->read_message();
  if (!response) return failed(name_of(response.error()));
  const auto status = response->command.number(command::Status);
  if (status != status_code::success) {
    return failed(fmt::format("status {:04X}", status.value_or(status_code::processing_failure)));
  }
  association->request_release();
  return {};
}

}  // namespace lightbox::dimse
