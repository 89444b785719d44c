#include "rest/published.h"

#include <algorithm>

#include "base/version.h"
#include "fhir/json.h"
#include "fhir/resource.h"

namespace lightbox::rest {
namespace {

using List = std::vector<std::shared_ptr<const Published>>;

bool is_search_parameter(const fhir::ResourceType& type) { return type.name == "SearchParameter"; }
bool is_operation(const fhir::ResourceType& type) { return type.name == "OperationDefinition"; }
bool is_compartment(const fhir::ResourceType& type) { return type.name == "CompartmentDefinition"; }

store::StoredResource to_resource(const fhir::ResourceType& type, std::string_view id,
                                  const fhir::Json& json) {
  store::StoredResource resource;
  resource.type = &type;
  resource.id = id;
  resource.version = 1;
  resource.updated_ms = fhir::parse_date(release_date, 0).value_or(fhir::DateInterval{}).low;
  resource.body = fhir::to_stored(json);
  return resource;
}

List to_list(const fhir::ResourceType& type, const std::vector<PublishedText>& texts,
             const fhir::IndexOptions& options) {
  List list;
  list.reserve(texts.size());
  for (const PublishedText& text : texts) {
    const auto document = fhir::parse_json(text.json);
    if (!document) continue;
    const fhir::Json& json = *document->root();
    list.push_back(std::make_shared<const Published>(to_resource(type, text.id, json),
                                                     fhir::index_resource(type, json, options)));
  }
  return list;
}

// HL7's do not depend on where this server is: made when they are first asked for, and kept.
const List& of_hl7(const fhir::ResourceType& type) {
  if (is_search_parameter(type)) {
    static const List parameters = to_list(type, search_parameters_of_hl7(), {});
    return parameters;
  }
  if (is_operation(type)) {
    static const List operations = to_list(type, operations_of_hl7(), {});
    return operations;
  }
  static const List compartments = to_list(type, compartments_of_hl7(), {});
  return compartments;
}

std::vector<PublishedText> own(const fhir::ResourceType& type, const Publisher& publisher) {
  if (is_search_parameter(type)) return own_search_parameters(publisher.base);
  return is_operation(type) ? own_operations(publisher) : std::vector<PublishedText>();
}

}  // namespace

bool has_published(const fhir::ResourceType& type) {
  return is_search_parameter(type) || is_operation(type) || is_compartment(type);
}

List all_published(const fhir::ResourceType& type, const Publisher& publisher) {
  const fhir::IndexOptions options{.own_bases = {std::string(publisher.base) + "/"}};
  List list = to_list(type, own(type, publisher), options);
  const List& standard = of_hl7(type);
  list.insert(list.end(), standard.begin(), standard.end());
  std::ranges::sort(list, {}, [](const auto& one) { return std::string_view(one->resource.id); });
  return list;
}

std::optional<store::StoredResource> find_published(const fhir::ResourceType& type,
                                                    std::string_view id,
                                                    const Publisher& publisher) {
  if (!has_published(type)) return std::nullopt;
  for (const PublishedText& text : own(type, publisher)) {
    if (text.id != id) continue;
    if (const auto document = fhir::parse_json(text.json)) {
      return to_resource(type, id, *document->root());
    }
  }
  for (const auto& one : of_hl7(type)) {
    if (one->resource.id == id) return one->resource;
  }
  return std::nullopt;
}

Result<store::StoredResource> or_published(Result<store::StoredResource> found,
                                           const fhir::ResourceType& type, std::string_view id,
                                           const Publisher& publisher) {
  if (found) return found;
  const ProblemKind kind = found.error().kind;
  if (kind != ProblemKind::not_found && kind != ProblemKind::gone) return found;
  auto published = find_published(type, id, publisher);
  return published ? Result<store::StoredResource>(std::move(*published)) : std::move(found);
}

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

}  // namespace lightbox::rest
