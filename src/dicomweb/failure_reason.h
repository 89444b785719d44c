#pragma once

// Why an instance was not stored, as the Store Instances Response says it: the one place where an
// outcome becomes a Failure Reason (0008,1197) (PS3.18 I.2.2; PS3.7 annex C).

#include <cstdint>

#include "ingest/archive.h"

namespace lightbox::dicomweb {

enum class FailureReason : std::uint16_t {
  processing_failure = 0x0110,
  duplicate_instance = 0x0111,  // PS3.7 C.5.3: the UID is there with other content
  out_of_resources = 0xA700,    // disk full, writes stopped
  too_large = 0xA701,           // past a limit of this server
  cannot_understand = 0xC000,   // not DICOM, or without the UIDs that every instance has
  missing_bulk_data = 0xC001,   // a BulkDataURI that no part of the request has
  unreferenced_part = 0xC002,   // a part that is no instance and no bulk data of one
  unsupported_transfer_syntax = 0xC122,
  study_mismatch = 0xC409,  // of another study than the URL's
};

// Of an instance that was not accepted.
[[nodiscard]] FailureReason failure_reason_of(const ingest::Admitted& admitted);

// (0008,1196) of an accepted one with remarks (PS3.18 I.2.1): it was stored as it is, and breaks a
// rule.
inline constexpr std::uint16_t warning_reason = 0xB007;

}  // namespace lightbox::dicomweb
