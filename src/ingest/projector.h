#pragma once

// Makes FHIR resources of studies that have changed: a thread of its own that waits until a study
// is quiet, reads its rows, maps, merges and commits. One version for each quiet period, never one
// for each instance. What is marked changed in the index when it starts is projected too.
//
//   arrival ... arrival ... | limits.projection_quiet_ms | projection
//   arrival ... settle      | projection, unless the study had one within the quiet period
//   arrivals without end    | limits.projection_publish_ms after the first: projection
//
// All members are safe from any thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "ingest/archive.h"
#include "ingest/mapping.h"

namespace lightbox::ingest {

// The logical id of an ImagingStudy that the archive makes: its Study Instance UID, or one that
// says nothing. A study keeps the id that it has.
enum class StudyIds : std::uint8_t { uid, random };

struct ProjectorOptions {
  MappingRules rules;
  StudyIds study_ids = StudyIds::uid;
  fhir::IndexOptions index;
  Limits limits;
};

class Projector {
 public:
  // Becomes the archive's listener.
  static Result<std::unique_ptr<Projector>> start(ProjectorOptions options, Archive& archive);
  // Ends after the projection under way; what is left stays marked.
  ~Projector();
  Projector(const Projector&) = delete;
  Projector& operator=(const Projector&) = delete;

  // Projects one study now, in the calling thread. not_found when the archive does not have it.
  Result<void> project(std::string_view study_uid);
  // Blocks until nothing is marked changed, without waiting for quiet periods. `progress` is told
  // how many studies are left.
  Result<void> drain(const std::function<void(std::size_t left)>& progress = {});

  // Runs `work`, which must not project, while no study is being projected: what it reads of
  // identities and writes anew is not overtaken by a projection that had read them before.
  void run_between(const std::function<void()>& work);
  // Projects soon what others have marked changed in the index (mark_changed, reassign).
  Result<void> take_marked();

  [[nodiscard]] const ProjectorOptions& options() const;

 private:
  struct Impl;
  explicit Projector(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lightbox::ingest
