#pragma once

// What C-MOVE and C-GET have in common (PS3.4 C.4.2 and C.4.3): which instances are meant, one
// sub-operation after the other, and the responses about them. C-CANCEL is looked for between
// sub-operations; the one that is under way is finished.

#include <chrono>
#include <expected>
#include <functional>
#include <string>

#include "dimse/identifier.h"
#include "dimse/retrieve_plan.h"
#include "dimse/session.h"
#include "dimse/sub_operations.h"

namespace lightbox::dimse {

// The Identifier, taken off the association, and what matches it by now; or the status with which
// it is refused, as read_identifier, parse_retrieve, and `unable_to_count_matches`.
Received<std::expected<Retrieval, Status>> read_retrieval(Session& session, const Message& message,
                                                          const IdentifierClasses& wanted);

class RetrieveOperation {
 public:
  // All must outlive it.
  RetrieveOperation(Session& session, const Message& message, const Retrieval& retrieval);

  // Sends the instances of these kinds with `send`, until all are done or C-CANCEL has come.
  using Send = std::function<Received<SubOperationOutcome>(const Retrieval::Instance&)>;
  Received<void> run(const std::vector<std::size_t>& kinds, const Send& send);
  [[nodiscard]] bool is_cancelled() const { return is_cancelled_; }
  void cancel() { is_cancelled_ = true; }

  // A pending response, when there was none for a second: that it takes its time. Not while a
  // message is on its way on the same association.
  Received<void> tell_now_and_then();
  // Whether C-CANCEL is there; nothing is waited for.
  Received<void> look_for_cancel();

  // Why a sub-operation fails; the first is the final response's Error Comment.
  void note_failure(std::string reason);
  Received<void> finish();

 private:
  using Clock = std::chrono::steady_clock;
  Received<void> tell();

  Session& session_;
  const Message& message_;
  const Retrieval& retrieval_;
  SubOperations done_;
  bool is_cancelled_ = false;
  std::string reason_;
  Clock::time_point told_;
};

// The C-STORE request of a sub-operation (PS3.7 9.3.1.1).
struct StoreRequest {
  const InstanceKind& kind;
  const Retrieval::Instance& instance;
  std::uint16_t message_id;
};
[[nodiscard]] CommandSet store_request(const Message& retrieve, const StoreRequest& store);

}  // namespace lightbox::dimse
