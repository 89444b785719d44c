#pragma once

// Holds the archive's files against the index, and puts right what can be put right. The archive
// belongs to the caller alone meanwhile: no server has it, nothing arrives.
//
//   a row whose file is missing, of another size or of other bytes   missing, damaged
//   a file below dicom/ that no row refers to                        unindexed
//   a file in dicom/quarantine                                       retried when asked for
//
// What is found is a problem of kind `check` in the index until it is mended. Nothing is deleted
// before what replaces it is durable; a check that is killed is started again.

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ingest/archive.h"

namespace lightbox::ingest {

enum class Repair : std::uint8_t {
  no,
  // Unindexed files are added again, which quarantines what cannot be indexed. Rows without a good
  // file are removed, so that the instance can be sent again; a damaged file goes to quarantine.
  yes,
};
enum class Retry : std::uint8_t { no, quarantined };

struct CheckProgress {
  std::uint64_t files = 0;
  std::uint64_t files_total = 0;
  std::uint64_t bytes = 0;
  std::uint64_t bytes_total = 0;
};

struct CheckOptions {
  Repair repair = Repair::no;
  Retry retry = Retry::no;
  unsigned threads = 2;
  std::function<void(const CheckProgress&)> progress;  // in the caller's thread, often
  const std::atomic<bool>* is_stopped = nullptr;
};

// One finding, and what was done about it.
struct CheckFinding {
  enum class Kind : std::uint8_t { missing, damaged, unindexed, quarantined };
  Kind kind = Kind::missing;
  std::string file;  // as the index has it
  store::DicomSelection instance;
  std::string diagnostics;
  enum class State : std::uint8_t { left, removed, indexed, quarantined } state = State::left;
  bool is_damaged = false;  // quarantined because a check found it so: never retried
};

struct CheckReport {
  std::uint64_t files = 0;       // of the index
  std::uint64_t bytes = 0;       // of their contents
  std::uint64_t bytes_kept = 0;  // of all files but those in quarantine, as they are kept
  std::vector<CheckFinding> findings;
  bool is_complete = true;  // else it was stopped
};

// `precondition_failed` when so many files are missing that a disk is more likely to be: then
// nothing is repaired.
Result<CheckReport> check(Archive& archive, const CheckOptions& options);

}  // namespace lightbox::ingest
