#include "imaging/merge_patients.h"

#include <fmt/format.h>

#include "fhir/index_values.h"
#include "fhir/resource.h"
#include "imaging/merge_plan.h"
#include "rest/api.h"
#include "rest/everything.h"
#include "rest/outcome.h"

namespace lightbox::imaging {
namespace {

using fhir::Json;

// How often it is tried again when somebody else wrote one of the resources meanwhile.
constexpr int tries_max = 10;

const fhir::ResourceType& patient_type() {
  return *fhir::Definitions::r4().resource_type("Patient");
}

// One of the two patients, as the input names it: by reference, by identifiers, or both.
class Named {
 public:
  Named(const rest::OperationCall& call, std::string_view role)
      : call_(call), role_(role), name_(fmt::format("{}-patient", role)) {}

  Result<std::string> id() const {
    std::vector<const Json*> identifiers = call_.input.values(name_ + "-identifier");
    const Json* given = call_.input.value(name_);
    std::string_view reference;
    if (given != nullptr) {
      reference = given->string("reference");
      if (const Json* identifier = given->find("identifier")) identifiers.push_back(identifier);
    }
    if (reference.empty() && identifiers.empty()) {
      return problem(ProblemKind::invalid, "required",
                     fmt::format("Which patient is the {0} is not said: give {1} (a Reference) or "
                                 "{1}-identifier (Identifiers)",
                                 role_, name_),
                     name_);
    }
    if (reference.empty()) return id_by(identifiers, {});
    TRY(auto id, id_of(reference));
    return identifiers.empty() ? Result<std::string>(std::move(id))
                               : id_by(identifiers, std::move(id));
  }

 private:
  Result<std::string> id_of(std::string_view reference) const {
    constexpr std::string_view head = "Patient/";
    const auto options = call_.call.search_options();
    const auto own = fhir::comparable_reference(reference, options);
    if (own.starts_with(head) && fhir::is_id(own.substr(head.size()))) {
      return std::string(own.substr(head.size()));
    }
    return problem(ProblemKind::invalid, "value",
                   fmt::format("{} is '{}'; it must be a Patient of this server, as Patient/123",
                               name_, reference),
                   name_);
  }

  // The one patient that has all of them; with `id`, that one.
  Result<std::string> id_by(const std::vector<const Json*>& identifiers, std::string id) const {
    fhir::SearchQuery query;
    query.type = &patient_type();
    query.count = 2;
    std::string text;
    for (const Json* identifier : identifiers) {
      const std::string_view value = identifier->string("value");
      if (value.empty()) {
        return problem(ProblemKind::invalid, "required",
                       fmt::format("An identifier in {}-identifier has no value", name_),
                       name_ + "-identifier");
      }
      const std::string token = fmt::format("{}|{}", identifier->string("system"), value);
      text += text.empty() ? token : ", " + token;
      query.criteria.push_back(criterion(*identifier));
    }
    TRY(const auto page,
        call_.call.api.store().search(
            query, {.time_us = call_.call.api.options().limits.search_timeout_ms * 1000}));
    if (page.matches.empty()) {
      return problem(ProblemKind::unprocessable, "not-found",
                     fmt::format("No Patient has the identifiers of the {}: {}", role_, text),
                     name_ + "-identifier");
    }
    if (id.empty() && page.matches.size() > 1) {
      return problem(
          ProblemKind::unprocessable, "multiple-matches",
          fmt::format("Several Patients have the identifiers of the {}: {}", role_, text),
          name_ + "-identifier");
    }
    if (id.empty()) return page.matches[0].id;
    query.criteria.push_back(rest::has_id(id));
    TRY(const auto both, call_.call.api.store().search(query, {}));
    if (!both.matches.empty()) return id;
    return problem(
        ProblemKind::unprocessable, "business-rule",
        fmt::format("Patient/{} does not have the identifiers of the {}: {}", id, role_, text),
        name_ + "-identifier");
  }

  static fhir::Criterion criterion(const Json& identifier) {
    fhir::Criterion criterion;
    criterion.parameter = patient_type().search_parameter("identifier");
    fhir::TokenValue value;
    value.system = std::string(identifier.string("system"));
    value.code = std::string(identifier.string("value"));
    criterion.any_of.emplace_back(std::move(value));
    return criterion;
  }

  const rest::OperationCall& call_;
  std::string_view role_;
  std::string name_;
};

// What has been done, or would be.
enum class Tense : std::uint8_t { present, conditional };
std::string describe(const MergePlan& plan, std::string_view source, std::string_view target,
                     Tense tense) {
  if (plan.is_empty()) {
    return fmt::format("Patient/{} has been merged into Patient/{} already; there is nothing to do",
                       source, target);
  }
  std::string text = fmt::format("Patient/{} {} merged into Patient/{}", source,
                                 tense == Tense::conditional ? "would be" : "is", target);
  if (plan.referring.empty()) return text + "; nothing else referred to it";
  text += tense == Tense::conditional ? "; these would refer to it:" : "; these refer to it now:";
  std::string_view separator = " ";
  for (const auto& [type, count] : plan.referring) {
    text += fmt::format("{}{} {}", separator, count, type);
    separator = ", ";
  }
  return text;
}

http::Response respond(const rest::OperationCall& call, std::string_view description,
                       std::string_view target) {
  std::string parameters;
  if (call.input.body() != nullptr) {
    parameters += R"({"name":"input","resource":)";
    fhir::write_json(*call.input.body(), parameters);
    parameters += "},";
  }
  parameters += R"({"name":"outcome","resource":)";
  rest::append_information(std::string(description), parameters);
  parameters.append(R"(},{"name":"result","resource":)").append(target).append("}");
  return rest::parameters_response(call.call, parameters);
}

Result<std::string> text_of(store::Store& store, const std::string& patient) {
  TRY(const auto stored, store.read(patient_type(), patient));
  std::string text;
  store::append_resource(stored, text);
  return text;
}

}  // namespace

Result<http::Response> merge_patients(rest::OperationCall& call, ingest::Projector& projector) {
  rest::Api& api = call.call.api;
  TRY(const std::string source, Named(call, "source").id());
  TRY(const std::string target, Named(call, "target").id());
  TRY(const auto preview, call.input.boolean("preview"));
  const MergeContext context{
      .store = api.store(), .index = api.index_options(), .limits = api.options().limits};
  if (preview.value_or(false)) {
    TRY(const auto plan, plan_merge(context, source, target));
    return respond(call, describe(plan, source, target, Tense::conditional), plan.target);
  }
  Result<MergePlan> plan = MergePlan();
  const auto merge = [&]() -> Result<void> {
    for (int tries = 1;; ++tries) {
      plan = plan_merge(context, source, target);
      if (!plan) return std::unexpected(plan.error());
      if (plan->is_empty()) return {};
      const auto done =
          api.store().dicom().reassign(plan->operations, plan->identities, plan->changed_studies);
      if (done) return {};
      if (done.error().kind != ProblemKind::precondition_failed || tries == tries_max) {
        return std::unexpected(done.error());
      }
    }
  };
  Result<void> merged;
  projector.run_between([&] { merged = merge(); });
  TRY_DO(merged);
  TRY_DO(projector.take_marked());
  TRY(const std::string text, text_of(api.store(), target));
  return respond(call, describe(*plan, source, target, Tense::present), text);
}

}  // namespace lightbox::imaging
