#pragma once

// Storage commitment as values (PS3.4 J.3): what is asked for, what the archive has of it, and the
// report. The functions are pure but for look_up().

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "ingest/archive.h"

namespace lightbox::dimse {

struct SopReference {
  std::string sop_class_uid;
  std::string sop_instance_uid;
};

struct CommitmentRequest {
  std::string transaction_uid;
  std::vector<SopReference> references;
};

struct CommitmentReport {
  std::string ae_title;  // of the one who asked
  std::string transaction_uid;
  std::vector<SopReference> committed;
  struct Failed {
    SopReference reference;
    std::uint16_t reason = 0;  // PS3.3 C.14.1.1
  };
  std::vector<Failed> failed;

  // PS3.4 table J.3-2: 1, or 2 when failures exist.
  [[nodiscard]] std::uint16_t event_type() const { return failed.empty() ? 1 : 2; }
};

// The Action Information of an N-ACTION (PS3.4 table J.3-1). `invalid` names what is missing.
Result<CommitmentRequest> parse_commitment(std::string_view data_set,
                                           std::string_view transfer_syntax, const Limits& limits);

// What the archive has: an instance is safe when its row is there, of the class that is named, and
// its file as long as the row says.
CommitmentReport look_up(ingest::Archive& archive, std::string_view ae_title,
                         const CommitmentRequest& request);

// The Action Information again, in explicit VR little endian.
[[nodiscard]] std::string encode_request(const CommitmentRequest& request);

// The Event Information of an N-EVENT-REPORT (PS3.4 table J.3-3).
[[nodiscard]] std::string encode_report(const CommitmentReport& report,
                                        std::string_view transfer_syntax);

}  // namespace lightbox::dimse
