#pragma once

// Where a study's resources have what they say from: the study is mapped again, and nothing is
// written.

#include <string>
#include <string_view>
#include <vector>

#include "ingest/mapping.h"
#include "ingest/merge.h"
#include "ingest/projector.h"

namespace lightbox::ingest {

struct ExplainedResource {
  const fhir::ResourceType* type = nullptr;
  std::string id;
  std::vector<Explanation> explanations;
  std::vector<ClientEdit> edits;
};

struct StudyExplanation {
  std::string study_uid;
  // The ImagingStudy; behind it the Patient, when the facts about it come from this study.
  std::vector<ExplainedResource> resources;
  std::vector<store::DicomProblem>
      problems;  // of the mapping as it is now, and what else is listed
};

// not_found when the archive has no instance of it; else as plan_study.
Result<StudyExplanation> explain_study(store::Store& store, const ProjectorOptions& options,
                                       std::string_view study_uid);

}  // namespace lightbox::ingest
