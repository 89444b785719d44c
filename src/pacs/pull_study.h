#pragma once

// One study of a source into this archive: what of it is missing here is retrieved, and looked for
// afterwards.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "ingest/archive.h"
#include "pacs/pull.h"
#include "pacs/remote_archive.h"

namespace lightbox::pacs {

enum class StudyOutcome : std::uint8_t {
  complete,  // nothing was missing
  pulled,
  differs,  // something is still missing; the listener knows what
};

class StudyPull {
 public:
  // All must outlive it. Belongs to one thread at a time.
  StudyPull(RemoteArchive& remote, ingest::Archive& archive, ingest::ObjectReceiver& receiver,
            PullListener& listener)
      : remote_(remote), archive_(archive), receiver_(receiver), listener_(listener) {}

  // Fails when the source or this archive does.
  Result<StudyOutcome> pull(const RemoteStudy& study);
  // Instances that came another way than to the receiver, since the last time it was asked.
  [[nodiscard]] std::uint64_t take_sent() { return std::exchange(sent_, 0); }

 private:
  Result<std::vector<RemoteInstance>> list(const std::string& study_uid);
  Result<std::vector<RemoteInstance>> missing(const std::vector<RemoteInstance>& listed);
  Result<void> retrieve(const std::string& study_uid, const std::vector<RemoteInstance>& listed,
                        const std::vector<RemoteInstance>& lacking);
  Result<StudyOutcome> look(const RemoteStudy& study, const std::vector<RemoteInstance>& listed);

  RemoteArchive& remote_;
  ingest::Archive& archive_;
  ingest::ObjectReceiver& receiver_;
  PullListener& listener_;
  std::uint64_t sent_ = 0;
};

}  // namespace lightbox::pacs
