#pragma once

// The studies of a source, from the newest day to the oldest, into this archive. What is here
// already is not asked for again; what was asked for is counted afterwards. A pull of metadata of
// whatever modality also removes what the source does not have any more. It can be stopped, or
// crash, at any instant: the next one of the same selection goes on at the window where this one
// was.
//
// One study at a time on each connection (SourceOptions::connections_max).

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/limits.h"
#include "ingest/archive.h"
#include "pacs/remote_archive.h"
#include "pacs/window.h"

namespace lightbox::pacs {

enum class PullKind : std::uint8_t {
  metadata,  // what the source tells; the images stay where they are
  images,    // copied here
};

struct PullOptions {
  const SourceOptions& source;
  PullKind kind = PullKind::metadata;
  std::optional<Day> from;  // nullopt: the oldest
  std::optional<Day> to;    // nullopt: `today`, and a day more, for other zones' sake
  Day today;
  std::vector<std::string> modalities;  // studies with any of these; none: all
  bool is_resumable = true;             // the next one of the same goes on where this one stopped
};

// Who is told what happens. Safe from any thread.
class PullListener {
 public:
  virtual ~PullListener() = default;
  virtual void took(std::uint64_t bytes, const ingest::Admitted& admitted) = 0;
  // What is not here as it is there, or could not be looked at.
  virtual void differs(const std::string& what, const std::string& study_uid,
                       const std::string& reason) = 0;
};

struct PullStatus {
  std::string window;  // that is under way; "" before the first
  std::uint64_t studies_found = 0;
  std::uint64_t studies_complete = 0;  // before they were asked for
  std::uint64_t studies_pulled = 0;
  std::uint64_t studies_failed = 0;
  std::uint64_t studies_removed = 0;  // since the source does not have them any more
  std::uint64_t instances_sent = 0;   // by C-MOVE: the listener was not told of these
  bool is_waiting = false;            // for the allowed hours
};

class Pull {
 public:
  // All must outlive it. `connections`: as many as there may be; at least one.
  struct Environment {
    ingest::Archive& archive;
    PullListener& listener;
    Pace& pace;
    std::vector<std::unique_ptr<RemoteArchive>> connections;
    std::function<void()> stop;  // makes `pace` say so: this archive has failed
  };
  Pull(PullOptions options, Environment environment);
  ~Pull();
  Pull(const Pull&) = delete;
  Pull& operator=(const Pull&) = delete;

  // Blocks until all is done, or it is stopped: then `request_timeout`. Fails when the source
  // cannot be searched, when studies fail one after the other, or when this archive fails.
  Result<void> run();

  // Where an earlier one had stopped, once run() has begun; "" when there was none. Safe from any
  // thread, as status() is.
  [[nodiscard]] std::string resumed_at() const;
  [[nodiscard]] PullStatus status() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lightbox::pacs
