// _sort=patient.family: in the order of the values of what is referred to. The index of those
// values drives; for each resource of it, those that refer to it are one seek away.

#include <algorithm>
#include <fmt/format.h>
#include <limits>
#include <tuple>

#include "store/search_plan.h"

namespace lightbox::store {

// Resources that refer to `key`, over the first steps up to `step`.
Result<void> Search::add_referring_places(const fhir::SortKey& key, std::size_t step,
                                          std::int64_t referred, std::vector<OrdAndKey>& out) {
  const fhir::SortStep& over = key.steps[step];
  const std::string prefix = fmt::format("{}/", over.type->name);
  const std::size_t first = out.size();
  {
    Query query(database(),
                "SELECT t.ord, t.resource FROM resource r CROSS JOIN token_index t ON t.param=? "
                "AND t.value=?||r.id WHERE r.key=? AND r.method<2");
    query.bind(
        std::int64_t{fhir::index_parameter(over.reference->number(), fhir::IndexVariant::value)});
    query.bind(std::string_view(prefix)).bind(referred);
    while (query.next()) out.emplace_back(query.integer(0), query.integer(1));
    if (!query.ok()) return query.problem();
  }
  if (step == 0) return {};
  const std::vector<OrdAndKey> between(out.begin() + static_cast<std::ptrdiff_t>(first), out.end());
  out.resize(first);
  for (const OrdAndKey& each : between) {
    TRY_DO(add_referring_places(key, step - 1, each.second, out));
  }
  return {};
}

// Those in whose sort `value` stands, in order, as far as the page has room. One that refers to
// several resources has the least of their values, or the greatest when descending.
Result<void> Search::take_equals(const SortValue& value, std::vector<OrdAndKey>& equals,
                                 const KeySet* matches, Found& found) {
  const fhir::SortKey& key = query_.sort[0];
  std::sort(equals.begin(), equals.end());
  equals.erase(std::unique(equals.begin(), equals.end()), equals.end());
  if (key.descending) std::reverse(equals.begin(), equals.end());
  for (std::size_t i = 0; i < equals.size(); ++i) {
    if (out_of_time(i)) return problem_of(SQLITE_INTERRUPT, "", 0);
    if (found.places.size() > query_.count) break;
    Place place;
    std::tie(place.ord, place.key) = equals[i];
    place.values.push_back(value);
    if (matches != nullptr && !matches->contains(place.key)) continue;
    if (after_ && !ordering_.before(*after_, place)) continue;
    TRY(const StoredResource resource, fetch(place.key, type_));
    TRY(const fhir::IndexEntries entries, index(resource));
    TRY(const SortValue own, chained_value(key, 0, entries));
    if (own == value) found.places.push_back(std::move(place));
  }
  equals.clear();
  return {};
}

Result<Search::Found> Search::chain_sorted(const Set& matches) {
  const fhir::SortKey& key = query_.sort[0];
  tell("index of the other type's sort value in order, references", key.steps.size());
  SortScan scan = *sort_table(query_.sort[0]);
  scan.limit = std::numeric_limits<std::int64_t>::max();
  Found found;
  if (!after_ || after_->values[0].has) {
    Place from;
    if (after_) {
      from.values = after_->values;
      from.ord = from.key = key.descending ? INT64_MAX : INT64_MIN;
      scan.after = &from;
    }
    const Sql sql = render(scan);
    Query query(database(), sql);
    SortValue value;
    std::vector<OrdAndKey> equals;
    for (std::size_t i = 0; found.places.size() <= query_.count && query.next(); ++i) {
      if (out_of_time(i)) return problem_of(SQLITE_INTERRUPT, "", 0);
      SortValue next = value_of(query, scan.table);
      if (next != value) TRY_DO(take_equals(value, equals, matches.get(), found));
      value = std::move(next);
      TRY_DO(add_referring_places(key, key.steps.size() - 1, query.integer(1), equals));
    }
    if (!query.ok()) return query.problem();
    TRY_DO(take_equals(value, equals, matches.get(), found));
    if (found.places.size() > query_.count) return found;
  }
  scan.after = nullptr;
  TRY(const Set with_value, set_with_value(scan));
  made_.push_back(with_value);
  OrdScan rest;
  rest.type = &type_;
  rest.limit = query_.count + 1 - found.places.size();
  if (matches) rest.filters.push_back({nullptr, matches.get(), false});
  rest.filters.push_back({nullptr, with_value.get(), true});
  if (after_ && !after_->values[0].has) {
    rest.after_ord = after_->ord;
    rest.after_key = after_->key;
  }
  const std::size_t before = found.places.size();
  TRY_DO(scan_part(rest, found));
  for (std::size_t i = before; i < found.places.size(); ++i) found.places[i].values.emplace_back();
  return found;
}

// All that refer to a resource which `scan` gives.
Result<Search::Set> Search::set_with_value(const SortScan& scan) {
  auto set = std::make_shared<KeySet>();
  const Sql sql = render(scan);
  TRY_DO(add_keys(database(), {&sql, 1}, 1, *set));
  const auto& steps = query_.sort[0].steps;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    auto referring = std::make_shared<KeySet>();
    TRY_DO(
        add_referring(fhir::index_parameter(step->reference->number(), fhir::IndexVariant::value),
                      *step->type, *set, *referring));
    set = std::move(referring);
  }
  return Set(set);
}

Result<SortValue> Search::chained_value(const fhir::SortKey& key, std::size_t step,
                                        const fhir::IndexEntries& entries) {
  const fhir::SortStep& over = key.steps[step];
  const auto param = fhir::index_parameter(over.reference->number(), fhir::IndexVariant::value);
  const std::string prefix = fmt::format("{}/", over.type->name);
  SortValue best;
  for (const auto& entry : entries.tokens) {
    if (entry.parameter != param || !entry.code.starts_with(prefix)) continue;
    TRY(const auto referred, key_of(*over.type, entry.code.substr(prefix.size())));
    if (!referred) continue;
    TRY(const StoredResource resource, fetch(*referred, *over.type));
    TRY(const fhir::IndexEntries inner, index(resource));
    SortValue value;
    if (step + 1 < key.steps.size()) {
      TRY(value, chained_value(key, step + 1, inner));
    } else {
      value = indexed_value(key, inner);
    }
    if (!value.has) continue;
    if (!best.has || (value.value < best.value) != key.descending) best = std::move(value);
  }
  return best;
}

}  // namespace lightbox::store
