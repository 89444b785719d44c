// The CapabilityStatement: GET [base]/metadata (R4, http.html#capabilities), made from the two
// tables.

#include <algorithm>
#include <fmt/format.h>

#include "base/version.h"
#include "fhir/json.h"
#include "rest/operation.h"
#include "rest/outcome.h"
#include "rest/published.h"
#include "rest/routes.h"

namespace lightbox::rest {
namespace {

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

// Parameters that are not about one value, so that the definitions table has no rows of them.
void append_whole_resource_parameters(bool has_narrative, fhir::FullText full_text,
                                      std::string& out) {
  const auto append = [&](std::string_view name, std::string_view id, std::string_view kind) {
    fmt::format_to(
        std::back_inserter(out),
        R"(,{{"name":"{}","definition":"http://hl7.org/fhir/SearchParameter/{}","type":"{}"}})",
        name, id, kind);
  };
  append("_filter", "filter", "special");
  if (has_narrative && full_text >= fhir::FullText::narrative) {
    append("_text", "DomainResource-text", "string");
  }
  if (full_text >= fhir::FullText::content) append("_content", "Resource-content", "string");
}

void append_search_parameters(const fhir::ResourceType& type, std::string_view base,
                              fhir::FullText full_text, std::string& out) {
  out += R"("searchParam":[)";
  for (const auto& parameter : type.search_parameters) {
    if (&parameter != type.search_parameters.data()) out += ',';
    const std::string definition = definition_url(base, parameter);
    fmt::format_to(std::back_inserter(out), R"({{"name":"{}","definition":"{}","type":"{}")",
                   parameter.code, definition, search_type_name(parameter.type));
    if (!parameter.description.empty()) {
      out += R"(,"documentation":)";
      fhir::write_json_string(parameter.description, out);
    }
    out += '}';
  }
  append_whole_resource_parameters(type.elements->element("text") != nullptr, full_text, out);
  out += ']';
}

bool refers_to(const fhir::SearchParameter& parameter, const fhir::ResourceType& type) {
  const auto& targets = parameter.targets;
  return parameter.type == fhir::SearchType::reference &&
         (targets.empty() || std::ranges::find(targets, &type) != targets.end());
}

void append_includes(const fhir::ResourceType& type, std::string& out) {
  out += R"(,"searchInclude":["*")";
  for (const auto& parameter : type.search_parameters) {
    if (parameter.type != fhir::SearchType::reference) continue;
    fmt::format_to(std::back_inserter(out), R"(,"{}:{}")", type.name, parameter.code);
  }
  out += R"(],"searchRevInclude":["*")";
  for (const auto& source : fhir::Definitions::r4().resource_types()) {
    for (const auto& parameter : source.search_parameters) {
      if (!refers_to(parameter, type)) continue;
      fmt::format_to(std::back_inserter(out), R"(,"{}:{}")", source.name, parameter.code);
    }
  }
  out += ']';
}

// What every search has, also one of several types.
void append_common_parameters(fhir::FullText full_text, std::string& out) {
  out += R"(,"searchParam":[)";
  const auto& parameters = fhir::Definitions::r4().resource_type("Basic")->search_parameters;
  for (const auto& parameter : parameters) {
    if (!parameter.code.starts_with('_')) continue;
    fmt::format_to(std::back_inserter(out), R"({{"name":"{}","definition":"{}","type":"{}"}},)",
                   parameter.code, parameter.url, search_type_name(parameter.type));
  }
  out +=
      R"({"name":"_list","type":"token","documentation":"The id of a List; functional lists are )"
      R"(refused"},{"name":"_type","type":"token","documentation":"In searches of several types"},)"
      R"({"name":"_contained","type":"token","documentation":"Of one type at a time: true and both )"
      R"(look into contained resources, too"},{"name":"_containedType","type":"token",)"
      R"("documentation":"What _contained gives: container (the default) or contained"})";
  append_whole_resource_parameters(true, full_text, out);
  out += ']';
}

// The compartments that any type is in.
void append_compartments(std::string& out) {
  out += R"(,"compartment":[)";
  std::string_view separator;
  for (const auto& of : fhir::Definitions::r4().resource_types()) {
    const auto is_member = [&](const auto& type) { return type.compartment(of) != nullptr; };
    if (std::ranges::none_of(fhir::Definitions::r4().resource_types(), is_member)) continue;
    out += separator;
    separator = ",";
    out += fmt::format(R"("http://hl7.org/fhir/CompartmentDefinition/{}")", compartment_id(of));
  }
  out += ']';
}

// R4 has a type's operations where they are, whatever the level; those of every type with each.
void append_operations(const fhir::ResourceType* type, const Call& call, std::string& out) {
  char separator = '[';
  for (const Operation& operation : call.api.operations()) {
    const bool is_here = type == nullptr ? operation.is_of(nullptr, OperationLevel::system)
                                         : operation.is_of(type, OperationLevel::type) ||
                                               operation.is_of(type, OperationLevel::instance);
    if (!is_here) continue;
    if (separator == '[') out += R"(,"operation":)";
    fmt::format_to(std::back_inserter(out), R"({}{{"name":"{}","definition":"{}"}})", separator,
                   operation.name, operation_definition(operation, call.base));
    separator = ',';
  }
  if (separator == ',') out += ']';
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
  append_search_parameters(type, call.base, call.api.index_options().full_text, out);
  append_includes(type, out);
  append_operations(&type, call, out);
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
      R"("fhirVersion":"4.0.1",)"
      R"("format":["application/fhir+json","application/fhir+xml","json","xml"],)"
      R"("patchFormat":["application/json-patch+json","application/fhir+json",)"
      R"("application/fhir+xml"],)"
      R"("rest":[{{"mode":"server","documentation":"References are followed in searches: chained )"
      R"(parameters, as in ImagingStudy?patient.name=x, and _has, both nested; _sort takes chains )"
      R"(too. PATCH takes criteria in place of an id, as update and delete do; in Bundles it is a Binary )"
      R"(with a JSON Patch, or Parameters.","security":{{"cors":{}}},"resource":[)",
      release_date, version, call.base,
      call.api.options().origins.cors_origins.empty() ? "false" : "true");
  std::string interactions;
  append_interactions(Level::type, interactions);
  const auto types = fhir::Definitions::r4().resource_types();
  for (const auto& type : types) {
    if (&type != types.data()) out += ',';
    append_type(type, interactions, call, out);
  }
  out += "],";
  append_interactions(Level::system, out);
  append_common_parameters(call.api.index_options().full_text, out);
  append_operations(nullptr, call, out);
  append_compartments(out);
  out += "}]}";
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
