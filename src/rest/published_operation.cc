// OperationDefinitions: HL7's, as definitions/operations.ndjson has them, and Lightbox's own.

#include <algorithm>
#include <fmt/format.h>

#include "base/embedded.h"
#include "base/version.h"
#include "fhir/json.h"
#include "rest/operation.h"
#include "rest/published.h"

namespace lightbox::rest {
namespace {

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

std::string_view id_of_url(std::string_view url) { return url.substr(url.rfind('/') + 1); }

}  // namespace

std::vector<PublishedText> operations_of_hl7() {
  std::vector<PublishedText> texts;
  std::string_view rest = embedded_operations();
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const auto document = fhir::parse_json(line);
    if (!document) continue;
    texts.push_back({std::string(document->root()->string("id")), std::string(line)});
  }
  return texts;
}

std::vector<PublishedText> own_operations(std::string_view base) {
  std::vector<PublishedText> texts;
  for (const Operation& operation : operations()) {
    if (!operation.definition.empty()) continue;
    const std::string url = operation_definition(operation, base);
    texts.push_back({std::string(id_of_url(url)), operation_definition_json(base, operation)});
  }
  return texts;
}

}  // namespace lightbox::rest
