// The CapabilityStatement: GET [base]/metadata (R4, http.html#capabilities), made from the two
// tables.

#include <algorithm>
#include <fmt/format.h>

#include "base/version.h"
#include "fhir/json.h"
#include "rest/outcome.h"
#include "rest/published.h"
#include "rest/routes.h"

namespace lightbox::rest {
namespace {

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

bool is_of_type(const Route& route) { return route.pattern.find("{type}") != std::string::npos; }

// Those of each type, or those of the system.
enum class Level : unsigned char { type, system };

void append_interactions(Level level, std::string& out) {
  out += R"("interaction":[)";
  std::vector<std::string_view> named;
  for (const Route& route : routes()) {
    if (is_of_type(route) != (level == Level::type)) continue;
    for (const std::string_view code : split_list(route.interaction, ' ')) {
      if (std::ranges::find(named, code) != named.end()) continue;
      fmt::format_to(std::back_inserter(out), R"({}{{"code":"{}"}})", named.empty() ? "" : ",",
                     code);
      named.push_back(code);
    }
  }
  out += ']';
}

void append_search_parameters(const fhir::ResourceType& type, std::string_view base,
                              std::string& out) {
  out += R"("searchParam":[)";
  for (const auto& parameter : type.search_parameters) {
    if (&parameter != type.search_parameters.data()) out += ',';
    const std::string definition = parameter.derived_from.empty() ? std::string(parameter.url)
                                                                  : published_url(base, parameter);
    fmt::format_to(std::back_inserter(out), R"({{"name":"{}","definition":"{}","type":"{}")",
                   parameter.code, definition, search_type_name(parameter.type));
    if (!parameter.description.empty()) {
      out += R"(,"documentation":)";
      fhir::write_json_string(parameter.description, out);
    }
    out += '}';
  }
  out += ']';
}

void append_type(const fhir::ResourceType& type, std::string_view interactions, const Call& call,
                 std::string& out) {
  fmt::format_to(std::back_inserter(out),
                 R"({{"type":"{0}","profile":"http://hl7.org/fhir/StructureDefinition/{0}",)",
                 type.name);
  out += interactions;
  out += R"(,"versioning":"versioned","readHistory":true,"updateCreate":true,)"
         R"("conditionalCreate":true,"conditionalRead":"full-support","conditionalUpdate":true,)";
  const bool is_multiple = call.api.options().conditional_delete == ConditionalDelete::multiple;
  fmt::format_to(std::back_inserter(out),
                 R"("conditionalDelete":"{}","referencePolicy":["literal","logical","local"],)",
                 is_multiple ? "multiple" : "single");
  append_search_parameters(type, call.base, out);
  out += '}';
}

std::string statement(const Call& call) {
  std::string out;
  out.reserve(1'000'000);
  fmt::format_to(
      std::back_inserter(out),
      R"({{"resourceType":"CapabilityStatement","status":"active","date":"{}","kind":"instance",)"
      R"("software":{{"name":"Lightbox","version":"{}"}},)"
      R"("implementation":{{"description":"Lightbox: imaging studies on FHIR","url":"{}"}},)"
      R"("fhirVersion":"4.0.1","format":["application/fhir+json","json"],)"
      R"("rest":[{{"mode":"server","security":{{"cors":{}}},"resource":[)",
      release_date, version, call.base, call.api.options().cors_origins.empty() ? "false" : "true");
  std::string interactions;
  append_interactions(Level::type, interactions);
  const auto types = fhir::Definitions::r4().resource_types();
  for (const auto& type : types) {
    if (&type != types.data()) out += ',';
    append_type(type, interactions, call, out);
  }
  out += "],";
  append_interactions(Level::system, out);
  out += R"(,"compartment":["http://hl7.org/fhir/CompartmentDefinition/patient"]}]})";
  return out;
}

}  // namespace

boost::asio::awaitable<http::Response> capabilities(Call& call) {
  for (const auto& [name, value] : call.parameters) {
    if (name == "mode" && value != "full") {
      co_return problem_response(
          problem(ProblemKind::invalid, "not-supported",
                  fmt::format("mode is '{}'; this server has mode=full only", value)),
          call.wants);
    }
  }
  co_return json_response(200, statement(call), call.wants);
}

}  // namespace lightbox::rest
