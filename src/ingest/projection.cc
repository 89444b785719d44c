#include "ingest/projection.h"

#include <fmt/format.h>

#include "base/new_id.h"
#include "fhir/resource.h"
#include "ingest/merge.h"

namespace lightbox::ingest {
namespace {

using store::DicomProblemKind;
using store::IdentityKind;
using store::Operation;

constexpr const char* own_endpoint = "own";

const fhir::ResourceType& type_of(std::string_view name) {
  return *fhir::Definitions::r4().resource_type(name);
}

// What a resource is to stand for, and how an earlier one of a client is known.
struct Subject {
  IdentityKind kind = IdentityKind::study;
  std::string key;
  const fhir::ResourceType* type = nullptr;
  std::string identifier;  // "system|value", for `identifier=`; "" when nothing is adopted
  std::string new_id;
};

// The resource that stands for it.
struct Target {
  std::string id;
  std::optional<store::Identity> identity;
  std::optional<store::StoredResource> current;
  std::optional<store::Condition> condition;  // there still is no other one with this identifier
};

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
      TRY(const auto facts, StudyFacts::of(rows));
      TRY_DO(write_all(facts));
    }
    const auto done = store_.dicom().project(std::move(projection_));
    if (!done) {
      // The version that was merged with is not the current one any more.
      if (done.error().kind == ProblemKind::precondition_failed) return Projected::overtaken;
      return std::unexpected(done.error());
    }
    for (const auto& each : *done) {
      if (each.outcome == store::OperationResult::Outcome::other_match) return Projected::overtaken;
    }
    return Projected::done;
  }

 private:
  Result<void> write_all(const StudyFacts& facts) {
    const MappingRules& rules = options_.rules;
    MappingTargets targets;
    TRY(const auto endpoint, find({.kind = IdentityKind::endpoint,
                                   .key = own_endpoint,
                                   .type = &type_of("Endpoint"),
                                   .identifier = {},
                                   .new_id = new_id()}));
    TRY_DO(write(IdentityKind::endpoint, own_endpoint, *endpoint, to_endpoint(rules), ""));
    targets.endpoint_references.push_back("Endpoint/" + endpoint->id);

    const PatientIdentity patient_id = patient_identity(facts, rules);
    const std::string patient_key = patient_id.value.empty()
                                        ? "study|" + study_uid_
                                        : patient_id.system + '|' + patient_id.value;
    TRY(const auto patient, find({.kind = IdentityKind::patient,
                                  .key = patient_key,
                                  .type = &type_of("Patient"),
                                  .identifier = patient_id.value.empty() ? "" : patient_key,
                                  .new_id = new_id()}));
    if (patient) targets.patient_reference = "Patient/" + patient->id;

    const Mapped study = to_imaging_study(facts, rules, targets, Explain::no);
    list(study.problems);
    if (patient) {
      const Mapped mapped = to_patient(facts, rules, Explain::no);
      list(mapped.problems);
      TRY(const std::string rank, rank_of(study.json));
      const bool is_older = patient->identity && patient->identity->rank > rank;
      if (!is_older) TRY_DO(write(IdentityKind::patient, patient_key, *patient, mapped.json, rank));
    }
    TRY(const auto target, find_study());
    if (target) TRY_DO(write(IdentityKind::study, study_uid_, *target, study.json, ""));
    return {};
  }

  // A patient's facts come from the newest study, and of those at the same time from the one of the
  // greater UID.
  Result<std::string> rank_of(const std::string& imaging_study) const {
    TRY(const auto document, fhir::parse_json(imaging_study, options_.limits));
    return fmt::format("{} {}", document.root()->string("started").substr(0, 19), study_uid_);
  }

  Result<std::optional<Target>> find_study() {
    Subject subject{.kind = IdentityKind::study,
                    .key = study_uid_,
                    .type = &type_of("ImagingStudy"),
                    .identifier = "urn:dicom:uid|urn:oid:" + study_uid_,
                    .new_id = study_uid_};
    TRY(auto target, find(subject));
    const bool is_new = target && !target->identity && !target->current;
    if (!is_new) return target;
    const auto squatter = store_.read(*subject.type, study_uid_);
    if (squatter) {
      list_problem("duplicate",
                   fmt::format("ImagingStudy/{} is another study's, by its identifiers: this study "
                               "has another id",
                               study_uid_));
      target->id = new_id();
    }
    return target;
  }

  // nullopt, and a problem in the list, when several resources could be it.
  Result<std::optional<Target>> find(const Subject& subject) {
    Target target;
    TRY(target.identity, store_.dicom().identity(subject.kind, subject.key));
    if (target.identity) {
      target.id = target.identity->id;
      auto current = store_.read(*subject.type, target.id);
      if (current) target.current = std::move(*current);
      return std::optional(std::move(target));
    }
    target.id = subject.new_id;
    if (subject.identifier.empty()) return std::optional(std::move(target));
    TRY(auto query, identifier_query(*subject.type, subject.identifier));
    TRY(auto page, store_.search(*query, {}));
    if (page.matches.size() > 1) {
      list_problem(
          "multiple-matches",
          fmt::format("{}?identifier={} finds several resources; which of them is meant must "
                      "be decided by merging or deleting the others",
                      subject.type->name, subject.identifier));
      return std::optional<Target>();
    }
    if (page.matches.size() == 1) {
      target.id = page.matches[0].id;
      target.current = std::move(page.matches[0]);
    } else {
      target.condition = store::Condition{.query = query, .expected = ""};
    }
    return std::optional(std::move(target));
  }

  Result<std::shared_ptr<const fhir::SearchQuery>> identifier_query(const fhir::ResourceType& type,
                                                                    const std::string& identifier) {
    const std::vector<std::pair<std::string, std::string>> parameters = {
        {"identifier", escaped(identifier)}};
    fhir::SearchContext context;
    context.index = options_.index;
    TRY(auto query, fhir::parse_search(type, parameters, context, options_.limits));
    query.count = 2;
    return std::make_shared<const fhir::SearchQuery>(std::move(query));
  }

  // R4, search.html#escaping; the bar between system and value stays.
  static std::string escaped(std::string_view token) {
    std::string text;
    bool is_bar_seen = false;
    for (const char c : token) {
      const bool is_bar = c == '|' && !std::exchange(is_bar_seen, is_bar_seen || c == '|');
      if (c == ',' || c == '$' || c == '\\' || (c == '|' && !is_bar)) text += '\\';
      text += c;
    }
    return text;
  }

  Result<void> write(IdentityKind kind, const std::string& key, Target target, std::string next,
                     std::string rank) {
    const fhir::ResourceType& type = *(target.current ? target.current->type : type_of_kind(kind));
    Merged merged{.json = next, .is_changed = true, .edits = {}};
    if (target.current) {
      std::string current;
      store::append_resource(*target.current, current);
      TRY(merged,
          merge_projection(target.identity ? target.identity->projected : "", current, next));
    }
    const bool is_known =
        target.identity && target.identity->projected == next && target.identity->rank == rank;
    if (merged.is_changed) {
      const auto resource = fhir::parse_resource(merged.json, options_.limits);
      if (!resource) {
        for (const Issue& issue : resource.error().issues) {
          list_problem(issue.code, fmt::format("{} cannot be made: {} {}", type.name,
                                               issue.expression, issue.diagnostics));
        }
        return {};
      }
      Operation operation{.kind = Operation::Kind::put,
                          .type = &type,
                          .id = target.id,
                          .body = fhir::to_stored(resource->json()),
                          .index = fhir::index_resource(type, resource->json(), options_.index)};
      if (target.current) {
        operation.preconditions.if_match = store::VersionSet::of(target.current->version);
      }
      operation.condition = std::move(target.condition);
      projection_.operations.push_back(std::move(operation));
    } else if (is_known) {
      return {};
    }
    projection_.identities.push_back({.kind = kind,
                                      .key = key,
                                      .type = &type,
                                      .id = target.id,
                                      .projected = std::move(next),
                                      .rank = std::move(rank)});
    return {};
  }

  static const fhir::ResourceType* type_of_kind(IdentityKind kind) {
    return &type_of(kind == IdentityKind::study     ? "ImagingStudy"
                    : kind == IdentityKind::patient ? "Patient"
                                                    : "Endpoint");
  }

  // No instance is left: what the archive made goes; what a client had made before stays, as a
  // study of which there are no images here.
  Result<void> withdraw() {
    TRY(auto identity, store_.dicom().identity(IdentityKind::study, study_uid_));
    if (!identity) return {};
    Target target{.id = identity->id, .identity = identity, .current = {}, .condition = {}};
    auto current = store_.read(*identity->type, identity->id);
    if (!current) return {};
    if (identity->id == study_uid_) {
      Operation removal;
      removal.kind = Operation::Kind::remove;
      removal.type = identity->type;
      removal.id = identity->id;
      projection_.operations.push_back(std::move(removal));
      identity->projected.clear();
      projection_.identities.push_back(std::move(*identity));
      return {};
    }
    TRY(const auto document, fhir::parse_json(identity->projected, options_.limits));
    target.current = std::move(*current);
    const fhir::Json* subject = document.root()->find("subject");
    std::string next = fmt::format(
        R"({{"resourceType":"ImagingStudy","identifier":[{{"system":"urn:dicom:uid","value":"urn:oid:{}"}}],"status":"registered")",
        study_uid_);
    if (subject != nullptr) {
      next += R"(,"subject":)";
      fhir::write_json(*subject, next);
    }
    next += '}';
    return write(IdentityKind::study, study_uid_, std::move(target), std::move(next), "");
  }

  void list(const std::vector<MappingProblem>& problems) {
    for (const MappingProblem& each : problems) {
      projection_.problems.push_back({.kind = DicomProblemKind::mapping,
                                      .study_uid = study_uid_,
                                      .series_uid = {},
                                      .sop_instance_uid = each.sop_instance_uid,
                                      .source = {},
                                      .file = {},
                                      .code = "business-rule",
                                      .diagnostics = each.element.empty()
                                                         ? each.diagnostics
                                                         : each.element + ": " + each.diagnostics});
    }
  }
  void list_problem(std::string_view code, std::string diagnostics) {
    projection_.problems.push_back({.kind = DicomProblemKind::mapping,
                                    .study_uid = study_uid_,
                                    .series_uid = {},
                                    .sop_instance_uid = {},
                                    .source = {},
                                    .file = {},
                                    .code = std::string(code),
                                    .diagnostics = std::move(diagnostics)});
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
