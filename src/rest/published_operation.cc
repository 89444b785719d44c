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

std::string operation_definition_json(std::string_view base, const Operation& operation) {
  const std::string url = operation_definition(operation, base);
  const OwnDefinition& own = operation.own;
  std::string text = fmt::format(
      R"({{"resourceType":"OperationDefinition","id":"{}","url":"{}","version":"{}",)"
      R"("name":"{}","title":"{}","status":"active","kind":"operation","date":"{}","description":)",
      url.substr(url.rfind('/') + 1), url, version, own.name, own.title, release_date);
  fhir::write_json_string(own.description, text);
  return text +
         fmt::format(R"(,"affectsState":{},"code":"{}","resource":["{}"],"system":false,"type":{},)"
                     R"("instance":{},"parameter":{}}})",
                     operation.affects_state, operation.name, operation.type,
                     operation.has(OperationLevel::type), operation.has(OperationLevel::instance),
                     own.parameters);
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

std::vector<PublishedText> own_operations(const Publisher& publisher) {
  std::vector<PublishedText> texts;
  for (const Operation& operation : publisher.operations) {
    if (!operation.definition.empty()) continue;
    const std::string url = operation_definition(operation, publisher.base);
    texts.push_back(
        {std::string(id_of_url(url)), operation_definition_json(publisher.base, operation)});
  }
  return texts;
}

}  // namespace lightbox::rest
