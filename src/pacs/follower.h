#pragma once

// Keeps up with one source: a thread of a server that looks at its newest days every poll_seconds,
// or one that looks at all of it every walk_hours, which also finds what has been corrected and
// deleted there. The former also looks at studies that it is told of, whatever their date. A walk
// may take days: polls go on meanwhile, at the pace that both share. What it comes to is in the
// store (store::SourceState), also for other processes.

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <set>
#include <thread>

#include "ingest/archive.h"
#include "pacs/access.h"
#include "pacs/study_name.h"
#include "store/dicom_index.h"

namespace lightbox::pacs {

class Follower {
 public:
  enum class Extent : std::uint8_t { newest_days, all };
  // Both must outlive it.
  Follower(SourceAccess& access, ingest::Archive& archive, Extent extent);
  ~Follower();  // waits for what is under way; the access's pace is to be stopped before
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  // Looks now, or as soon as what is under way is done. Safe from any thread.
  void look_now();
  // Likewise at the studies of a name. False: too many wait. What cannot be looked at, however
  // often it is tried, is left to the next walk.
  bool look_at(StudyName name);

 private:
  void run();
  void look();
  void look_at_all(const std::set<StudyName>& names);
  Result<void> follow_changes();
  // The source's, as the store has it.
  [[nodiscard]] store::SourceState state() const;

  SourceAccess& access_;
  ingest::Archive& archive_;
  Extent extent_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_stopping_ = false;
  bool is_asked_ = false;
  std::set<StudyName> names_;  // to be looked at
  std::thread thread_;
};

}  // namespace lightbox::pacs
