#pragma once

// DIMSE command sets (PS3.7 6.3.1 and annex E): elements of group 0000, implicit VR little endian,
// never nested. DCMTK's own reader is not used for them: it takes sequences as deep as the peer
// nests them, on the stack.
//
// A value; belongs to one thread at a time.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dicom/tag.h"

namespace lightbox::dimse {

// PS3.7 E.1; a response has the highest bit.
enum class CommandField : std::uint16_t {
  c_store_rq = 0x0001,
  c_get_rq = 0x0010,
  c_find_rq = 0x0020,
  c_move_rq = 0x0021,
  c_echo_rq = 0x0030,
  n_event_report_rq = 0x0100,
  n_action_rq = 0x0130,
  n_create_rq = 0x0140,
  c_cancel_rq = 0x0FFF,
};
inline constexpr std::uint16_t response_bit = 0x8000;
// Command Data Set Type of a message that has no data set; any other value: it has one.
inline constexpr std::uint16_t no_data_set = 0x0101;

// The standard's own keywords.
// NOLINTBEGIN(readability-identifier-naming)
namespace command {
inline constexpr dicom::Tag GroupLength = 0x00000000;
inline constexpr dicom::Tag AffectedSOPClassUID = 0x00000002;
inline constexpr dicom::Tag RequestedSOPClassUID = 0x00000003;
inline constexpr dicom::Tag Field = 0x00000100;
inline constexpr dicom::Tag MessageID = 0x00000110;
inline constexpr dicom::Tag MessageIDBeingRespondedTo = 0x00000120;
inline constexpr dicom::Tag MoveDestination = 0x00000600;
inline constexpr dicom::Tag Priority = 0x00000700;
inline constexpr dicom::Tag DataSetType = 0x00000800;
inline constexpr dicom::Tag Status = 0x00000900;
inline constexpr dicom::Tag OffendingElement = 0x00000901;
inline constexpr dicom::Tag ErrorComment = 0x00000902;
inline constexpr dicom::Tag AffectedSOPInstanceUID = 0x00001000;
inline constexpr dicom::Tag RequestedSOPInstanceUID = 0x00001001;
inline constexpr dicom::Tag EventTypeID = 0x00001002;
inline constexpr dicom::Tag ActionTypeID = 0x00001008;
inline constexpr dicom::Tag NumberOfRemainingSuboperations = 0x00001020;
inline constexpr dicom::Tag NumberOfCompletedSuboperations = 0x00001021;
inline constexpr dicom::Tag NumberOfFailedSuboperations = 0x00001022;
inline constexpr dicom::Tag NumberOfWarningSuboperations = 0x00001023;
inline constexpr dicom::Tag MoveOriginatorApplicationEntityTitle = 0x00001030;
inline constexpr dicom::Tag MoveOriginatorMessageID = 0x00001031;
}  // namespace command
// NOLINTEND(readability-identifier-naming)

class CommandSet {
 public:
  // `invalid` when the lengths do not add up, or something is not of group 0000.
  static Result<CommandSet> parse(std::string_view bytes);

  // US; nullopt when it is not there, or not two bytes.
  [[nodiscard]] std::optional<std::uint16_t> number(dicom::Tag tag) const;
  // UI, LO, …: without padding; "" when it is not there.
  [[nodiscard]] std::string_view text(dicom::Tag tag) const;

  void set_number(dicom::Tag tag, std::uint16_t value);
  void set_uid(dicom::Tag tag, std::string_view value);
  void set_text(dicom::Tag tag, std::string_view value);
  void set_tags(dicom::Tag tag, const std::vector<dicom::Tag>& values);

  // With (0000,0000), which is computed.
  [[nodiscard]] std::string encode() const;

 private:
  std::map<dicom::Tag, std::string> values_;  // padded to an even length
};

}  // namespace lightbox::dimse
