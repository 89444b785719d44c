#pragma once

// One study of a source into this archive: what it tells of it (tell_study); or with its images, of
// which what is missing here is retrieved, and looked for afterwards (StudyPull).

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

// Whether its UID is one: it becomes a part of URLs and queries. Else the listener is told.
[[nodiscard]] bool is_plausible(const RemoteStudy& study, PullListener& listener);

struct Telling {
  RemoteArchive& remote;
  ingest::Archive& archive;
  PullListener& listener;
  const std::string& source;
};

// What the source tells of a window's studies, asked for at once where that is likely to be faster
// than one after the other: many are not known as they are told, with few instances each. Nothing
// where it is not. Fails as RemoteArchive::describe_window() does, or when this archive does.
Result<ToldStudies> tell_window(const Telling& telling, const Window& window,
                                const std::vector<RemoteStudy>& studies);

// Puts what the source tells of the study into the index: all of it or, when anything fails,
// nothing. A study of which it shows no instances is put without. `ahead`: what tell_window() gave;
// the source is asked again for what is not there, or not whole. Fails when the source or this
// archive does.
Result<StudyOutcome> tell_study(const Telling& telling, const RemoteStudy& study,
                                const ToldStudies& ahead);

// Likewise of the studies of a name; one that the source has had and does not have any more is
// removed. A name that is none is passed over.
Result<void> tell_named(const Telling& telling, const StudyName& name);

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
  Result<void> retrieve_each(const std::string& study_uid,
                             const std::vector<RemoteInstance>& listed);
  Result<StudyOutcome> look(const RemoteStudy& study, const std::vector<RemoteInstance>& listed);

  RemoteArchive& remote_;
  ingest::Archive& archive_;
  ingest::ObjectReceiver& receiver_;
  PullListener& listener_;
  std::uint64_t sent_ = 0;
};

}  // namespace lightbox::pacs
