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
    if (rows.instances.empty() && rows.told.empty()) {
      TRY_DO(withdraw());
    } else if (auto made = make(rows); !made) {
      if (!is_its_fault(made.error().kind)) return std::unexpected(std::move(made).error());
      projection_.operations.clear();
      projection_.identities.clear();
      projection_.changed_study_uids.clear();
      list("The study cannot be mapped:", made.error());
    }
    std::vector<std::string> marked = projection_.changed_study_uids;
    const auto done = store_.dicom().project(std::move(projection_));
    if (!done) {
      // The version that was merged with is not the current one any more, or the id has been taken.
      const ProblemKind kind = done.error().kind;
      if (kind == ProblemKind::precondition_failed || kind == ProblemKind::conflict) {
        return Projected{Projected::Outcome::overtaken};
      }
      return std::unexpected(done.error());
    }
    for (const auto& each : *done) {
      if (each.outcome == store::OperationResult::Outcome::other_match) {
        return Projected{Projected::Outcome::overtaken};
      }
    }
    return Projected{Projected::Outcome::done, std::move(marked)};
  }

 private:
  // Of what the study says, as opposed to the store's: trying again would give the same.
  static bool is_its_fault(ProblemKind kind) {
    return kind == ProblemKind::invalid || kind == ProblemKind::too_large ||
           kind == ProblemKind::unprocessable;
  }

  void list(std::string_view what, const Problem& problem) {
    for (const Issue& issue : problem.issues) {
      const std::string_view blank = issue.expression.empty() ? "" : " ";
      projection_.problems.push_back(mapping_problem(
          study_uid_, issue.code,
          fmt::format("{}{}{} {}", what, blank, issue.expression, issue.diagnostics)));
    }
  }

  Result<void> make(const store::StudyRows& rows) {
    TRY(auto plan, plan_study(store_, options_, rows, Explain::no));
    return write_all(std::move(plan));
  }

  Result<void> write_all(StudyPlan plan) {
    projection_.problems = std::move(plan.problems);
    if (plan.study) TRY_DO(release_patient(plan));
    for (Planned& endpoint : plan.endpoints) TRY_DO(write(std::move(endpoint)));
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
        list(fmt::format("{} cannot be made:", target.type->name), resource.error());
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
  // the facts about that patient came from this study, they come from the newest of the others.
  Result<void> release_patient(std::string_view projected, std::string_view now) {
    if (projected.empty()) return {};
    TRY(const auto document, fhir::parse_json(projected, limits_of_own(projected)));
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
      TRY_DO(mark_newest_study_of(former));
    }
    return {};
  }

  // Of those that came as images, but for this one.
  Result<void> mark_newest_study_of(std::string_view patient) {
    constexpr std::size_t looked_at_max = 10;
    const auto& type = *fhir::Definitions::r4().resource_type("ImagingStudy");
    const std::vector<std::pair<std::string, std::string>> parameters = {
        {"patient", std::string(patient)}};
    fhir::SearchContext context;
    context.index = options_.index;
    TRY(auto query, fhir::parse_search(type, parameters, context, options_.limits));
    query.count = looked_at_max;
    TRY(const auto page, store_.search(query, {}));  // the newest first
    for (const auto& match : page.matches) {
      TRY(const auto identities, store_.dicom().identities(type, match.id));
      for (const Identity& identity : identities) {
        if (identity.kind != IdentityKind::study || identity.key == study_uid_) continue;
        projection_.changed_study_uids.push_back(identity.key);
        return {};
      }
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
    TRY(const auto document, fhir::parse_json(projected, limits_of_own(projected)));
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
