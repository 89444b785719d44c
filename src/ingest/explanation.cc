#include "ingest/explanation.h"

#include <fmt/format.h>

#include "ingest/study_plan.h"

namespace lightbox::ingest {
namespace {

Result<void> add(std::optional<Planned>& planned, StudyExplanation& explanation) {
  if (!planned || !planned->is_written) return {};
  TRY(auto merged, merge_with_current(*planned));
  explanation.resources.push_back({.type = planned->target.type,
                                   .id = std::move(planned->target.id),
                                   .explanations = std::move(planned->explanations),
                                   .edits = std::move(merged.edits)});
  return {};
}

}  // namespace

Result<StudyExplanation> explain_study(store::Store& store, const ProjectorOptions& options,
                                       std::string_view study_uid) {
  TRY(const auto rows, store.dicom().study(study_uid));
  if (rows.instances.empty() && rows.told.empty()) {
    return problem(ProblemKind::not_found,
                   fmt::format("The archive has no instance of study {} any more", study_uid));
  }
  TRY(auto plan, plan_study(store, options, rows, Explain::yes));
  StudyExplanation explanation{
      .study_uid = rows.uid, .resources = {}, .problems = std::move(plan.problems)};
  TRY_DO(add(plan.study, explanation));
  TRY_DO(add(plan.patient, explanation));
  TRY(auto listed, store.dicom().problems(study_uid));
  for (store::DicomProblem& each : listed) {
    if (each.kind == store::DicomProblemKind::mapping) continue;  // as of the last projection
    explanation.problems.push_back(std::move(each));
  }
  return explanation;
}

}  // namespace lightbox::ingest
