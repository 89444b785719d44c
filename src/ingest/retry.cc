#include "ingest/retry.h"

#include <algorithm>
#include <array>

#include "ingest/check_repair.h"
#include "ingest/files.h"

namespace lightbox::ingest {
namespace {

using store::DicomProblem;
using store::DicomProblemKind;

Result<void> check_kept(const DicomProblem& one) {
  switch (one.kind) {
    case DicomProblemKind::quarantined:
      return {};
    case DicomProblemKind::conflict:
      return problem(ProblemKind::conflict,
                     "The object was refused and is not kept; it can be sent again");
    case DicomProblemKind::check:
      return problem(ProblemKind::conflict,
                     "A file is missing or damaged: lightbox check --repair removes its row, and "
                     "the instance can be sent again");
    case DicomProblemKind::mapping:
      return problem(ProblemKind::conflict, "The object is indexed; its study can be mapped again");
  }
  return {};
}

Result<Admitted> add_again(Archive& archive, const DicomProblem& one) {
  std::vector<Incoming> objects;
  objects.push_back(archive.receive({.name = one.source, .remote_address = {}}));
  if (is_in_place(one.file)) {
    objects[0].set_in_place(one.file);
  } else {
    TRY(const auto source, archive.open_file(one.file));
    TRY_DO(objects[0].append_source(*source));
  }
  return std::move(archive.add(std::move(objects)).front());
}

// In place of those that stood before.
Result<void> list_reason(Archive& archive, const DicomProblem& one, const Admitted& admitted) {
  const Issue& reason = admitted.problem.issues[0];
  store::DicomIndex& index = archive.store().dicom();
  TRY_DO(index.add_problem({.kind = DicomProblemKind::quarantined,
                            .study_uid = admitted.study_uid,
                            .series_uid = admitted.series_uid,
                            .sop_instance_uid = admitted.sop_instance_uid,
                            .source = one.source,
                            .file = one.file,
                            .code = std::string(reason.code),
                            .diagnostics = reason.diagnostics}));
  TRY(const auto listed, index.quarantined(one.file));
  for (const DicomProblem& earlier : listed) {
    if (earlier.diagnostics != reason.diagnostics) TRY_DO(index.remove_problem(earlier.key));
  }
  return {};
}

Result<void> take_off_the_list(Archive& archive, const std::string& file) {
  TRY(const auto solved, archive.store().dicom().quarantined(file));
  for (const DicomProblem& one : solved) {
    const auto dismissed = archive.dismiss(one);
    // Another thread has, meanwhile.
    if (!dismissed && dismissed.error().kind != ProblemKind::not_found) return dismissed;
  }
  return {};
}

}  // namespace

Result<Admitted> retry(Archive& archive, const DicomProblem& one) {
  TRY_DO(check_kept(one));
  TRY(const auto listed, archive.store().dicom().quarantined(one.file));
  const auto damaged = std::ranges::find(listed, damaged_code, &DicomProblem::code);
  if (damaged != listed.end()) {
    return problem(ProblemKind::conflict, damaged->diagnostics + "; it is never indexed");
  }
  TRY(Admitted admitted, add_again(archive, one));
  if (admitted.is_accepted()) {
    TRY_DO(take_off_the_list(archive, one.file));
    archive.settle(std::array{admitted.study_uid});
    return admitted;
  }
  if (admitted.outcome == Admitted::Outcome::failed) return std::move(admitted.problem);
  TRY_DO(list_reason(archive, one, admitted));
  admitted.problem.kind = admitted.outcome == Admitted::Outcome::conflict
                              ? ProblemKind::conflict
                              : ProblemKind::unprocessable;
  return std::move(admitted.problem);
}

}  // namespace lightbox::ingest
