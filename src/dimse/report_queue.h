#pragma once

// Commitment reports that could not be given on the association that asked for them: each goes to
// the peer of that AE title on an association of its own, again and again with growing pauses, up
// to dimse_report_retry_ms. What was asked for is in the store until its report has been taken, so
// that it is looked up and sent after a restart, too.
//
// All members are safe from any thread.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>

#include "dimse/association.h"
#include "dimse/commitment.h"
#include "dimse/options.h"

namespace lightbox::dimse {

// Writes the N-EVENT-REPORT request.
Received<void> give_report(Association& association, std::uint8_t context_id,
                           const CommitmentReport& report, std::uint16_t message_id);

class ReportQueue {
 public:
  // All must outlive it. Takes up what the store has.
  ReportQueue(const ServerOptions& options, ingest::Archive& archive, Outgoing& outgoing);
  ~ReportQueue();  // stop()
  ReportQueue(const ReportQueue&) = delete;
  ReportQueue& operator=(const ReportQueue&) = delete;

  // Makes a request outlive the process until forget(). 0 when it does not: no peer has the AE
  // title, so nobody could be told later; or, as the log says, it could not be kept.
  [[nodiscard]] std::int64_t keep(std::string_view ae_title, const CommitmentRequest& request);
  // The report has been taken, or is not needed. 0 is nothing.
  void forget(std::int64_t key);
  // `key`: from keep(). Logged and dropped when no such peer is configured, or too many are
  // waiting.
  void add(CommitmentReport report, std::int64_t key);
  void stop();

 private:
  struct Waiting {
    CommitmentReport report;
    std::int64_t key = 0;
    std::int64_t due_ms = 0;
    std::int64_t pause_ms = 0;
    std::int64_t given_up_ms = 0;
  };
  void run();
  void resume(const store::CommitmentRow& row);
  void queue(CommitmentReport report, std::int64_t key, std::int64_t given_up_ms);
  void lose(const CommitmentReport& report, std::int64_t key, std::string_view reason);
  bool deliver_or_wait(Waiting& waiting);
  Result<void> try_to_deliver(const CommitmentReport& report) const;
  Result<void> deliver(const CommitmentReport& report) const;

  const ServerOptions& options_;
  ingest::Archive& archive_;
  Outgoing& outgoing_;
  std::vector<store::CommitmentRow> kept_;  // by the process before
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> waiting_;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace lightbox::dimse
