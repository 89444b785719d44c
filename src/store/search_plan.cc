#include "store/search_plan.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>

namespace lightbox::store {
namespace {

std::uint64_t fnv1a(std::string_view text, std::uint64_t hash = 14'695'981'039'346'656'037ULL) {
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211ULL;
  }
  return hash;
}

std::string_view label(const Predicate& predicate) {
  using Column = fhir::Criterion::Column;
  switch (predicate.criterion->column) {
    case Column::index:
      return predicate.criterion->parameter->code;
    case Column::id:
      return "_id";
    case Column::last_updated:
      return "_lastUpdated";
    case Column::filter:
      return "_filter";
    case Column::narrative:
      return "_text";
    case Column::content:
      return "_content";
    case Column::chain:
      break;
  }
  const fhir::Chain& chain = *predicate.criterion->chain;
  return chain.direction == fhir::Chain::Direction::reverse ? "_has"
                                                            : chain.arms[0].reference->code;
}

}  // namespace

bool Search::is_type_order(const fhir::SortKey& key) const {
  return key.column == fhir::SortKey::Column::index && key.steps.empty() &&
         key.parameter == type_.order;
}

SortValue Search::order_value(std::int64_t ord) {
  return ord == fhir::order_missing ? SortValue{} : SortValue{true, -ord};
}

bool Search::out_of_time(std::size_t step) const {
  return step % 64 == 63 && reader_->limit.passed();
}

void Search::tell(std::string_view what, std::size_t number) {
  if (query_.explain) told_ += fmt::format("{}: {}; ", what, number);
}

Result<void> Search::prepare() {
  // Whoever does not know what is in the Lists must not search, or update, all the rest instead.
  if (!query_.lists.empty()) {
    return problem(ProblemKind::invalid, "not-supported", "_list is not possible here");
  }
  hash_ = fnv1a(type_.name);
  for (const fhir::Criterion& criterion : query_.criteria) {
    TRY(Predicate predicate, make_predicate(criterion, type_, shared_.systems, database()));
    const std::string& name = criterion.origin.empty() ? predicate.name : criterion.origin;
    hash_ = fnv1a(name, fnv1a(predicate.negated ? "-" : "+", hash_));
    if (predicate.kind == Predicate::Kind::nothing) {
      impossible_ |= !predicate.negated;
    } else {
      predicates_.push_back(std::move(predicate));
    }
  }
  const auto& sort = query_.sort;
  for (const fhir::SortKey& key : sort) {
    hash_ = fnv1a(fmt::format("{}{}{}", key.descending ? "-" : "+", static_cast<int>(key.column),
                              key.parameter != nullptr ? key.parameter->code : ""),
                  hash_);
    for (const fhir::SortStep& step : key.steps) {
      hash_ = fnv1a(fmt::format("{}>{}", step.reference->code, step.type->name), hash_);
    }
  }
  if (!sort.empty() && is_type_order(sort[0])) {
    // A resource has one value at most for the parameter of its order; further keys only part ties.
    if (sort.size() == 1) {
      ordering_.mode = sort[0].descending ? Ordering::Mode::natural : Ordering::Mode::reversed;
    }
  }
  const bool keys = !sort.empty() && !(sort.size() == 1 && is_type_order(sort[0]));
  if (keys) {
    ordering_.mode = Ordering::Mode::keys;
    for (const fhir::SortKey& key : sort) ordering_.descending.push_back(key.descending);
    ordering_.ends_backward = is_type_order(sort.back()) && !sort.back().descending;
  }
  const bool looks_within = query_.contained != fhir::ContainedSearch::leave;
  if (looks_within) {
    hash_ = fnv1a(fmt::format("contained{}{}", static_cast<int>(query_.contained),
                              static_cast<int>(query_.contained_result)),
                  hash_);
  }
  if (looks_within && query_.cursor.find('.') != std::string::npos) {
    TRY_DO(read_contained_cursor());
  } else if (!query_.cursor.empty()) {
    TRY(after_, decode_cursor(query_.cursor, hash_, ordering_));
  }
  return {};
}

