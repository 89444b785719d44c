#include "rest/published.h"

#include <fmt/format.h>

#include "base/version.h"
#include "fhir/json.h"
#include "fhir/resource.h"
#include "rest/operation.h"

namespace lightbox::rest {
namespace {

bool is_published(const fhir::SearchParameter& parameter) {
  return parameter.is_own || !parameter.derived_from.empty();
}

std::string published_id(const fhir::SearchParameter& parameter) {
  return fmt::format("lightbox-{}-{}", parameter.resource->name, parameter.code);
}

std::string fhirpath(const fhir::SearchParameter& parameter) {
  std::string text;
  for (const auto& path : parameter.paths) {
    if (!text.empty()) text += " | ";
    text += parameter.resource->name;
    for (const auto& step : path) {
      text += '.';
      text += step.name;
    }
  }
  return text;
}

// A component's path as HL7 writes it: from the composite's element.
std::string component_fhirpath(const fhir::SearchParameter::Component& component) {
  std::string text;
  for (const auto& path : component.paths) {
    if (!text.empty()) text += " | ";
    for (const auto& step : path) text.append(&step == path.data() ? "" : ".").append(step.name);
  }
  return text;
}

std::string components_json(std::string_view base, const fhir::SearchParameter& parameter) {
  std::string text;
  for (const auto& component : parameter.components) {
    text += text.empty() ? R"(,"component":[)" : ",";
    text += R"({"definition":)";
    fhir::write_json_string(definition_url(base, *component.parameter), text);
    text += R"(,"expression":)";
    fhir::write_json_string(component_fhirpath(component), text);
    text += '}';
  }
  return text.empty() ? text : text + ']';
}

std::string search_parameter(std::string_view base, const fhir::SearchParameter& parameter) {
  std::string text =
      fmt::format(R"({{"resourceType":"SearchParameter","id":"{}","url":"{}","version":"{}",)"
                  R"("name":"{}","status":"active","date":"{}","description":)",
                  published_id(parameter), definition_url(base, parameter), version, parameter.code,
                  release_date);
  fhir::write_json_string(parameter.is_own
                              ? std::string(parameter.description)
                              : fmt::format("HL7's {0} of {1}, widened: {2}", parameter.code,
                                            parameter.resource->name, fhirpath(parameter)),
                          text);
  if (!parameter.is_own) text += fmt::format(R"(,"derivedFrom":"{}")", parameter.derived_from);
  text += fmt::format(R"(,"code":"{}","base":["{}"],"type":"{}","expression":)", parameter.code,
                      parameter.resource->name, search_type_name(parameter.type));
  fhir::write_json_string(fhirpath(parameter), text);
  text += R"(,"xpathUsage":"normal")";
  text += components_json(base, parameter);
  return text + '}';
}

constexpr std::string_view everything_description =
    "The study, what it refers to (patient, service requests, encounter, practitioners, endpoints, "
    "locations), and every resource that refers to it, as a searchset Bundle in pages.";

std::string operation_definition_json(std::string_view base, const Operation& operation) {
  const std::string url = operation_definition(operation, base);
  std::string text = fmt::format(
      R"({{"resourceType":"OperationDefinition","id":"{}","url":"{}","version":"{}",)"
      R"("name":"{}{}","title":"Everything of an imaging study","status":"active",)"
      R"("kind":"operation","date":"{}","description":)",
      url.substr(url.rfind('/') + 1), url, version, operation.type, "Everything", release_date);
  fhir::write_json_string(everything_description, text);
  text += fmt::format(
      R"(,"affectsState":{},"code":"{}","resource":["{}"],"system":false,"type":{},"instance":{},)",
      operation.affects_state, operation.name, operation.type, operation.has(OperationLevel::type),
      operation.has(OperationLevel::instance));
  constexpr std::string_view parameters =
      R"("parameter":[)"
      R"({"name":"_since","use":"in","min":0,"max":"1","documentation":"Only what changed since","type":"instant"},)"
      R"({"name":"_type","use":"in","min":0,"max":"*","documentation":"Only these types, separated by commas","type":"code"},)"
      R"({"name":"_count","use":"in","min":0,"max":"1","documentation":"Matches on a page","type":"integer"},)"
      R"({"name":"return","use":"out","min":1,"max":"1","documentation":"A searchset","type":"Bundle"}]})";
  return text.append(parameters);
}

Result<void> publish(store::Store& store, const std::string& json,
                     const fhir::IndexOptions& options) {
  TRY(const auto resource, fhir::parse_resource(json));
  std::string body = fhir::to_stored(resource.json());
  const auto current = store.read(*resource.type, resource.id());
  if (current && current->body == body) return {};
  std::vector<store::Operation> operations;
  operations.push_back({.kind = store::Operation::Kind::put,
                        .type = resource.type,
                        .id = std::string(resource.id()),
                        .body = std::move(body),
                        .index = fhir::index_resource(*resource.type, resource.json(), options)});
  TRY_DO(store.commit_and_wait(std::move(operations)));
  return {};
}

}  // namespace

std::string_view search_type_name(fhir::SearchType type) {
  switch (type) {
    case fhir::SearchType::number:
      return "number";
    case fhir::SearchType::date:
      return "date";
    case fhir::SearchType::string:
      return "string";
    case fhir::SearchType::token:
      return "token";
    case fhir::SearchType::reference:
      return "reference";
    case fhir::SearchType::composite:
      return "composite";
    case fhir::SearchType::quantity:
      return "quantity";
    case fhir::SearchType::uri:
      return "uri";
    case fhir::SearchType::special:
      return "special";
  }
  return "special";
}

std::string definition_url(std::string_view base, const fhir::SearchParameter& parameter) {
  if (!is_published(parameter)) return std::string(parameter.url);
  return fmt::format("{}/SearchParameter/{}", base, published_id(parameter));
}

Result<void> publish_search_parameters(store::Store& store, std::string_view base,
                                       const fhir::IndexOptions& options) {
  for (const auto& type : fhir::Definitions::r4().resource_types()) {
    for (const auto& parameter : type.search_parameters) {
      if (!is_published(parameter)) continue;
      TRY_DO(publish(store, search_parameter(base, parameter), options));
    }
  }
  return {};
}

Result<void> publish_operations(store::Store& store, std::string_view base,
                                const fhir::IndexOptions& options) {
  for (const Operation& operation : operations()) {
    if (!operation.definition.empty()) continue;
    TRY_DO(publish(store, operation_definition_json(base, operation), options));
  }
  return {};
}

}  // namespace lightbox::rest
