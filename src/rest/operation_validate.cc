// $validate (R4, resource-operation-validate.html): whether content would be taken, without storing
// it. The answer is 200 with all findings, good or bad; a 4xx says that nothing could be checked.

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "fhir/resource.h"
#include "fhir/validate.h"
#include "rest/api.h"
#include "rest/condition.h"
#include "rest/operation.h"
#include "rest/outcome.h"

namespace lightbox::rest {
namespace {

using fhir::Json;

enum class Mode : std::uint8_t { general, create, update, remove, profile };

Result<Mode> mode_of(const OperationCall& call) {
  const auto text = call.input.text("mode");
  if (!text) return Mode::general;
  if (*text == "create") return Mode::create;
  if (*text == "update") return Mode::update;
  if (*text == "delete") return Mode::remove;
  if (*text == "profile") return Mode::profile;
  return problem(ProblemKind::invalid, "code-invalid",
                 fmt::format("mode is '{}'; it must be create, update, delete or profile", *text));
}

void add(std::vector<Issue>& issues, Severity severity, std::string_view code,
         std::string diagnostics, std::string expression = {}) {
  issues.push_back({severity, code, std::move(diagnostics), std::move(expression)});
}

// Every type's own definition is what it is checked against anyway.
Result<void> check_profile(const OperationCall& call) {
  const auto profile = call.input.text("profile");
  const std::string base =
      fmt::format("http://hl7.org/fhir/StructureDefinition/{}", call.type->name);
  if (!profile || *profile == base || *profile == base + "|4.0.1") return {};
  // R4: "it SHALL return an error".
  return problem(ProblemKind::invalid, "not-supported",
                 fmt::format("This server cannot validate against the profile '{}'; it validates "
                             "against R4's own definition, {}",
                             *profile, base));
}

void note_claimed_profiles(const Json& resource, std::vector<Issue>& issues) {
  const Json* meta = resource.find("meta");
  const Json* profiles = meta == nullptr ? nullptr : meta->find("profile");
  if (profiles == nullptr || !profiles->is(Json::Kind::array)) return;
  for (const Json* one = profiles->first; one != nullptr; one = one->next) {
    if (one->text.starts_with("http://hl7.org/fhir/StructureDefinition/") &&
        one->text.ends_with(resource.string("resourceType"))) {
      continue;
    }
    add(issues, Severity::warning, "not-supported",
        fmt::format("Conformance to the profile '{}' was not checked: this server validates "
                    "against R4's own definitions",
                    one->text),
        fmt::format("{}.meta.profile", resource.string("resourceType")));
  }
}

void check_content(const OperationCall& call, const Json& resource, std::vector<Issue>& issues) {
  for (const Issue& issue : call.input.duplicate_keys()) issues.push_back(issue);
  const auto type = fhir::resource_type_of(resource);
  if (!type) {
    for (const Issue& issue : type.error().issues) issues.push_back(issue);
    return;
  }
  if (*type != call.type) {
    add(issues, Severity::error, "invalid",
        fmt::format("The resource is of type '{}', but the URL says '{}'", (*type)->name,
                    call.type->name),
        std::string((*type)->name));
  }
  for (Issue& issue : fhir::validate(resource, {}, call.call.api.options().limits)) {
    issues.push_back(std::move(issue));
  }
  note_claimed_profiles(resource, issues);
}

void check_create(const OperationCall& call, std::vector<Issue>& issues) {
  if (call.level == OperationLevel::instance) {
    add(issues, Severity::error, "invalid",
        "mode=create is asked of the type: a resource that is there cannot be created");
  }
}

void check_update(const OperationCall& call, const Json& resource, std::vector<Issue>& issues) {
  const std::string_view id = resource.string("id");
  const std::string expression = fmt::format("{}.id", call.type->name);
  if (id.empty()) {
    return add(issues, Severity::error, "required", "An update needs the resource's id",
               expression);
  }
  if (call.level != OperationLevel::instance) return;
  if (id != call.id) {
    add(issues, Severity::error, "value",
        fmt::format("The resource's id is '{}', but the URL says '{}'", id, call.id), expression);
  }
}

// If-Match and If-None-Match, as the update or delete itself would check them.
Result<void> check_condition(const OperationCall& call, std::vector<Issue>& issues) {
  TRY(const auto conditions, preconditions(call.call.request));
  const auto current = call.call.api.store().read(*call.type, call.id);
  if (!current && current.error().kind != ProblemKind::not_found &&
      current.error().kind != ProblemKind::gone) {
    return current.error();
  }
  const store::VersionState state = {current ? current->version : 0, current.has_value()};
  if (const auto done = conditions.check(*call.type, call.id, state); !done) {
    for (const Issue& issue : done.error().issues) issues.push_back(issue);
  }
  return {};
}

Result<void> check_delete(const OperationCall& call, std::vector<Issue>& issues) {
  if (call.level != OperationLevel::instance) {
    return problem(
        ProblemKind::invalid, "required",
        fmt::format("mode=delete is asked of a resource: {}/[id]/$validate", call.type->name));
  }
  const auto current = call.call.api.store().read(*call.type, call.id);
  if (!current) {
    const auto kind = current.error().kind;
    if (kind != ProblemKind::not_found && kind != ProblemKind::gone) return current.error();
    add(issues, Severity::information, "informational",
        fmt::format("There is no {}/{}; deleting it would change nothing", call.type->name,
                    call.id));
  }
  return check_condition(call, issues);
}

// What is stored, when an instance is asked without a resource.
Result<fhir::JsonDocument> stored(const OperationCall& call) {
  TRY(const auto current, call.call.api.store().read(*call.type, call.id));
  std::string text;
  store::append_resource(current, text);
  return fhir::parse_json(text, call.call.api.options().limits);
}

Result<std::vector<Issue>> check(const OperationCall& call) {
  TRY(const Mode mode, mode_of(call));
  TRY_DO(check_profile(call));
  std::vector<Issue> issues;
  if (mode == Mode::remove) {
    TRY_DO(check_delete(call, issues));
    return issues;
  }
  const Json* resource = call.input.value("resource");
  fhir::JsonDocument document;
  if (resource == nullptr && call.level == OperationLevel::instance && mode != Mode::update) {
    TRY(document, stored(call));
    resource = document.root();
  }
  if (resource == nullptr) {
    return problem(ProblemKind::invalid, "required",
                   "There is nothing to validate: send the resource, or a Parameters resource "
                   "with the parameter 'resource'");
  }
  check_content(call, *resource, issues);
  if (mode == Mode::create) check_create(call, issues);
  if (mode == Mode::update) {
    check_update(call, *resource, issues);
    if (call.level == OperationLevel::instance) TRY_DO(check_condition(call, issues));
  }
  return issues;
}

}  // namespace

boost::asio::awaitable<Result<http::Response>> validate_resource(OperationCall& call) {
  auto issues = check(call);
  if (!issues) co_return std::move(issues).error();
  if (issues->empty()) add(*issues, Severity::information, "informational", "All OK");
  std::string body;
  append_outcome(*issues, body);
  co_return json_response(200, std::move(body), call.call.wants);
}

}  // namespace lightbox::rest
