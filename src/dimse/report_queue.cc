#include "dimse/report_queue.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <utility>

#include "base/log.h"
#include "dimse/status.h"

namespace lightbox::dimse {
namespace {

constexpr std::int64_t first_pause_ms = 1'000;
constexpr std::int64_t longest_pause_ms = 60'000;
constexpr std::size_t waiting_max = 1'000;

template <typename Clock>
std::int64_t now_ms_of() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now().time_since_epoch())
      .count();
}
std::int64_t now_ms() { return now_ms_of<std::chrono::steady_clock>(); }

bool has_peer(const ServerOptions& options, std::string_view ae_title) {
  return std::ranges::find(options.peers, ae_title, &PeerAddress::ae_title) != options.peers.end();
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

ReportQueue::ReportQueue(const ServerOptions& options, ingest::Archive& archive, Outgoing& outgoing)
    : options_(options), archive_(archive), outgoing_(outgoing) {
  auto kept = archive.store().dicom().commitments();
  if (kept) {
    kept_ = std::move(*kept);
  } else {
    log(LogLevel::error, "commitment_requests_not_read",
        {{"reason", kept.error().issues.front().diagnostics}});
  }
  thread_ = std::thread([this] { run(); });
}

ReportQueue::~ReportQueue() { stop(); }

void ReportQueue::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::int64_t ReportQueue::keep(std::string_view ae_title, const CommitmentRequest& request) {
  if (!has_peer(options_, ae_title)) return 0;
  const auto key =
      archive_.store().dicom().add_commitment(ae_title, encode_request(request), waiting_max);
  if (key) return *key;
  log(LogLevel::warning, "commitment_request_not_kept",
      {{"ae_title", ae_title},
       {"transaction", request.transaction_uid},
       {"reason", key.error().issues.front().diagnostics}});
  return 0;
}

void ReportQueue::forget(std::int64_t key) {
  if (key == 0) return;
  if (auto removed = archive_.store().dicom().remove_commitment(key); !removed) {
    log(LogLevel::warning, "commitment_request_not_removed",
        {{"reason", removed.error().issues.front().diagnostics}});
  }
}

void ReportQueue::lose(const CommitmentReport& report, std::int64_t key, std::string_view reason) {
  log(LogLevel::error, "commitment_report_lost",
      {{"ae_title", report.ae_title}, {"transaction", report.transaction_uid}, {"reason", reason}});
  forget(key);
}

void ReportQueue::add(CommitmentReport report, std::int64_t key) {
  queue(std::move(report), key, now_ms() + options_.limits.dimse_report_retry_ms);
}

void ReportQueue::queue(CommitmentReport report, std::int64_t key, std::int64_t given_up_ms) {
  if (!has_peer(options_, report.ae_title)) {
    return lose(report, key, "the association ended, and no peer has this AE title");
  }
  const std::int64_t now = now_ms();
  if (now >= given_up_ms) return lose(report, key, "it was not taken for dimse_report_retry_ms");
  bool is_stopping = false;
  {
    const std::lock_guard lock(mutex_);
    if (!is_stopping_ && waiting_.size() < waiting_max) {
      waiting_.push_back({.report = std::move(report),
                          .key = key,
                          .due_ms = now,
                          .pause_ms = first_pause_ms,
                          .given_up_ms = given_up_ms});
      changed_.notify_all();
      return;
    }
    is_stopping = is_stopping_;
  }
  if (!is_stopping) return lose(report, key, "too many are waiting");
  if (key == 0) lose(report, key, "the server stops");  // others are sent after the next start
}

// Of what was asked for before the restart: what the archive has of it now.
void ReportQueue::resume(const store::CommitmentRow& row) {
  const auto request = parse_commitment(row.content, uid::explicit_little_endian, options_.limits);
  if (!request) {
    return lose({.ae_title = row.ae_title, .transaction_uid = {}, .committed = {}, .failed = {}},
                row.key, request.error().issues.front().diagnostics);
  }
  const std::int64_t waited_ms = now_ms_of<std::chrono::system_clock>() - row.asked_ms;
  queue(look_up(archive_, row.ae_title, *request), row.key,
        now_ms() + options_.limits.dimse_report_retry_ms - waited_ms);
}

void ReportQueue::run() {
  std::unique_lock lock(mutex_);
  for (const store::CommitmentRow& row : std::exchange(kept_, {})) {
    if (is_stopping_) return;
    lock.unlock();
    resume(row);
    lock.lock();
  }
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
    const bool is_over = deliver_or_wait(waiting);
    lock.lock();
    if (!is_over) waiting_.push_back(std::move(waiting));
  }
}

// True: it has been taken, or is given up.
bool ReportQueue::deliver_or_wait(Waiting& waiting) {
  const auto delivered = try_to_deliver(waiting.report);
  if (delivered) {
    forget(waiting.key);
    return true;
  }
  const std::string& reason = delivered.error().issues.front().diagnostics;
  log(LogLevel::warning, "commitment_report_failed",
      {{"ae_title", waiting.report.ae_title}, {"reason", reason}});
  waiting.due_ms = now_ms() + waiting.pause_ms;
  waiting.pause_ms = std::min(2 * waiting.pause_ms, longest_pause_ms);
  if (waiting.due_ms <= waiting.given_up_ms) return false;
  lose(waiting.report, waiting.key, reason);
  return true;
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
      Association::request({.peer = *peer,
                            .calling_ae_title = options_.ae_title,
                            .contexts = {{.id = 1,
                                          .abstract_syntax = uid::storage_commitment_push_model,
                                          .transfer_syntaxes = {uid::explicit_little_endian,
                                                                uid::implicit_little_endian},
                                          .role = RequestorRole::scp}},
                            .limits = options_.limits},
                           outgoing_));
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