// A set may be of a later commit than the snapshot; then both are taken anew, together.
template <typename Once>
auto Search::untorn(Once once) -> decltype(once()) {
  for (;;) {
    told_.clear();
    is_torn_ = false;
    gathered_ = nullptr;
    made_.clear();
    own_sets_.clear();
    auto result = once();
    if (!result || !is_torn_) return result;
    TRY_DO(align());
  }
}

Result<SearchPage> Search::page() {
  const auto start = std::chrono::steady_clock::now();
  const bool looks_within = query_.contained != fhir::ContainedSearch::leave;
  auto page = untorn([&] { return looks_within ? page_with_contained() : page_once(); });
  if (page && query_.explain) {
    const auto time = std::chrono::steady_clock::now() - start;
    page->plan = fmt::format("Search plan: {}time: {} us", told_,
                             std::chrono::duration_cast<std::chrono::microseconds>(time).count());
  }
  return page;
}

Result<std::vector<Place>> Search::places() {
  TRY_DO(refuse_contained());
  if (impossible_) return std::vector<Place>();
  TRY(Found found, untorn([this] { return find(); }));
  return std::move(found.places);
}

// A contained resource has no place, and is not what a condition can be about.
Result<void> Search::refuse_contained() const {
  if (query_.contained == fhir::ContainedSearch::leave) return {};
  return problem(ProblemKind::invalid, "not-supported", "_contained is not possible here");
}

Result<std::uint64_t> Search::total() {
  TRY_DO(refuse_contained());
  if (impossible_) return std::uint64_t{0};
  return untorn([this] { return count(); });
}

Result<void> Search::align() {
  for (;;) {
    TRY_DO(reader_.refresh());
    const auto as_of = shared_.sets.bring_up(sets_, reader_.snapshot(), reader_->limit.deadline);
    if (as_of == reader_.snapshot()) return {};
    if (as_of == 0) sets_.clear();
    if (reader_->limit.passed()) return problem_of(SQLITE_INTERRUPT, "", 0);
    if (as_of == 0) return {};
  }
}

Result<SearchPage> Search::page_once() {
  SearchPage empty;
  if (impossible_) {
    empty.total = 0;
    return empty;
  }
  if (query_.count_only || query_.count == 0) {
    TRY(empty.total, count());
    return empty;
  }
  TRY(Found found, find());
  return to_page(std::move(found));
}

Result<Search::Found> Search::find() {
  return ordering_.mode == Ordering::Mode::keys ? find_sorted() : find_in_own_order();
}

Result<Search::Found> Search::find_in_own_order() {
  const bool one_token = predicates_.size() == 1 && predicates_[0].kind == Predicate::Kind::token;
  const bool needs_no_budget = predicates_.empty() || (one_token && !predicates_[0].negated);
  if (!needs_no_budget) {
    TRY(const auto keys, rare());
    if (keys) {
      TRY(const auto all, filters());
      return from_keys(*keys, all);
    }
  }
  if (needs_no_budget || !engine_.hard.has(hash_)) {
    TRY(auto all_filters, filters());
    if (!needs_no_budget) reader_->limit.ticks = engine_.tuning.scan_ticks;
    auto found = scan(std::move(all_filters), true);
    reader_->limit.ticks = INT64_MAX;
    const bool gave_up = !found && found.error().kind == ProblemKind::too_costly;
    if (!gave_up || reader_->limit.passed()) return found;
    engine_.hard.add(hash_);
  }
  TRY(const Set set, intersection(Dates::leave));
  return from_set(set, Dates::leave);
}

// The sets have met; what is left is to put the matches in order: by fetching the place of each, or
// by passing over the type's resources in order.
Result<Search::Found> Search::from_set(const Set& set, Dates dates) {
  std::vector<Filter> rest;
  for (const Predicate& predicate : predicates_) {
    if (dates == Dates::leave && predicate.kind == Predicate::Kind::order) {
      rest.push_back({&predicate, nullptr, false});
    }
  }
  if (set) {
    if (is_gathered(*set, engine_.tuning.passed_per_fetch)) {
      const auto keys = set->keys();
      return from_keys({keys.begin(), keys.end()}, rest);
    }
    rest.push_back({nullptr, set.get(), false});
    made_.push_back(set);
  }
  return scan(std::move(rest), false);
}

