// Patient/$everything and ImagingStudy/[id]/$everything (R4, patient-operation-everything.html;
// the study's is our own: docs/operations.md).

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <set>

#include "fhir/resource.h"
#include "rest/everything.h"

namespace lightbox::rest {
namespace {

using fhir::Json;
using Parameters = std::vector<const fhir::SearchParameter*>;

const fhir::ResourceType& named_type(std::string_view name) {
  return *fhir::Definitions::r4().resource_type(name);
}

// --- A patient's --------------------------------------------------------------------------------

// Which date says when the care was: the first of these that a type has.
constexpr std::array<std::string_view, 23> care_dates = {
    "date",        "started",    "period",         "effective",  "effective-time", "occurrence",
    "onset-date",  "onset",      "whenhandedover", "collected",  "recorded",       "sent",
    "identified",  "start-date", "event-date",     "authoredon", "authored-on",    "authored",
    "datewritten", "datetime",   "recorded-date",  "created",    "issued"};

const fhir::SearchParameter* care_date(const fhir::ResourceType& type) {
  for (const std::string_view code : care_dates) {
    const auto* parameter = type.search_parameter(code);
    if (parameter != nullptr && parameter->type == fhir::SearchType::date) return parameter;
  }
  return nullptr;
}

struct CareRange {
  std::optional<fhir::DateInterval> start;
  std::optional<fhir::DateInterval> end;
};

Result<std::optional<fhir::DateInterval>> date_of(const OperationCall& call,
                                                  std::string_view name) {
  const auto text = call.input.text(name);
  if (!text) return std::optional<fhir::DateInterval>();
  const auto interval = fhir::parse_date(*text, call.call.api.index_options().zone_offset_minutes);
  if (!interval) {
    return problem(ProblemKind::invalid, "value",
                   fmt::format("{} is '{}'; it must be a date, such as 2024-06-15", name, *text));
  }
  return interval;
}

void limit_to(const CareRange& range, EverythingSection& section) {
  const auto* parameter = care_date(*section.type);
  if (parameter == nullptr) return;
  const auto add = [&](fhir::Prefix prefix, const std::optional<fhir::DateInterval>& interval) {
    if (!interval) return;
    fhir::Criterion criterion;
    criterion.parameter = parameter;
    criterion.any_of.emplace_back(fhir::DateValue{.prefix = prefix, .interval = *interval});
    section.criteria.push_back(std::move(criterion));
  };
  add(fhir::Prefix::ge, range.start);
  add(fhir::Prefix::le, range.end);
}

// The references that put a type's resources into a patient's compartment; empty: none does.
const Parameters& patient_parameters(const fhir::ResourceType& type) {
  static const Parameters none;
  const auto* compartment = type.compartment(named_type("Patient"));
  return compartment == nullptr ? none : compartment->parameters;
}

bool is_patient(std::string_view reference) { return reference.starts_with("Patient/"); }

// What refers to any patient, for the type level.
EverythingSection of_any_patient(const fhir::ResourceType& type) {
  fhir::Criterion criterion;
  criterion.parameter = patient_parameters(type).front();
  criterion.or_parameters.assign(patient_parameters(type).begin() + 1,
                                 patient_parameters(type).end());
  criterion.modifier = fhir::Modifier::missing;
  criterion.missing = false;
  EverythingSection section{.type = &type, .criteria = {std::move(criterion)}, .keeps = {}};
  section.keeps = [&type](const Json&, const fhir::IndexEntries& entries) {
    return has_reference(entries, patient_parameters(type), is_patient);
  };
  return section;
}

Result<EverythingPlan> patient_plan(const OperationCall& call) {
  CareRange range;
  TRY(range.start, date_of(call, "start"));
  TRY(range.end, date_of(call, "end"));
  const auto& patient = named_type("Patient");
  const bool is_one = call.level == OperationLevel::instance;
  const std::string reference = "Patient/" + call.id;
  EverythingPlan plan;
  EverythingSection& first = plan.sections.emplace_back();
  first.type = &patient;
  if (is_one) {
    TRY_DO(call.call.api.store().read(patient, call.id));  // not found, or deleted
    first.criteria.push_back(has_id(call.id));
  }
  plan.path = is_one ? fmt::format("/{}/$everything", reference) : "/Patient/$everything";
  for (const auto& type : fhir::Definitions::r4().resource_types()) {
    if (patient_parameters(type).empty() || (&type == &patient && !is_one)) continue;
    EverythingSection section =
        is_one ? EverythingSection{.type = &type,
                                   .criteria = {refers_to(patient_parameters(type), reference)},
                                   .keeps = {}}
               : of_any_patient(type);
    limit_to(range, section);
    plan.sections.push_back(std::move(section));
  }
  if (range.start || range.end) {
    plan.notes.push_back({Severity::information,
                          "informational",
                          "start and end limit each type by the date of its care; resources that "
                          "lack it are left out, types that have no such date are not limited",
                          {}});
  }
  plan.is_match = [is_one, reference, id = call.id](const fhir::ResourceType& type,
                                                    const Json& resource,
                                                    const fhir::IndexEntries& entries) {
    if (type.name == "Patient" && (!is_one || resource.string("id") == id)) return true;
    return has_reference(entries, patient_parameters(type), [&](std::string_view found) {
      return is_one ? found == reference : is_patient(found);
    });
  };
  return plan;
}

// --- A study's ----------------------------------------------------------------------------------

bool is_target(const std::vector<const fhir::ResourceType*>& targets,
               const fhir::ResourceType& type) {
  return std::ranges::find(targets, &type) != targets.end();
}

// The parameters that may refer to a resource of this type.
Parameters parameters_to(const fhir::ResourceType& from, const fhir::ResourceType& to) {
  Parameters parameters;
  for (const auto& parameter : from.search_parameters) {
    if (parameter.type != fhir::SearchType::reference) continue;
    if (parameter.targets.empty() || is_target(parameter.targets, to)) {
      parameters.push_back(&parameter);
    }
  }
  return parameters;
}

bool has_element_to(const fhir::ComplexType& from, const fhir::ResourceType& to,
                    std::set<const fhir::ComplexType*>& visited) {
  if (!visited.insert(&from).second) return false;
  for (const auto& element : from.elements) {
    for (const auto& type : element.types) {
      if (type.name == "Reference" && is_target(type.targets, to)) return true;
      const bool is_own =
          type.complex != nullptr && type.complex->name.find('.') != std::string::npos;
      if (is_own && has_element_to(*type.complex, to, visited)) return true;
    }
  }
  return false;
}

// Types whose elements name the study's type, but that R4 gives no search parameter for it: such as
// DiagnosticReport.imagingStudy. They are looked for among what the study's patient has.
bool needs_look(const fhir::ResourceType& from, const fhir::ResourceType& to) {
  const bool has_parameter = std::ranges::any_of(from.search_parameters, [&](const auto& one) {
    return one.type == fhir::SearchType::reference && is_target(one.targets, to);
  });
  std::set<const fhir::ComplexType*> visited;
  return !has_parameter && !patient_parameters(from).empty() &&
         has_element_to(*from.elements, to, visited);
}

// "Patient/123" of the study's subject; empty: it has none that is stored here.
Result<std::string> patient_of(const OperationCall& call) {
  TRY(const auto study, call.call.api.store().read(*call.type, call.id));
  std::string text;
  store::append_resource(study, text);
  TRY(const auto document, fhir::parse_json(text, call.call.api.options().limits));
  const auto entries =
      fhir::index_resource(*call.type, *document.root(), call.call.search_options());
  std::string patient;
  const auto keep = [&patient](std::string_view reference) {
    if (is_patient(reference)) patient = reference;
    return !patient.empty();
  };
  (void)has_reference(entries, patient_parameters(*call.type), keep);
  return patient;
}

Result<EverythingPlan> study_plan(const OperationCall& call) {
  const fhir::ResourceType& study = *call.type;
  const std::string reference = fmt::format("{}/{}", study.name, call.id);
  TRY(const std::string patient, patient_of(call));
  EverythingPlan plan;
  plan.path = fmt::format("/{}/$everything", reference);
  plan.sections.push_back({.type = &study, .criteria = {has_id(call.id)}, .keeps = {}});
  const fhir::IndexOptions options = call.call.search_options();
  const auto mentions = [reference, options](const Json& resource) {
    const auto references = references_of(resource, options);
    return std::ranges::binary_search(references, reference);
  };
  std::vector<std::string_view> looked_for;
  for (const auto& type : fhir::Definitions::r4().resource_types()) {
    const Parameters parameters = parameters_to(type, study);
    if (!parameters.empty()) {
      plan.sections.push_back(
          {.type = &type, .criteria = {refers_to(parameters, reference)}, .keeps = {}});
    }
    if (!needs_look(type, study)) continue;
    looked_for.push_back(type.name);
    if (patient.empty()) continue;
    EverythingSection section{
        .type = &type, .criteria = {refers_to(patient_parameters(type), patient)}, .keeps = {}};
    section.keeps = [mentions, parameters, reference](const Json& resource,
                                                      const fhir::IndexEntries& entries) {
      const auto is_it = [&](std::string_view found) { return found == reference; };
      return mentions(resource) && !has_reference(entries, parameters, is_it);
    };
    plan.sections.push_back(std::move(section));
  }
  if (patient.empty()) {
    plan.notes.push_back(
        {Severity::warning,
         "incomplete",
         fmt::format("The study has no Patient as its subject, so these were not looked for: {}",
                     fmt::join(looked_for, ", ")),
         {}});
  }
  plan.is_match = [mentions, &study, id = call.id, patient, reference](
                      const fhir::ResourceType& type, const Json& resource,
                      const fhir::IndexEntries& entries) {
    if (&type == &study && resource.string("id") == id) return true;
    const auto is_it = [&](std::string_view found) { return found == reference; };
    if (has_reference(entries, parameters_to(type, study), is_it)) return true;
    const auto is_the_patient = [&](std::string_view found) { return found == patient; };
    return needs_look(type, study) && mentions(resource) &&
           has_reference(entries, patient_parameters(type), is_the_patient);
  };
  return plan;
}

boost::asio::awaitable<Result<http::Response>> run(
    OperationCall& call, Result<EverythingPlan> (*make)(const OperationCall&)) {
  std::function<Result<http::Response>()> work = [&call, make]() -> Result<http::Response> {
    TRY(auto plan, make(call));
    return everything_page(call, std::move(plan));
  };
  auto pending = in_slow_lane(call, std::move(work));
  co_return co_await std::move(pending);
}

}  // namespace

boost::asio::awaitable<Result<http::Response>> patient_everything(OperationCall& call) {
  return run(call, patient_plan);
}

boost::asio::awaitable<Result<http::Response>> study_everything(OperationCall& call) {
  return run(call, study_plan);
}

}  // namespace lightbox::rest
