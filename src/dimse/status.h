#pragma once

// What a DIMSE response says: a status of PS3.7 annex C or of the service (PS3.4 B.2.3 for C-STORE,
// C.4 for queries and retrieval), with its comment. The only place where kinds of problems become
// statuses. Pure.

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "dicom/tag.h"
#include "dimse/command_set.h"
#include "ingest/archive.h"

namespace lightbox::dimse {

namespace status_code {
inline constexpr std::uint16_t success = 0x0000;
inline constexpr std::uint16_t invalid_attribute_value = 0x0106;
inline constexpr std::uint16_t processing_failure = 0x0110;
inline constexpr std::uint16_t duplicate_sop_instance = 0x0111;
inline constexpr std::uint16_t no_such_object_instance = 0x0112;
inline constexpr std::uint16_t no_such_event_type = 0x0113;
inline constexpr std::uint16_t invalid_argument_value = 0x0115;
inline constexpr std::uint16_t invalid_sop_instance = 0x0117;
inline constexpr std::uint16_t class_instance_conflict = 0x0119;
inline constexpr std::uint16_t missing_attribute = 0x0120;
inline constexpr std::uint16_t sop_class_not_supported = 0x0122;
inline constexpr std::uint16_t no_such_action_type = 0x0123;
inline constexpr std::uint16_t not_authorized = 0x0124;
inline constexpr std::uint16_t unrecognized_operation = 0x0211;
inline constexpr std::uint16_t out_of_resources = 0xA700;
// Of retrieval (PS3.4 tables C.4-2 and C.4-3).
inline constexpr std::uint16_t unable_to_count_matches = 0xA701;
inline constexpr std::uint16_t unable_to_perform_suboperations = 0xA702;
inline constexpr std::uint16_t move_destination_unknown = 0xA801;
inline constexpr std::uint16_t data_set_does_not_match = 0xA900;
inline constexpr std::uint16_t suboperations_with_failures = 0xB000;
inline constexpr std::uint16_t cannot_understand = 0xC000;
inline constexpr std::uint16_t cancel = 0xFE00;
inline constexpr std::uint16_t pending = 0xFF00;
// One or more optional keys are not supported.
inline constexpr std::uint16_t pending_unsupported = 0xFF01;
}  // namespace status_code

struct Status {
  std::uint16_t code = status_code::success;
  std::string comment = {};                // (0000,0902)
  std::vector<dicom::Tag> offending = {};  // (0000,0901)

  [[nodiscard]] bool is_success() const { return code == status_code::success; }
};

// Of an object that the archive took or refused. `announced`: what the C-STORE request said.
struct Announced {
  std::string sop_class_uid;
  std::string sop_instance_uid;
};
[[nodiscard]] Status store_status(const ingest::Admitted& admitted, const Announced& announced);

// Of a problem on the way there.
[[nodiscard]] Status status_of(const Problem& problem);

// Into a response. The comment is cut to the 64 characters of LO, and to the default repertoire.
void put(const Status& status, CommandSet& response);

}  // namespace lightbox::dimse
