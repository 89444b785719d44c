#pragma once

// What the resources of a study are to be, before anything is written: which resource stands for
// what, and what the mapping says of it. projection.cc writes it, explanation.cc tells it.
//
// Which resource it is, identity rows say. Where there is none, what a client made earlier with the
// same identifier is adopted, and two such are a problem that is listed, never resolved silently
// (design, decision 1).

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/mapping.h"
#include "ingest/merge.h"
#include "ingest/projector.h"
#include "store/dicom_index.h"
#include "store/store.h"

namespace lightbox::ingest {

// The rank of a study that a client had made before its images came: it is not deleted with them.
inline constexpr std::string_view adopted_rank = "adopted";
// The rank of an identity row by which nothing is projected: what a patient had been known by who
// was merged into another. Greater than all others.
inline constexpr std::string_view merged_rank = "~";

// A patient's facts come from the newest study, and of those at the same time from the one of the
// greater UID: "2026-11-25T10:00:00 1.2.3".
[[nodiscard]] std::string patient_rank(std::string_view started, std::string_view study_uid);
// Whether the facts come from this study.
[[nodiscard]] bool is_rank_of(std::string_view rank, std::string_view study_uid);

// The resource that stands for something.
struct Target {
  store::IdentityKind kind = store::IdentityKind::study;
  std::string key;  // of the identity row
  const fhir::ResourceType* type = nullptr;
  std::string id;
  std::optional<store::Identity> identity;  // nullopt: it is new, or adopted
  std::optional<store::StoredResource> current;
  std::optional<store::Condition> condition;  // there still is no other with this identifier
};

struct Planned {
  Target target;
  std::string next;  // what the mapping says, without id and meta
  std::string rank;
  std::vector<Explanation> explanations;  // when asked for
  bool is_written = true;  // false: a patient whose facts come from another study, or from nobody
};

// What is there, and what the mapping says now, as one. Fails as merge_projection.
Result<Merged> merge_with_current(const Planned& planned);

struct StudyPlan {
  // This archive's own first, then those of others that hold the study.
  std::vector<Planned> endpoints;
  // nullopt: several could be it, or a new one cannot be made; so is a problem.
  std::optional<Planned> patient;
  std::optional<Planned> study;
  std::vector<store::DicomProblem> problems;
};

// `rows` must have instances, or be told of. Fails as StudyFacts::of and Store::search.
Result<StudyPlan> plan_study(store::Store& store, const ProjectorOptions& options,
                             const store::StudyRows& rows, Explain explain);

// The resource, or nullopt when there is none (any more).
Result<std::optional<store::StoredResource>> read_if_there(store::Store& store,
                                                           const fhir::ResourceType& type,
                                                           std::string_view id);
// A problem of the study's projection.
[[nodiscard]] store::DicomProblem mapping_problem(std::string_view study_uid, std::string_view code,
                                                  std::string diagnostics);

}  // namespace lightbox::ingest
