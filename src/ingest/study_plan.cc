#include "ingest/study_plan.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/new_id.h"
#include "fhir/resource.h"

namespace lightbox::ingest {
namespace {

using store::DicomProblem;
using store::IdentityKind;

constexpr const char* own_endpoint = "own";

const fhir::ResourceType& type_of(std::string_view name) {
  return *fhir::Definitions::r4().resource_type(name);
}

// What a resource is to stand for, and how an earlier one of a client is known.
struct Subject {
  IdentityKind kind = IdentityKind::study;
  std::string key;
  std::string_view type;
  std::string identifier;  // "system|value", for `identifier=`; "" when nothing is adopted
  std::string new_id;
};

class Planning {
 public:
  Planning(store::Store& store, const ProjectorOptions& options, const store::StudyRows& rows,
           Explain explain)
      : store_(store), options_(options), rows_(rows), explain_(explain) {}

  Result<StudyPlan> run() {
    TRY(const auto facts, StudyFacts::of(rows_));
    TRY_DO(plan_endpoints());
    TRY_DO(plan_patient(facts));
    TRY_DO(plan_study(facts));
    if (plan_.patient) rank_patient();
    list(patient_problems_);
    return std::move(plan_);
  }

 private:
  Result<void> plan_endpoints() {
    TRY_DO(plan_endpoint(own_endpoint, "DICOMweb of this archive", options_.rules.dicomweb_base));
    for (const auto& [source, address] : options_.rules.source_endpoints) {
      const auto held = std::ranges::find(rows_.told, source, &store::SourceStudy::source);
      if (held == rows_.told.end()) continue;
      TRY_DO(plan_endpoint("source|" + source, "DICOMweb of " + source, address));
    }
    return {};
  }

  Result<void> plan_endpoint(std::string key, const std::string& name, const std::string& address) {
    TRY(auto target, find({.kind = IdentityKind::endpoint,
                           .key = std::move(key),
                           .type = "Endpoint",
                           .identifier = {},
                           .new_id = new_id()}));
    plan_.endpoints.push_back({.target = std::move(*target),
                               .next = to_endpoint(name, address),
                               .rank = {},
                               .explanations = {}});
    return {};
  }

  Result<void> plan_patient(const StudyFacts& facts) {
    const PatientIdentity patient = patient_identity(facts, options_.rules);
    const bool is_own = patient.value.empty();
    const std::string identifier = is_own ? "" : patient.system + '|' + patient.value;
    TRY(auto target, find({.kind = IdentityKind::patient,
                           .key = is_own ? "study|" + rows_.uid : identifier,
                           .type = "Patient",
                           .identifier = identifier,
                           .new_id = new_id()}));
    if (!target) return {};
    Mapped mapped = to_patient(facts, options_.rules, explain_);
    patient_problems_ = std::move(mapped.problems);
    const bool is_new = !target->identity && !target->current;
    if (is_new && !can_be_made(mapped.json)) return {};
    plan_.patient = Planned{.target = std::move(*target),
                            .next = std::move(mapped.json),
                            .rank = {},
                            .explanations = std::move(mapped.explanations)};
    return {};
  }

  Result<void> plan_study(const StudyFacts& facts) {
    MappingTargets targets;
    for (const Planned& endpoint : plan_.endpoints) {
      targets.endpoint_references.push_back("Endpoint/" + endpoint.target.id);
    }
    if (plan_.patient) targets.patient_reference = "Patient/" + plan_.patient->target.id;
    Mapped mapped = to_imaging_study(facts, options_.rules, targets, explain_);
    list(mapped.problems);
    started_ = std::move(mapped.started);
    TRY(auto target, find_study());
    if (!target) return {};
    const bool is_adopted =
        target->identity ? target->identity->rank == adopted_rank : target->current.has_value();
    plan_.study = Planned{.target = std::move(*target),
                          .next = std::move(mapped.json),
                          .rank = std::string(is_adopted ? adopted_rank : ""),
                          .explanations = std::move(mapped.explanations)};
    return {};
  }

  // A new Patient; else there must be no reference to it.
  bool can_be_made(const std::string& patient) {
    const auto made = fhir::parse_resource(patient, options_.limits);
    if (made) return true;
    for (const Issue& issue : made.error().issues) {
      patient_problems_.push_back(
          {.element = issue.expression,
           .sop_instance_uid = {},
           .diagnostics = fmt::format("The Patient cannot be made: {}", issue.diagnostics)});
    }
    return false;
  }

  void rank_patient() {
    Planned& patient = *plan_.patient;
    patient.rank = patient_rank(started_, rows_.uid);
    const auto& identity = patient.target.identity;
    patient.is_written =
        !identity || identity->rank <= patient.rank || is_rank_of(identity->rank, rows_.uid);
  }

