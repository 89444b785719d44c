#include "rest/published.h"

#include <fmt/format.h>

#include "base/version.h"
#include "fhir/json.h"
#include "fhir/resource.h"

namespace lightbox::rest {
namespace {

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

std::string search_parameter(std::string_view base, const fhir::SearchParameter& parameter) {
  std::string text =
      fmt::format(R"({{"resourceType":"SearchParameter","id":"{}","url":"{}","version":"{}",)"
                  R"("name":"{}","derivedFrom":"{}","status":"active","date":"{}","description":)",
                  published_id(parameter), published_url(base, parameter), version, parameter.code,
                  parameter.derived_from, release_date);
  fhir::write_json_string(fmt::format("HL7's {0} of {1}, widened: {2}", parameter.code,
                                      parameter.resource->name, fhirpath(parameter)),
                          text);
  text += fmt::format(R"(,"code":"{}","base":["{}"],"type":"token","expression":)", parameter.code,
                      parameter.resource->name);
  fhir::write_json_string(fhirpath(parameter), text);
  text += R"(,"xpathUsage":"normal"})";
  return text;
}

Result<void> publish(store::Store& store, std::string_view base,
                     const fhir::SearchParameter& parameter, const fhir::IndexOptions& options) {
  TRY(const auto resource, fhir::parse_resource(search_parameter(base, parameter)));
  std::string body = fhir::to_stored(resource.json());
  const auto current = store.read(*resource.type, resource.id());
  if (current && current->body == body) return {};
  std::vector<store::Operation> operations;
  operations.push_back({.kind = store::Operation::Kind::put,
                        .type = resource.type,
                        .id = std::string(resource.id()),
                        .body = std::move(body),
                        .index = fhir::index_resource(*resource.type, resource.json(), options),
                        .if_version = {}});
  TRY_DO(store.commit_and_wait(std::move(operations)));
  return {};
}

}  // namespace

std::string published_url(std::string_view base, const fhir::SearchParameter& parameter) {
  return fmt::format("{}/SearchParameter/{}", base, published_id(parameter));
}

Result<void> publish_search_parameters(store::Store& store, std::string_view base,
                                       const fhir::IndexOptions& options) {
  for (const auto& type : fhir::Definitions::r4().resource_types()) {
    for (const auto& parameter : type.search_parameters) {
      if (!parameter.derived_from.empty()) TRY_DO(publish(store, base, parameter, options));
    }
  }
  return {};
}

}  // namespace lightbox::rest
