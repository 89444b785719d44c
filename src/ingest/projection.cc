#include "ingest/projection.h"

#include <fmt/format.h>

#include "fhir/resource.h"
#include "ingest/study_plan.h"

namespace lightbox::ingest {
namespace {

using store::Identity;
using store::IdentityKind;
using store::Operation;

class StudyProjection {
 public:
  StudyProjection(store::Store& store, const ProjectorOptions& options, std::string_view study_uid)
      : store_(store), options_(options), study_uid_(study_uid) {}

  Result<Projected> run() {
    TRY(const auto rows, store_.dicom().study(study_uid_));
    projection_.study_uid = rows.uid;
    projection_.revision = rows.revision;
    if (rows.instances.empty()) {
      TRY_DO(withdraw());
    } else {
      TRY(auto plan, plan_study(store_, options_, rows, Explain::no));
      TRY_DO(write_all(std::move(plan)));
    }
    const auto done = store_.dicom().project(std::move(projection_));
    if (!done) {
      // The version that was merged with is not the current one any more, or the id has been taken.
      const ProblemKind kind = done.error().kind;
      if (kind == ProblemKind::precondition_failed || kind == ProblemKind::conflict) {
        return Projected::overtaken;
      }
      return std::unexpected(done.error());
    }
    for (const auto& each : *done) {
      if (each.outcome == store::OperationResult::Outcome::other_match) return Projected::overtaken;
    }
    return Projected::done;
  }

 private:
  Result<void> write_all(StudyPlan plan) {
    projection_.problems = std::move(plan.problems);
    if (plan.study) TRY_DO(release_patient(plan));
    if (plan.endpoint) TRY_DO(write(std::move(*plan.endpoint)));
    if (plan.patient && plan.patient->is_written) TRY_DO(write(std::move(*plan.patient)));
    if (plan.study) TRY_DO(write(std::move(*plan.study)));
    return {};
  }

  Result<void> write(Planned planned) {
    TRY(const Merged merged, merge_with_current(planned));
    Target& target = planned.target;
    if (merged.is_changed) {
      const auto resource = fhir::parse_resource(merged.json, options_.limits);
      if (!resource) {
        for (const Issue& issue : resource.error().issues) {
          projection_.problems.push_back(
              mapping_problem(study_uid_, issue.code,
                              fmt::format("{} cannot be made: {} {}", target.type->name,
                                          issue.expression, issue.diagnostics)));
        }
        return {};
      }
      Operation operation{
          .kind = Operation::Kind::put,
          .type = target.type,
          .id = target.id,
          .body = fhir::to_stored(resource->json()),
          .index = fhir::index_resource(*target.type, resource->json(), options_.index)};
      auto& preconditions = operation.preconditions;
      if (target.current) {
        preconditions.if_match = store::VersionSet::of(target.current->version);
      } else {
        preconditions.if_none_match.kind = store::VersionSet::Kind::any;
      }
      operation.condition = std::move(target.condition);
      projection_.operations.push_back(std::move(operation));
    } else if (target.identity && target.identity->projected == planned.next &&
               target.identity->rank == planned.rank) {
      return {};
    }
    projection_.identities.push_back({.kind = target.kind,
                                      .key = std::move(target.key),
                                      .type = target.type,
                                      .id = std::move(target.id),
                                      .projected = std::move(planned.next),
                                      .rank = std::move(planned.rank)});
    return {};
  }

  // The patient that the study had been of before: what says so is what was projected last. When
  // the facts about that patient came from this study, they come from the next one that is
  // projected.
  Result<void> release_patient(std::string_view projected, std::string_view now) {
    if (projected.empty()) return {};
    TRY(const auto document, fhir::parse_json(projected, options_.limits));
    const fhir::Json* subject = document.root()->find("subject");
    const std::string_view former = subject == nullptr ? "" : subject->string("reference");
    constexpr std::string_view head = "Patient/";
    if (former == now || !former.starts_with(head)) return {};
    const auto& type = *fhir::Definitions::r4().resource_type("Patient");
    TRY(auto identities, store_.dicom().identities(type, former.substr(head.size())));
    for (Identity& identity : identities) {
      if (identity.kind != IdentityKind::patient || !is_rank_of(identity.rank, study_uid_))
        continue;
      identity.rank.clear();
      projection_.identities.push_back(std::move(identity));
    }
    return {};
  }

  Result<void> release_patient(const StudyPlan& plan) {
    const auto& identity = plan.study->target.identity;
    return release_patient(identity ? identity->projected : "",
                           plan.patient ? "Patient/" + plan.patient->target.id : "");
  }

  Result<void> withdraw() {
    TRY(auto identity, store_.dicom().identity(IdentityKind::study, study_uid_));
    if (!identity) return {};
    TRY_DO(release_patient(identity->projected, ""));
    TRY(auto current, read_if_there(store_, *identity->type, identity->id));
    if (!current) return {};
    if (identity->rank != adopted_rank) {
      Operation removal;
      removal.kind = Operation::Kind::remove;
      removal.type = identity->type;
      removal.id = identity->id;
      projection_.operations.push_back(std::move(removal));
      identity->projected.clear();
      projection_.identities.push_back(std::move(*identity));
      return {};
    }
    TRY(std::string next, without_images(identity->projected));
    return write({.target = {.kind = IdentityKind::study,
                             .key = study_uid_,
                             .type = identity->type,
                             .id = identity->id,
                             .identity = identity,
                             .current = std::move(current),
                             .condition = {}},
                  .next = std::move(next),
                  .rank = identity->rank,
                  .explanations = {}});
  }

  // The study as one that is known, of which there is nothing here.
  [[nodiscard]] Result<std::string> without_images(std::string_view projected) const {
    TRY(const auto document, fhir::parse_json(projected, options_.limits));
    std::string next = fmt::format(
        R"({{"resourceType":"ImagingStudy","identifier":[{{"system":"urn:dicom:uid","value":"urn:oid:{}"}}],"status":"registered")",
        study_uid_);
    if (const fhir::Json* subject = document.root()->find("subject"); subject != nullptr) {
      next += R"(,"subject":)";
      fhir::write_json(*subject, next);
    }
    return next + '}';
  }

  store::Store& store_;
  const ProjectorOptions& options_;
  std::string study_uid_;
  store::Projection projection_;
};

}  // namespace

Result<Projected> project_study(store::Store& store, const ProjectorOptions& options,
                                std::string_view study_uid) {
  return StudyProjection(store, options, study_uid).run();
}

}  // namespace lightbox::ingest
