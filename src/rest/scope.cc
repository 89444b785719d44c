#include "rest/scope.h"

#include <algorithm>
#include <fmt/format.h>

#include "fhir/resource.h"
#include "rest/negotiate.h"

namespace lightbox::rest {
namespace {

using fhir::ResourceType;

// R4's list is a column of the definitions table.
std::vector<const ResourceType*> members_of(const ResourceType& compartment) {
  std::vector<const ResourceType*> members;
  for (const ResourceType& type : fhir::Definitions::r4().resource_types()) {
    if (type.compartment(compartment) != nullptr) members.push_back(&type);
  }
  return members;
}

std::string compartments_of(const ResourceType& type) {
  std::string names;
  for (const auto& compartment : type.compartments) {
    names.append(names.empty() ? "" : ", ").append(compartment.of->name);
  }
  return names;
}

// A parameter of the type that refers to what the compartment would be about.
std::string hint(const ResourceType& compartment, std::string_view id, const ResourceType& type) {
  for (const auto& parameter : type.search_parameters) {
    const auto& targets = parameter.targets;
    if (parameter.type == fhir::SearchType::reference &&
        std::ranges::find(targets, &compartment) != targets.end()) {
      return fmt::format("; {}?{}={}/{} searches by reference", type.name, parameter.code,
                         compartment.name, id);
    }
  }
  return "";
}

std::string lower_case(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return lower;
}

Problem no_compartment(const ResourceType& compartment) {
  return problem(ProblemKind::not_found, "not-supported",
                 fmt::format("R4 has no compartment of a {}; it has those of Device, Encounter, "
                             "Patient, Practitioner and RelatedPerson",
                             compartment.name));
}

Problem not_a_member(const ResourceType& compartment, std::string_view id,
                     const ResourceType& type) {
  const std::string others = compartments_of(type);
  return problem(
      ProblemKind::not_found, "not-supported",
      fmt::format("{} is not in the compartment of {} {} (R4, compartmentdefinition-{}.html); {}{}",
                  type.name, compartment.name == "Encounter" ? "an" : "a", compartment.name,
                  lower_case(compartment.name),
                  others.empty() ? "it is in none" : "it is in that of " + others,
                  hint(compartment, id, type)));
}

}  // namespace

Result<Scope> type_scope(const Call& call) {
  TRY(const auto* type, call.type(0));
  Scope scope;
  scope.types.push_back(type);
  scope.path = fmt::format("/{}", type->name);
  return scope;
}

Result<Scope> system_scope(const Call& /*call*/) {
  Scope scope;
  scope.kind = Scope::Kind::several_types;
  for (const ResourceType& type : fhir::Definitions::r4().resource_types()) {
    scope.types.push_back(&type);
  }
  return scope;
}

Result<Scope> compartment_scope(const Call& call) {
  TRY(const auto* compartment, call.type(0));
  const std::string& id = call.captures[1];
  const std::string last = call.captures.size() > 2 ? call.captures[2] : "*";
  if (last.starts_with('$')) {
    return problem(ProblemKind::not_found, "not-supported",
                   fmt::format("The operation '{}' is not one of this server's", last));
  }
  Scope scope;
  scope.compartment = {compartment, id};
  scope.types = members_of(*compartment);
  if (scope.types.empty()) return no_compartment(*compartment);
  if (!fhir::is_id(id)) {
    return problem(ProblemKind::not_found, fmt::format("'{}' is not an id", id));
  }
  if (last == "*") {
    scope.kind = Scope::Kind::several_types;
    scope.path = fmt::format("/{}/{}/*", compartment->name, id);
    return scope;
  }
  TRY(const auto* type, call.type(2));
  if (type->compartment(*compartment) == nullptr) return not_a_member(*compartment, id, *type);
  scope.types = {type};
  scope.path = fmt::format("/{}/{}/{}", compartment->name, id, type->name);
  return scope;
}

Result<void> narrow(const http::Parameters& parameters, Scope& scope) {
  if (scope.kind == Scope::Kind::one_type) return {};
  std::vector<const ResourceType*> named;
  for (const auto& [name, value] : parameters) {
    if (name != "_type" || value.empty()) continue;
    if (!named.empty()) {
      return problem(ProblemKind::invalid, "invalid",
                     "Search parameter '_type' may be given once only; it takes several types, "
                     "separated by commas");
    }
    for (const std::string_view text : split_list(value, ',')) {
      const ResourceType* type = fhir::Definitions::r4().resource_type(text);
      if (type == nullptr) {
        return problem(ProblemKind::invalid, "value",
                       fmt::format("Search parameter '_type': '{}' is not a resource type of FHIR "
                                   "R4",
                                   text));
      }
      if (std::ranges::find(scope.types, type) == scope.types.end()) {
        return problem(ProblemKind::invalid, "value",
                       fmt::format("Search parameter '_type': {} is not in the compartment of a {}",
                                   text, scope.compartment->of->name));
      }
      if (std::ranges::find(named, type) == named.end()) named.push_back(type);
    }
  }
  if (named.empty()) return {};
  // In the table's order, whatever that of the URL, so that the pages do not depend on it.
  std::ranges::sort(named, {}, &ResourceType::name);
  scope.types = std::move(named);
  return {};
}

}  // namespace lightbox::rest
