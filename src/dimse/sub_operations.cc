#include "dimse/sub_operations.h"

#include <algorithm>
#include <array>

#include "dimse/encoder.h"
#include "dimse/negotiation.h"

namespace lightbox::dimse {
namespace {

constexpr dicom::Tag failed_sop_instance_uid_list = 0x00080058;
constexpr std::size_t list_bytes_max = 0xFFFE;

std::uint16_t number_of(std::size_t count) {
  return static_cast<std::uint16_t>(std::min<std::size_t>(count, 0xFFFF));
}

}  // namespace

SubOperationOutcome outcome_of(std::uint16_t store_status) {
  // PS3.7 C.4: warnings that have other numbers than Bxxx.
  constexpr std::array<std::uint16_t, 3> warnings = {0x0001, 0x0107, 0x0116};
  if (store_status == status_code::success) return SubOperationOutcome::completed;
  const bool is_warning = (store_status & 0xF000U) == 0xB000U ||
                          std::ranges::find(warnings, store_status) != warnings.end();
  return is_warning ? SubOperationOutcome::warning : SubOperationOutcome::failed;
}

void SubOperations::add(SubOperationOutcome outcome, std::string_view sop_instance_uid) {
  if (remaining_ > 0) --remaining_;
  switch (outcome) {
    case SubOperationOutcome::completed:
      ++completed_;
      return;
    case SubOperationOutcome::warning:
      ++warnings_;
      return;
    case SubOperationOutcome::failed:
      break;
  }
  ++failed_;
  if (failed_uids_.size() + sop_instance_uid.size() + 1 > list_bytes_max) return;
  if (!failed_uids_.empty()) failed_uids_ += '\\';
  failed_uids_ += sop_instance_uid;
}

std::uint16_t SubOperations::final_status() const {
  if (failed_ > 0 && completed_ + warnings_ == 0) {
    return status_code::unable_to_perform_suboperations;
  }
  return failed_ + warnings_ > 0 ? status_code::suboperations_with_failures : status_code::success;
}

void SubOperations::put_counts(CommandSet& response, Remaining remaining) const {
  if (remaining == Remaining::said) {
    response.set_number(command::NumberOfRemainingSuboperations, number_of(remaining_));
  }
  response.set_number(command::NumberOfCompletedSuboperations, number_of(completed_));
  response.set_number(command::NumberOfFailedSuboperations, number_of(failed_));
  response.set_number(command::NumberOfWarningSuboperations, number_of(warnings_));
}

std::string SubOperations::encode_failed(std::string_view transfer_syntax) const {
  if (failed_ == 0) return {};
  Encoder encoder(transfer_syntax == uid::implicit_little_endian ? Encoder::Vrs::implicit
                                                                 : Encoder::Vrs::explicit_);
  encoder.uid(failed_sop_instance_uid_list, failed_uids_);
  return encoder.bytes();
}

}  // namespace lightbox::dimse
