#include "rest/operation.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "fhir/resource.h"
#include "rest/api.h"
#include "rest/outcome.h"
#include "rest/routes.h"

namespace lightbox::rest {
namespace {

constexpr std::uint8_t on_system = static_cast<std::uint8_t>(OperationLevel::system);
constexpr std::uint8_t on_type = static_cast<std::uint8_t>(OperationLevel::type);
constexpr std::uint8_t on_instance = static_cast<std::uint8_t>(OperationLevel::instance);

// Which of the operations by this name is meant; not_found when there is none.
Result<const Operation*> find(std::span<const Operation> all, std::string_view name,
                              const fhir::ResourceType* type, OperationLevel level) {
  const auto is_meant = [&](const Operation& one) {
    return one.name == name && one.is_of(type, level);
  };
  const auto found = std::ranges::find_if(all, is_meant);
  if (found != all.end()) return &*found;
  std::string others;
  for (const Operation& one : all) {
    if (!one.is_of(type, level)) continue;
    others.append(others.empty() ? "$" : ", $").append(one.name);
  }
  return problem(ProblemKind::not_found, "not-supported",
                 fmt::format("'${}' is not one of this server's operations here; there {}", name,
                             others.empty() ? "are none" : "are " + others));
}

boost::asio::awaitable<Result<http::Response>> invoke(Call& call, OperationLevel level) {
  const fhir::ResourceType* type = nullptr;
  if (level != OperationLevel::system) {
    auto named = call.type(0);
    if (!named) co_return std::move(named).error();
    type = *named;
  }
  const std::string_view name = std::string_view(call.captures.back()).substr(1);
  auto operation = find(call.api.operations(), name, type, level);
  if (!operation) co_return std::move(operation).error();
  if ((*operation)->affects_state && call.request.method != http::Method::post) {
    co_return problem(ProblemKind::method_not_allowed,
                      fmt::format("${} changes what is stored: it is possible by POST only", name));
  }
  std::string id;
  if (level == OperationLevel::instance) {
    id = call.captures[1];
    if (!fhir::is_id(id)) {
      co_return problem(ProblemKind::not_found, fmt::format("'{}' is not an id", id));
    }
  }
  auto input = OperationInput::read(call, **operation);
  if (!input) co_return std::move(input).error();
  OperationCall on_its_way{.call = call,
                           .operation = **operation,
                           .level = level,
                           .type = type,
                           .id = std::move(id),
                           .input = std::move(*input)};
  co_return co_await (*operation)->handler(on_its_way);
}

boost::asio::awaitable<http::Response> answer(Call& call, OperationLevel level) {
  auto response = co_await invoke(call, level);
  if (response) co_return std::move(*response);
  auto refused = problem_response(response.error(), call.wants);
  if (response.error().kind == ProblemKind::method_not_allowed) {
    refused.fields.emplace_back("Allow", "POST");
  }
  co_return refused;
}

constexpr OwnDefinition study_everything_definition = {
    .name = "StudyEverything",
    .title = "Everything of an imaging study",
    .description =
        "The study, what it refers to (patient, service requests, encounter, practitioners, "
        "endpoints, locations), and every resource that refers to it, as a searchset Bundle in "
        "pages.",
    .parameters =
        R"([{"name":"_since","use":"in","min":0,"max":"1","documentation":"Only what changed since","type":"instant"},)"
        R"({"name":"_type","use":"in","min":0,"max":"*","documentation":"Only these types, separated by commas","type":"code"},)"
        R"({"name":"_count","use":"in","min":0,"max":"1","documentation":"Matches on a page","type":"integer"},)"
        R"({"name":"return","use":"out","min":1,"max":"1","documentation":"A searchset","type":"Bundle"}])"};

}  // namespace

std::span<const Operation> basic_operations() {
  using enum OperationBody;
  // A name that ends in * may be given several times.
  static const std::array table = {
      Operation{"validate", "", on_type | on_instance, false,
                "http://hl7.org/fhir/OperationDefinition/Resource-validate",
                "resource mode profile", unchecked, "resource", validate_resource},
      Operation{"meta", "", on_system | on_type | on_instance, false,
                "http://hl7.org/fhir/OperationDefinition/Resource-meta", "", parameters, "",
                meta_summary},
      Operation{"meta-add", "", on_instance, true,
                "http://hl7.org/fhir/OperationDefinition/Resource-meta-add", "meta", parameters, "",
                meta_add},
      Operation{"meta-delete", "", on_instance, true,
                "http://hl7.org/fhir/OperationDefinition/Resource-meta-delete", "meta", parameters,
                "", meta_delete},
      Operation{"everything", "Patient", on_type | on_instance, false,
                "http://hl7.org/fhir/OperationDefinition/Patient-everything",
                "start end _since _type* _count _cursor", parameters, "", patient_everything},
      Operation{"everything", "ImagingStudy", on_instance, false, "",
                "_since _type* _count _cursor", parameters, "", study_everything,
                study_everything_definition},
      Operation{"expand", "ValueSet", on_type | on_instance, false,
                "http://hl7.org/fhir/OperationDefinition/ValueSet-expand",
                "url valueSet valueSetVersion filter offset count activeOnly includeDesignations "
                "excludeNested",
                resource, "valueSet", value_set_expand},
      Operation{"validate-code", "ValueSet", on_type | on_instance, false,
                "http://hl7.org/fhir/OperationDefinition/ValueSet-validate-code",
                "url valueSet valueSetVersion code system display coding codeableConcept abstract",
                resource, "valueSet", value_set_validate_code},
      Operation{"validate-code", "CodeSystem", on_type | on_instance, false,
                "http://hl7.org/fhir/OperationDefinition/CodeSystem-validate-code",
                "url codeSystem code version display coding codeableConcept abstract", resource,
                "codeSystem", code_system_validate_code},
      Operation{"lookup", "CodeSystem", on_type, false,
                "http://hl7.org/fhir/OperationDefinition/CodeSystem-lookup",
                "code system version coding property*", parameters, "", code_system_lookup},
      Operation{"subsumes", "CodeSystem", on_type | on_instance, false,
                "http://hl7.org/fhir/OperationDefinition/CodeSystem-subsumes",
                "codeA codeB system version codingA codingB", parameters, "", code_system_subsumes},
  };
  return table;
}

std::string operation_definition(const Operation& operation, std::string_view base) {
  if (!operation.definition.empty()) return std::string(operation.definition);
  return fmt::format("{}/OperationDefinition/lightbox-{}-{}", base, operation.type, operation.name);
}

boost::asio::awaitable<Result<http::Response>> in_slow_lane(
    OperationCall& call, std::function<Result<http::Response>()> work) {
  auto pending = call.call.api.slow_lane().run<http::Response>(std::move(work));
  co_return co_await std::move(pending);
}

http::Response parameters_response(const Call& call, std::string_view parameters) {
  std::string body = R"({"resourceType":"Parameters")";
  if (!parameters.empty()) body.append(R"(,"parameter":[)").append(parameters).append("]");
  return json_response(200, body + "}", call.wants);
}

boost::asio::awaitable<http::Response> operation_on_system(Call& call) {
  return answer(call, OperationLevel::system);
}
boost::asio::awaitable<http::Response> operation_on_type(Call& call) {
  return answer(call, OperationLevel::type);
}
boost::asio::awaitable<http::Response> operation_on_instance(Call& call) {
  return answer(call, OperationLevel::instance);
}

}  // namespace lightbox::rest
