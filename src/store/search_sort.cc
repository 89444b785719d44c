// Sorting by several keys (R4, search.html#_sort). The index of the first key gives its values in
// order; those that are equal in it are a group, which is sorted by the keys after it: a small one
// by reading its resources, a great one by the index of the next key. So a page costs what it
// shows.

#include <algorithm>
#include <limits>
#include <utility>

#include "store/search_plan.h"

namespace lightbox::store {
namespace {

bool has_index(const fhir::SortKey& key) {
  if (!key.steps.empty()) return false;
  return key.column != fhir::SortKey::Column::index || !key.parameter->is_uid;
}

}  // namespace

bool Search::can_sort_by_keys() const {
  return query_.sort.size() > 1 && std::ranges::all_of(query_.sort, [this](const auto& key) {
           return has_index(key) && sort_table(key);
         });
}

bool Search::is_full(const Found& found) const { return found.places.size() > query_.count; }

Result<Search::Found> Search::sorted_by_keys(const Set& matches) {
  tell("indexes of the sort values in order, keys", query_.sort.size());
  Found found;
  TRY_DO(sort_group({{}, matches, after_ ? &*after_ : nullptr}, found));
  return found;
}

// Those of `group`, by the keys after those that its values are of.
Result<void> Search::sort_group(const Group& group, Found& found) {
  if (group.among && group.among->size() <= engine_.tuning.group_max) {
    const auto keys = group.among->keys();
    return take_few({keys.begin(), keys.end()}, found);
  }
  if (in_own_order(group)) return take_in_order(all_of(group), group, found);
  const fhir::SortKey& key = query_.sort[group.values.size()];
  const Place* after = group.after;
  if (after == nullptr || after->values[group.values.size()].has) {
    TRY_DO(sort_with_value(group, key, found));
    after = nullptr;
  }
  if (is_full(found) || key.column != fhir::SortKey::Column::index) return {};
  return sort_without_value({group.values, group.among, after}, key, found);
}

Result<void> Search::sort_with_value(const Group& group, const fhir::SortKey& key, Found& found) {
  SortScan scan = *sort_table(key);
  scan.limit = std::numeric_limits<std::int64_t>::max();
  if (group.among) scan.filters.push_back({nullptr, group.among.get(), false});
  const bool forward = scan.direction == Direction::forward;
  // From before the group of the last page's end; then from behind each great group.
  Place from;
  from.ord = from.key = forward ? INT64_MIN : INT64_MAX;
  if (group.after != nullptr) {
    from.values = {group.after->values[group.values.size()]};
    scan.after = &from;
  }
  for (;;) {
    Keys keys;
    SortValue value;
    {
      const Sql sql = render(scan);
      Query query(database(), sql);
      while (keys.size() <= engine_.tuning.group_max && query.next()) {
        SortValue next = value_of(query, scan.table);
        if (next != value) {
          TRY_DO(take_few(std::exchange(keys, {}), found));
          if (is_full(found)) return {};
        }
        value = std::move(next);
        keys.push_back(query.integer(1));
      }
      if (!query.ok()) return query.problem();
    }
    if (keys.size() <= engine_.tuning.group_max) return take_few(keys, found);
    const bool goes_on =
        group.after != nullptr && group.after->values[group.values.size()] == value;
    Group part{group.values, group.among, goes_on ? group.after : nullptr};
    part.values.push_back(value);
    TRY_DO(sort_great_group(part, scan, found));
    if (is_full(found) || is_torn_) return {};
    from.values = {value};
    from.ord = from.key = forward ? INT64_MAX : INT64_MIN;
    scan.after = &from;
  }
}

Result<void> Search::sort_great_group(const Group& group, const SortScan& scan, Found& found) {
  EqualScan equal{.of = scan, .value = group.values.back()};
  if (in_own_order(group) && has_own_order(scan.table)) return take_in_order(equal, group, found);
  equal.limit = std::numeric_limits<std::int64_t>::max();
  TRY(const Set set, collect(render(equal)));
  return sort_group({group.values, set, group.after}, found);
}

Result<void> Search::sort_without_value(Group group, const fhir::SortKey& key, Found& found) {
  Predicate present;
  present.kind = Predicate::Kind::present;
  present.mask = static_cast<std::int64_t>(std::uint64_t{1} << key.parameter->slot);
  OrdScan scan = all_of(group);
  scan.filters.push_back({&present, nullptr, true});
  group.values.emplace_back();
  if (in_own_order(group)) return take_in_order(scan, group, found);
  scan.limit = std::numeric_limits<std::int64_t>::max();
  TRY(const Set set, collect(render(scan)));
  return sort_group({group.values, set, group.after}, found);
}

OrdScan Search::all_of(const Group& group) const {
  OrdScan scan;
  scan.type = &type_;
  if (group.among) scan.filters.push_back({nullptr, group.among.get(), false});
  return scan;
}

// What is left to sort by is the type's own order, or nothing.
bool Search::in_own_order(const Group& group) const {
  const std::size_t done = group.values.size();
  return done == query_.sort.size() ||
         (done + 1 == query_.sort.size() && is_type_order(query_.sort.back()));
}

template <typename Scan>
Result<void> Search::take_in_order(Scan scan, const Group& group, Found& found) {
  const bool by_order = group.values.size() < query_.sort.size();
  const auto take = [&](const Scan& part) -> Result<void> {
    const Sql sql = render(part);
    Query query(database(), sql);
    while (query.next()) {
      Place place;
      place.ord = query.integer(0);
      place.key = query.integer(1);
      place.values = group.values;
      if (by_order) place.values.push_back(order_value(place.ord));
      found.places.push_back(std::move(place));
    }
    return query.ok() ? Result<void>() : query.problem();
  };
  const bool backward = by_order && !query_.sort.back().descending;
  for (Scan& part : parts_of(std::move(scan), group.after, backward)) {
    part.limit = query_.count + 1 - found.places.size();
    TRY_DO(take(part));
    if (is_full(found)) break;
  }
  return {};
}

// All that are equal in the keys so far; what comes before the page is left out.
Result<void> Search::take_few(const Keys& keys, Found& found) {
  if (keys.empty()) return {};
  TRY(Found few, from_keys(keys, {}));
  for (Place& place : few.places) {
    if (!is_full(found)) found.places.push_back(std::move(place));
  }
  return {};
}

Result<Search::Set> Search::collect(const Sql& sql) {
  auto set = std::make_shared<KeySet>();
  TRY_DO(add_keys(database(), {&sql, 1}, 1, *set));
  made_.push_back(set);
  return Set(set);
}

}  // namespace lightbox::store