// Whether all matches are fetched rather than passing over the others until a page is full, when
// one that is fetched costs what `passed` others do.
bool Search::is_gathered(const KeySet& matches, std::uint64_t passed) const {
  const auto all =
      static_cast<std::uint64_t>(std::max<std::int64_t>(1, shared_.counts[type_.number]));
  const std::uint64_t found = std::max<std::uint64_t>(1, matches.size());
  return found <= engine_.tuning.gather_max &&
         found * passed <= std::min(all, all * (query_.count + 1) / found);
}

Result<Search::Found> Search::find_sorted() {
  if (!predicates_.empty()) {
    TRY(const auto keys, rare());
    if (keys) {
      TRY(const auto all, filters());
      return from_keys(*keys, all);
    }
  }
  TRY(const Set matches, intersection(Dates::include));
  const bool few = matches && is_gathered(*matches, engine_.tuning.passed_per_read);
  if (!few && can_sort_by_keys()) return sorted_by_keys(matches);
  if (few || query_.sort.size() != 1 || !sort_table(query_.sort[0])) {
    TRY(const Set set, matches ? Result<Set>(matches) : set_of_type(type_));
    const auto keys = set->keys();
    return from_keys({keys.begin(), keys.end()}, {});
  }
  if (!query_.sort[0].steps.empty()) return chain_sorted(matches);
  std::vector<Filter> members;
  if (matches) {
    made_.push_back(matches);
    members.push_back({nullptr, matches.get(), false});
  }
  return sorted_scan(std::move(members));
}

Result<std::uint64_t> Search::count() {
  if (predicates_.empty()) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, shared_.counts[type_.number]));
  }
  TRY(const auto keys, rare());
  if (keys) {
    TRY(const auto all, filters());
    const Sql sql = render_candidate(type_, all);
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < keys->size(); ++i) {
      Query query(database(), sql.text);
      query.bind((*keys)[i]);
      for (const Value& value : sql.values) query.bind_value(value);
      if (query.next()) ++number;
      if (!query.ok()) return query.problem();
    }
    return number;
  }
  TRY(const Set set, intersection(Dates::include));
  return set->size();
}

// Collected until there are too many; what is known to have many is not tried.
Result<std::optional<Search::Keys>> Search::collect_rare(const Predicate& predicate) {
  const std::uint64_t name = fnv1a(predicate.name);
  if (engine_.common.has(name)) return std::optional<Keys>();
  TRY(auto keys, collect_keys(database(), predicate.sources, engine_.tuning.rare_max));
  if (!keys) engine_.common.add(name);
  return keys;
}

Result<std::optional<Search::Keys>> Search::few_of_chain(const Predicate& predicate) {
  TRY(const Set set, set_of(predicate));
  if (set->size() > engine_.tuning.rare_max) return std::optional<Keys>();
  const auto keys = set->keys();
  return std::optional<Keys>(Keys(keys.begin(), keys.end()));
}

Result<std::optional<Search::Keys>> Search::rare() {
  // The most telling first: references and identifiers usually have few matches.
  const auto rank = [](const Predicate& predicate) {
    if (predicate.kind == Predicate::Kind::set) {
      return predicate.criterion->column == fhir::Criterion::Column::id ? 0 : 2;
    }
    if (predicate.kind == Predicate::Kind::token) {
      const auto type = predicate.criterion->parameter->type;
      const bool telling = type == fhir::SearchType::reference ||
                           predicate.criterion->parameter->code == "identifier";
      return telling ? 1 : 3;
    }
    return 4;
  };
  std::vector<const Predicate*> tried;
  for (const Predicate& predicate : predicates_) {
    // Probing every resource of a type for presence is a scan, not a lookup; and a scan in the
    // type's own order has the dates on its parameter as bounds.
    const bool bounds = predicate.kind == Predicate::Kind::order && !query_.count_only &&
                        ordering_.mode != Ordering::Mode::keys;
    const bool is_scan =
        predicate.kind == Predicate::Kind::present || predicate.kind == Predicate::Kind::filter;
    if (!predicate.negated && !is_scan && !bounds) {
      tried.push_back(&predicate);
    }
  }
  std::stable_sort(tried.begin(), tried.end(),
                   [&](const auto* a, const auto* b) { return rank(*a) < rank(*b); });
  for (const Predicate* predicate : tried) {
    TRY(auto keys, predicate->kind == Predicate::Kind::chain ? few_of_chain(*predicate)
                                                             : collect_rare(*predicate));
    if (!keys) continue;
    if (query_.explain) {
      tell(fmt::format("gathered by '{}'", label(*predicate)), keys->size());
    }
    gathered_ = predicate;
    return keys;
  }
  return std::optional<Keys>();
}

