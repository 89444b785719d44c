#include <algorithm>

#include "rest/published.h"
#include "store/predicate.h"

namespace lightbox::rest {
namespace {

using List = std::vector<std::shared_ptr<const Published>>;

// The place of a page that begins among what is published: behind it stands an id. Cursors of the
// store have no such beginning.
constexpr std::string_view cursor_head = "published.";

bool has_brackets(const fhir::FilterNode& node) {
  return node.kind == fhir::FilterNode::Kind::element ||
         std::ranges::any_of(node.nodes, has_brackets);
}

bool can_tell(const fhir::Criterion& criterion) {
  using Column = fhir::Criterion::Column;
  if (criterion.column == Column::filter) return !has_brackets(*criterion.filter);
  return criterion.column != Column::chain && criterion.column != Column::narrative &&
         criterion.column != Column::content;
}

bool satisfies(const fhir::SearchQuery& query, const Published& one) {
  const store::ResourceChange change{one.resource.type, 0, one.resource.id, one.resource.updated_ms,
                                     &one.entries};
  return std::ranges::all_of(query.criteria, [&](const fhir::Criterion& criterion) {
    fhir::FilterNode node;
    node.criterion = criterion;
    return store::satisfies(node, change);
  });
}

Result<std::uint64_t> stored_total(store::Store& store, fhir::SearchQuery query,
                                   store::Effort effort) {
  query.cursor.clear();
  query.count = 0;
  query.count_only = true;
  query.includes.clear();
  TRY(const auto page, store.search(query, effort));
  return page.total.value_or(0);
}

// In order; what a client has stored under the same id stands in for it.
Result<List> matching(store::Store& store, const fhir::SearchQuery& query,
                      const Publisher& publisher, store::Effort effort) {
  List list;
  if (!std::ranges::all_of(query.criteria, can_tell)) return list;
  fhir::SearchQuery any;
  any.type = query.type;
  TRY(const std::uint64_t stored, stored_total(store, any, effort));
  for (const auto& one : all_published(*query.type, publisher)) {
    if (!satisfies(query, *one)) continue;
    if (stored > 0 && store.read(*query.type, one->resource.id)) continue;
    list.push_back(one);
  }
  return list;
}

}  // namespace

Result<store::SearchPage> search_with_published(store::Store& store, const fhir::SearchQuery& query,
                                                const Publisher& publisher, store::Effort effort) {
  const bool is_among_published = query.cursor.starts_with(cursor_head);
  store::SearchPage page;
  if (!is_among_published) {
    TRY(page, store.search(query, effort));
    if (query.contained == fhir::ContainedSearch::only) return page;
  }
  const bool is_full = !page.next_cursor.empty();
  if (is_full && !page.total) return page;
  TRY(const List list, matching(store, query, publisher, effort));
  const bool wants_total = query.total != fhir::TotalMode::none || query.criteria.empty();
  if (is_among_published && wants_total) {
    TRY(page.total, stored_total(store, query, effort));
  }
  if (page.total) *page.total += list.size();
  if (is_full || query.count_only || query.count == 0) return page;
  const std::string_view from = is_among_published
                                    ? std::string_view(query.cursor).substr(cursor_head.size())
                                    : std::string_view();
  for (const auto& one : list) {
    if (one->resource.id < from) continue;
    if (page.matches.size() + page.contained.size() == query.count) {
      page.next_cursor = std::string(cursor_head) + one->resource.id;
      break;
    }
    page.matches.push_back(one->resource);
  }
  return page;
}

}  // namespace lightbox::rest