  Result<std::optional<Target>> find_study() {
    const bool is_by_uid = options_.study_ids == StudyIds::uid;
    TRY(auto target, find({.kind = IdentityKind::study,
                           .key = rows_.uid,
                           .type = "ImagingStudy",
                           .identifier = "urn:dicom:uid|urn:oid:" + rows_.uid,
                           .new_id = is_by_uid ? rows_.uid : new_id()}));
    if (!target || !is_by_uid) return target;
    const bool is_new = !target->identity && !target->current;
    if (!is_new && target->id == rows_.uid) return target;
    TRY(const auto squatter, read_if_there(store_, *target->type, rows_.uid));
    if (!squatter) return target;
    if (is_new) target->id = new_id();
    plan_.problems.push_back(mapping_problem(
        rows_.uid, "duplicate",
        fmt::format("ImagingStudy/{0} is another study, since it does not have the identifier "
                    "urn:dicom:uid|urn:oid:{0}: the study of this UID is ImagingStudy/{1}",
                    rows_.uid, target->id)));
    return target;
  }

  // nullopt, and a problem in the list, when several resources could be it.
  Result<std::optional<Target>> find(const Subject& subject) {
    Target target{.kind = subject.kind,
                  .key = subject.key,
                  .type = &type_of(subject.type),
                  .id = subject.new_id,
                  .identity = {},
                  .current = {},
                  .condition = {}};
    TRY(target.identity, store_.dicom().identity(subject.kind, subject.key));
    if (target.identity) {
      target.id = target.identity->id;
      TRY(target.current, read_if_there(store_, *target.type, target.id));
      return std::optional(std::move(target));
    }
    if (subject.identifier.empty()) return std::optional(std::move(target));
    TRY(auto query, identifier_query(*target.type, subject.identifier));
    TRY(auto page, store_.search(*query, {}));
    if (page.matches.size() > 1) {
      plan_.problems.push_back(mapping_problem(
          rows_.uid, "multiple-matches",
          fmt::format("{}?identifier={} finds several resources; which of them is meant must "
                      "be decided by merging or deleting the others",
                      subject.type, subject.identifier)));
      return std::optional<Target>();
    }
    if (page.matches.empty()) {
      target.condition = store::Condition{.query = query, .expected = ""};
    } else {
      target.id = page.matches[0].id;
      target.current = std::move(page.matches[0]);
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

  void list(const std::vector<MappingProblem>& problems) {
    for (const MappingProblem& each : problems) {
      DicomProblem problem = mapping_problem(
          rows_.uid, "business-rule",
          each.element.empty() ? each.diagnostics : each.element + ": " + each.diagnostics);
      problem.sop_instance_uid = each.sop_instance_uid;
      plan_.problems.push_back(std::move(problem));
    }
  }

  store::Store& store_;
  const ProjectorOptions& options_;
  const store::StudyRows& rows_;
  Explain explain_;
  std::string started_;
  std::vector<MappingProblem> patient_problems_;
  StudyPlan plan_;
};

}  // namespace

std::string patient_rank(std::string_view started, std::string_view study_uid) {
  return fmt::format("{} {}", started.substr(0, 19), study_uid);
}

bool is_rank_of(std::string_view rank, std::string_view study_uid) {
  const auto space = rank.rfind(' ');
  return space != std::string_view::npos && rank.substr(space + 1) == study_uid;
}

Result<Merged> merge_with_current(const Planned& planned) {
  const Target& target = planned.target;
  if (!target.current) return Merged{.json = planned.next, .is_changed = true, .edits = {}};
  std::string current;
  store::append_resource(*target.current, current);
  return merge_projection(target.identity ? target.identity->projected : "", current, planned.next);
}

Result<StudyPlan> plan_study(store::Store& store, const ProjectorOptions& options,
                             const store::StudyRows& rows, Explain explain) {
  return Planning(store, options, rows, explain).run();
}

Result<std::optional<store::StoredResource>> read_if_there(store::Store& store,
                                                           const fhir::ResourceType& type,
                                                           std::string_view id) {
  auto found = store.read(type, id);
  if (found) return std::optional(std::move(*found));
  const ProblemKind kind = found.error().kind;
  if (kind == ProblemKind::not_found || kind == ProblemKind::gone) {
    return std::optional<store::StoredResource>();
  }
  return std::move(found).error();
}

DicomProblem mapping_problem(std::string_view study_uid, std::string_view code,
                             std::string diagnostics) {
  return {.kind = store::DicomProblemKind::mapping,
          .study_uid = std::string(study_uid),
          .series_uid = {},
          .sop_instance_uid = {},
          .source = {},
          .file = {},
          .code = std::string(code),
          .diagnostics = std::move(diagnostics)};
}

}  // namespace lightbox::ingest