Result<std::vector<Filter>> Search::filters() {
  std::vector<Filter> out;
  for (const Predicate& predicate : predicates_) {
    if (&predicate == gathered_) continue;
    Filter filter{&predicate, nullptr, predicate.negated};
    if (!predicate.has_probe()) {
      TRY(const Set set, set_of(predicate));
      filter.set = set.get();  // sets_ or own_sets_ holds it
    }
    out.push_back(filter);
  }
  return out;
}

Result<Search::Set> Search::set_of(const Predicate& predicate) {
  auto set = find_set(predicate);
  if (set && query_.explain) {
    tell(fmt::format("set of {} for '{}'", predicate.type->name, label(predicate)), (*set)->size());
  }
  return set;
}

Result<Search::Set> Search::find_set(const Predicate& predicate) {
  if (predicate.kind == Predicate::Kind::filter) return set_of_filter(predicate);
  if (predicate.kind == Predicate::Kind::words) return set_of_words(predicate);
  if (predicate.kind == Predicate::Kind::chain) return set_of_chain(predicate);
  return cached_set(predicate.name, *predicate.type, predicate.sources,
                    [criterion = predicate.criterion](const ResourceChange& change) {
                      return matches(*criterion, change);
                    });
}

Result<Search::Set> Search::set_of_type(const fhir::ResourceType& type) {
  const Sql source = all_of_type(type);
  return cached_set(fmt::format("{}", type.number), type, {&source, 1},
                    [](const ResourceChange&) { return true; });
}

Result<Search::Set> Search::cached_set(const std::string& name, const fhir::ResourceType& type,
                                       std::span<const Sql> sources,
                                       std::function<bool(const ResourceChange&)> matches) {
  if (const auto found = sets_.find(name); found != sets_.end()) return Set(found->second);
  KeySetCache::Definition definition;
  definition.name = name;
  definition.type = &type;
  definition.deadline = reader_->limit.deadline;
  definition.matches = std::move(matches);
  definition.build = [this, sources](KeySet& set) -> Result<KeySetCache::Sequence> {
    const auto before = reader_.snapshot();
    TRY_DO(reader_.refresh());
    if (reader_.snapshot() != before) is_torn_ = true;
    TRY_DO(add_keys(database(), sources, 0, set));
    return reader_.snapshot();
  };
  TRY(KeySetCache::Current current, shared_.sets.get(definition));
  if (current.as_of != reader_.snapshot()) is_torn_ = true;
  sets_.emplace(name, current.set);
  return Set(std::move(current.set));
}

// nullptr: no predicate restricts anything.
Result<Search::Set> Search::intersection(Dates dates) {
  std::vector<Set> wanted;
  std::vector<Set> unwanted;
  for (const Predicate& predicate : predicates_) {
    if (dates == Dates::leave && predicate.kind == Predicate::Kind::order) continue;
    TRY(Set set, set_of(predicate));
    (predicate.negated ? unwanted : wanted).push_back(std::move(set));
  }
  if (wanted.empty() && unwanted.empty()) return Set();
  if (wanted.empty()) {
    TRY(Set all, set_of_type(type_));
    wanted.push_back(std::move(all));
  }
  if (wanted.size() == 1 && unwanted.empty()) return wanted[0];
  std::sort(wanted.begin(), wanted.end(),
            [](const Set& a, const Set& b) { return a->size() < b->size(); });
  auto both = std::make_shared<KeySet>(*wanted[0]);
  for (std::size_t i = 1; i < wanted.size(); ++i) both->intersect(*wanted[i]);
  for (const Set& set : unwanted) both->subtract(*set);
  tell("sets met in", both->size());
  return Set(both);
}

