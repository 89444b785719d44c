#pragma once

// Commitment reports that could not be given on the association that asked for them: each goes to
// the peer of that AE title on an association of its own, again and again with growing pauses, up
// to dimse_report_retry_ms. What is waiting when the process ends is forgotten; who asked then asks
// again.
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
  explicit ReportQueue(const ServerOptions& options);
  ~ReportQueue();  // stop()
  ReportQueue(const ReportQueue&) = delete;
  ReportQueue& operator=(const ReportQueue&) = delete;

  // Logged and dropped when no such peer is configured, or too many are waiting.
  void add(CommitmentReport report);
  void stop();

 private:
  struct Waiting {
    CommitmentReport report;
    std::int64_t due_ms = 0;
    std::int64_t pause_ms = 0;
    std::int64_t given_up_ms = 0;
  };
  void run();
  Result<void> try_to_deliver(const CommitmentReport& report) const;
  Result<void> deliver(const CommitmentReport& report) const;

  const ServerOptions& options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> waiting_;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace lightbox::dimse
