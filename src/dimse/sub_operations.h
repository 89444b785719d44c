#pragma once

// How the C-STORE sub-operations of a retrieval went, and what its responses say of it (PS3.4
// C.4.2.1.5 to C.4.2.1.8 and C.4.3.1.4 to C.4.3.1.7). Pure.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dimse/command_set.h"
#include "dimse/status.h"

namespace lightbox::dimse {

enum class SubOperationOutcome : std::uint8_t { completed, warning, failed };
// By the status of the C-STORE response (PS3.7 annex C, PS3.4 B.2.3).
[[nodiscard]] SubOperationOutcome outcome_of(std::uint16_t store_status);

class SubOperations {
 public:
  explicit SubOperations(std::size_t count) : remaining_(count) {}

  // The next has ended.
  void add(SubOperationOutcome outcome, std::string_view sop_instance_uid);

  [[nodiscard]] std::size_t remaining() const { return remaining_; }
  [[nodiscard]] std::size_t completed() const { return completed_; }
  [[nodiscard]] std::size_t failed() const { return failed_; }
  [[nodiscard]] std::size_t warnings() const { return warnings_; }

  // When there are no more: success, warning, or failure when all have failed.
  [[nodiscard]] std::uint16_t final_status() const;
  // Of a pending response and after C-CANCEL with those that remain; what is more than 65535 is
  // said to be that.
  enum class Remaining : std::uint8_t { said, left_out };
  void put_counts(CommandSet& response, Remaining remaining) const;
  // An Identifier with the Failed SOP Instance UID List (0008,0058); "" when nothing has failed. As
  // many as a value of 64 KiB holds.
  [[nodiscard]] std::string encode_failed(std::string_view transfer_syntax) const;

 private:
  std::size_t remaining_;
  std::size_t completed_ = 0;
  std::size_t failed_ = 0;
  std::size_t warnings_ = 0;
  std::string failed_uids_;  // divided by backslashes
};

}  // namespace lightbox::dimse