Result<Search::Found> Search::from_keys(const Keys& keys, std::span<const Filter> filters) {
  tell("sorted in memory, of candidates", keys.size());
  const Sql sql = render_candidate(type_, filters);
  const bool by_column =
      query_.sort.size() == 1 && query_.sort[0].column != fhir::SortKey::Column::index;
  Found found;
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (out_of_time(i)) return problem_of(SQLITE_INTERRUPT, "", 0);
    Place place;
    place.key = keys[i];
    {
      Query query(database(), sql.text);
      query.bind(place.key);
      for (const Value& value : sql.values) query.bind_value(value);
      if (!query.next()) {
        if (!query.ok()) return query.problem();
        continue;
      }
      place.ord = query.integer(0);
    }
    ++total;
    if (ordering_.mode == Ordering::Mode::keys) {
      TRY(const StoredResource resource, fetch(place.key, type_));
      fhir::IndexEntries entries;
      const bool needs_index =
          std::any_of(query_.sort.begin(), query_.sort.end(), [this](const fhir::SortKey& key) {
            return key.column == fhir::SortKey::Column::index && !is_type_order(key);
          });
      if (needs_index) {
        TRY(entries, index(resource));
      }
      for (const fhir::SortKey& key : query_.sort) {
        TRY(SortValue value, sort_value(key, resource, entries, place.ord));
        place.values.push_back(std::move(value));
      }
      if (by_column) place.ord = 0;  // as the column's index: ties by key alone
    }
    if (!after_ || ordering_.before(*after_, place)) found.places.push_back(std::move(place));
  }
  const auto before = [this](const Place& a, const Place& b) { return ordering_.before(a, b); };
  const std::size_t wanted = std::min(found.places.size(), query_.count + 1);
  std::partial_sort(found.places.begin(),
                    found.places.begin() + static_cast<std::ptrdiff_t>(wanted), found.places.end(),
                    before);
  found.places.resize(wanted);
  found.total = total;
  return found;
}

namespace {

template <typename Entries, typename Get>
SortValue edge_value(const Entries& entries, std::uint32_t parameter, bool descending, Get get) {
  const int wanted = descending ? fhir::edge_greatest : fhir::edge_least;
  for (const auto& entry : entries) {
    if (entry.parameter == parameter && (entry.edge & wanted) != 0) return {true, get(entry)};
  }
  return {};
}

}  // namespace

Result<SortValue> Search::sort_value(const fhir::SortKey& key, const StoredResource& resource,
                                     const fhir::IndexEntries& entries, std::int64_t ord) {
  using fhir::SearchType;
  if (key.column == fhir::SortKey::Column::id) return SortValue{true, resource.id};
  if (key.column == fhir::SortKey::Column::last_updated)
    return SortValue{true, resource.updated_ms};
  if (is_type_order(key)) {
    return order_value(ord);
  }
  if (!key.steps.empty()) return chained_value(key, 0, entries);
  return indexed_value(key, entries);
}

SortValue Search::indexed_value(const fhir::SortKey& key, const fhir::IndexEntries& entries) {
  using fhir::SearchType;
  const std::uint32_t parameter =
      fhir::index_parameter(key.parameter->number(), fhir::IndexVariant::value);
  const bool descending = key.descending;
  if (key.parameter->is_uid) {
    std::vector<std::string> uids;
    for (const auto& entry : entries.uids) {
      if (entry.parameter == parameter) uids.push_back(entry.uid);
    }
    if (uids.empty()) return SortValue{};
    const auto [least, greatest] = std::minmax_element(uids.begin(), uids.end());
    return SortValue{true, descending ? *greatest : *least};
  }
  switch (key.parameter->type) {
    case SearchType::string:
      return edge_value(entries.strings, parameter, descending,
                        [](const auto& entry) { return entry.normalised; });
    case SearchType::date:
      return edge_value(entries.dates, parameter, descending,
                        [](const auto& entry) { return entry.low; });
    case SearchType::number:
    case SearchType::quantity:
      return edge_value(entries.numbers, parameter, descending,
                        [](const auto& entry) { return entry.low; });
    case SearchType::token:
    case SearchType::reference:
    case SearchType::uri:
      return edge_value(entries.tokens, parameter, descending,
                        [](const auto& entry) { return entry.code; });
    case SearchType::composite:
    case SearchType::special:
      break;
  }
  return SortValue{};
}

}  // namespace lightbox::store
