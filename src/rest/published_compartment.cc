// CompartmentDefinitions, as the definitions table has them (R4, compartmentdefinition.html).

#include <fmt/format.h>

#include "fhir/definitions.h"
#include "rest/published.h"

namespace lightbox::rest {
namespace {

bool is_compartment(const fhir::ResourceType& type) {
  for (const auto& member : fhir::Definitions::r4().resource_types()) {
    if (member.compartment(type) != nullptr) return true;
  }
  return false;
}

void append_member(const fhir::ResourceType& member, const fhir::ResourceType& of,
                   std::string& out) {
  fmt::format_to(std::back_inserter(out), R"({{"code":"{}")", member.name);
  if (const auto* compartment = member.compartment(of)) {
    char separator = '[';
    out += R"(,"param":)";
    for (const auto* parameter : compartment->parameters) {
      // What the compartment is about is in it without referring to itself.
      const std::string_view code = parameter->code == "_id" ? "{def}" : parameter->code;
      fmt::format_to(std::back_inserter(out), R"({}"{}")", separator, code);
      separator = ',';
    }
    out += ']';
  }
  out += '}';
}

}  // namespace

std::string compartment_id(const fhir::ResourceType& type) {
  std::string id(type.name);
  id.front() = static_cast<char>(id.front() - 'A' + 'a');
  return id;
}

std::vector<PublishedText> compartments_of_hl7() {
  std::vector<PublishedText> texts;
  for (const auto& type : fhir::Definitions::r4().resource_types()) {
    if (!is_compartment(type)) continue;
    const std::string id = compartment_id(type);
    std::string text = fmt::format(
        R"({{"resourceType":"CompartmentDefinition","id":"{0}",)"
        R"("url":"http://hl7.org/fhir/CompartmentDefinition/{0}","version":"4.0.1",)"
        R"("name":"Base FHIR compartment definition for {1}","status":"draft","code":"{1}",)"
        R"("search":true,"resource":)",
        id, type.name);
    char separator = '[';
    for (const auto& member : fhir::Definitions::r4().resource_types()) {
      text += separator;
      separator = ',';
      append_member(member, type, text);
    }
    texts.push_back({id, text + "]}"});
  }
  return texts;
}

}  // namespace lightbox::rest
