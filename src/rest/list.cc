#include "rest/list.h"

#include <fmt/format.h>

#include "fhir/index_values.h"
#include "fhir/json.h"
#include "fhir/resource.h"

namespace lightbox::rest {
namespace {

using References = std::vector<std::string>;  // "ImagingStudy/1"

// R4, list.html: an entry that is marked as deleted is not in the list any more.
Result<void> add_items(const Call& call, const store::StoredResource& list, References& items) {
  std::string text;
  store::append_resource(list, text);
  const Limits& limits = call.api.options().limits;
  TRY(const auto document, fhir::parse_json(text, limits));
  const fhir::IndexOptions options = call.search_options();
  fhir::for_each_item(*document.root(), "entry", [&](const fhir::Json& entry) {
    const fhir::Json* deleted = entry.find("deleted");
    if (deleted != nullptr && deleted->text == "true") return;
    const fhir::Json* item = entry.find("item");
    if (item == nullptr) return;
    const auto reference = fhir::comparable_reference(item->string("reference"), options);
    if (!reference.empty()) items.emplace_back(reference);
  });
  if (items.size() <= limits.list_items_max) return {};
  return problem(ProblemKind::invalid, "too-costly",
                 fmt::format("Search parameter '_list': there are more than {} items "
                             "(list_items_max)",
                             limits.list_items_max));
}

Result<References> items_of(const Call& call, const std::vector<std::string>& ids,
                            fhir::SearchQuery& first) {
  const fhir::ResourceType& type = *fhir::Definitions::r4().resource_type("List");
  References items;
  for (const std::string& id : ids) {
    const auto list = call.api.store().read(type, id);
    if (list) {
      TRY_DO(add_items(call, *list, items));
      continue;
    }
    const ProblemKind kind = list.error().kind;
    if (kind != ProblemKind::not_found && kind != ProblemKind::gone) return list.error();
    first.notes.push_back({Severity::warning,
                           list.error().issues.front().code,
                           fmt::format("Search parameter '_list': {}; nothing is in it",
                                       list.error().issues.front().diagnostics),
                           {}});
  }
  return items;
}

void add_criterion(const References& items, std::string origin, fhir::SearchQuery& query) {
  fhir::Criterion criterion;
  criterion.column = fhir::Criterion::Column::id;
  criterion.origin = std::move(origin);
  const std::string own = fmt::format("{}/", query.type->name);
  for (const std::string& item : items) {
    if (item.starts_with(own))
      criterion.any_of.emplace_back(fhir::IdValue{item.substr(own.size())});
  }
  // Nothing has the empty id.
  if (criterion.any_of.empty()) criterion.any_of.emplace_back(fhir::IdValue{});
  query.criteria.push_back(std::move(criterion));
}

}  // namespace

Result<void> add_list_criteria(const Call& call, std::vector<fhir::SearchQuery>& queries) {
  fhir::SearchQuery& first = queries.front();
  const auto lists = first.lists;
  for (fhir::SearchQuery& query : queries) query.lists.clear();
  for (const std::vector<std::string>& ids : lists) {
    TRY(const References items, items_of(call, ids, first));
    std::string origin = "_list=";
    for (const std::string& id : ids) origin.append(id).append(",");
    for (fhir::SearchQuery& query : queries) add_criterion(items, origin, query);
  }
  return {};
}

}  // namespace lightbox::rest
