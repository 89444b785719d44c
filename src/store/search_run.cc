#include "store/search_run.h"

#include <algorithm>

#include "fhir/json.h"
#include "fhir/resource.h"
#include "store/include.h"
#include "store/rows.h"
#include "store/search_plan.h"

namespace lightbox::store {
namespace {

constexpr std::size_t remembered_max = 50'000;

}  // namespace

bool SearchEngine::Memory::has(std::uint64_t hash) {
  const std::lock_guard lock(mutex_);
  return hashes_.contains(hash);
}

void SearchEngine::Memory::add(std::uint64_t hash) {
  const std::lock_guard lock(mutex_);
  if (hashes_.size() >= remembered_max) hashes_.clear();
  hashes_.insert(hash);
}

Result<ReaderPool::Lease> SearchEngine::take_reader(Effort effort) {
  TRY(ReaderPool::Lease reader, readers_.take());
  if (effort.time_us > 0) {
    reader->limit.deadline =
        std::chrono::steady_clock::now() + std::chrono::microseconds(effort.time_us);
  }
  return reader;
}

// From the snapshot that the matches are of.
Result<void> SearchEngine::add_included(ReaderPool::Lease& reader, const fhir::SearchQuery& query,
                                        SearchPage& page) {
  if (query.includes.empty() || page.matches.empty()) return {};
  TRY(Included included, find_included(reader, shared_, query.includes, page.matches));
  page.included = std::move(included.resources);
  page.included_is_cut = included.is_cut;
  return {};
}

Result<SearchPage> SearchEngine::search(const fhir::SearchQuery& query, Effort effort) {
  TRY(ReaderPool::Lease reader, take_reader(effort));
  Search search(*this, shared_, reader, query);
  TRY_DO(search.prepare());
  TRY(SearchPage page, search.page());
  TRY_DO(add_included(reader, query, page));
  return page;
}

// In the type's own order. Backward, those without the order parameter come in a second part.
Result<Search::Found> Search::scan(std::vector<Filter> filters, bool drive_tokens) {
  OrdScan scan;
  scan.type = &type_;
  if (drive_tokens) {
    // The token with the fewest values to merge drives, and is no longer a filter.
    auto driver = filters.end();
    for (auto it = filters.begin(); it != filters.end(); ++it) {
      const bool can = it->predicate != nullptr && it->set == nullptr && !it->negated &&
                       it->predicate->kind == Predicate::Kind::token;
      if (!can) continue;
      if (driver == filters.end() ||
          it->predicate->pairs.size() < driver->predicate->pairs.size()) {
        driver = it;
      }
    }
    if (driver != filters.end()) {
      scan.driver = driver->predicate->pairs;
      filters.erase(driver);
    }
  }
  tell(scan.driver.empty() ? "scan of all in order, filters"
                           : "scan in order of rows of a code or reference, filters",
       filters.size());
  scan.filters = std::move(filters);
  TRY_DO(set_window(scan));

  Found found;
  const bool reversed = ordering_.mode == Ordering::Mode::reversed;
  for (OrdScan& part : parts_of(std::move(scan), after_ ? &*after_ : nullptr, reversed)) {
    part.limit = query_.count + 1 - found.places.size();
    TRY_DO(scan_part(part, found));
    if (is_full(found)) break;
  }
  return found;
}

Result<void> Search::scan_part(const OrdScan& scan, Found& found) {
  const Sql sql = render(scan);
  Query query(database(), sql);
  while (query.next()) {
    Place place;
    place.ord = query.integer(0);
    place.key = query.integer(1);
    found.places.push_back(std::move(place));
  }
  if (!query.ok()) return query.problem();
  return {};
}

// A date on the order parameter bounds `ord`, which is the negated start of the value. Values of up
// to a day begin in a narrow range; longer ones may begin long before it and are few: they are
// merged in.
Result<void> Search::set_window(OrdScan& scan) {
  for (const Predicate& predicate : predicates_) {
    if (predicate.kind != Predicate::Kind::order) continue;
    LowRange narrow{INT64_MAX, INT64_MIN};
    LowRange wide = narrow;
    for (const fhir::SearchValue& value : predicate.criterion->any_of) {
      const auto& date = std::get<fhir::DateValue>(value);
      const LowRange n = narrow_range(date);
      const LowRange w = wide_range(date);
      narrow = {std::min(narrow.begin, n.begin), std::max(narrow.end, n.end)};
      wide = {std::min(wide.begin, w.begin), std::max(wide.end, w.end)};
    }
    bool merge = false;
    if (wide.begin < narrow.begin) {
      Query query(database(),
                  "SELECT count(*) FROM (SELECT 1 FROM date_index WHERE param=? AND wide=1 AND "
                  "low>=? AND low<? LIMIT ?)");
      query.bind(std::int64_t{fhir::index_parameter(predicate.criterion->parameter->number(),
                                                    fhir::IndexVariant::value)});
      query.bind(wide.begin).bind(narrow.begin).bind(engine_.tuning.wide_max + 1);
      if (!query.next()) return query.problem();
      const std::int64_t count = query.integer(0);
      // One scan can merge the long values of one predicate; with two the window opens instead.
      merge = count > 0 && count <= engine_.tuning.wide_max && scan.wide == nullptr;
      if (count > 0 && !merge) narrow.begin = wide.begin;
    }
    // Narrowing to this window would lose what another predicate's merge brings in from outside its
    // own; each merged row is probed for all other predicates, so that is right.
    if (merge) {
      scan.wide = &predicate;
      scan.wide_low = {wide.begin, narrow.begin};
    }
    const std::int64_t last = narrow.begin == INT64_MIN ? fhir::order_missing - 1 : -narrow.begin;
    scan.range.last = std::min(scan.range.last, last);
    scan.range.first = std::max(scan.range.first, 1 - narrow.end);
  }
  return {};
}

std::optional<SortScan> Search::sort_table(const fhir::SortKey& key) const {
  using fhir::SearchType;
  SortScan scan;
  scan.type = key.steps.empty() ? &type_ : key.steps.back().type;
  scan.direction = key.descending ? Direction::backward : Direction::forward;
  scan.limit = query_.count + 1;
  if (key.column == fhir::SortKey::Column::id) {
    scan.table = SortScan::Table::id;
    return scan;
  }
  if (key.column == fhir::SortKey::Column::last_updated) {
    scan.table = SortScan::Table::updated;
    return scan;
  }
  scan.param = fhir::index_parameter(key.parameter->number(), fhir::IndexVariant::value);
  if (key.parameter->is_uid) return std::nullopt;
  switch (key.parameter->type) {
    case SearchType::string:
      scan.table = SortScan::Table::string;
      return scan;
    case SearchType::date:
      scan.table = SortScan::Table::date;
      return scan;
    case SearchType::number:
    case SearchType::quantity:
      scan.table = SortScan::Table::number;
      return scan;
    case SearchType::token:
    case SearchType::reference:
    case SearchType::uri:
      scan.table = SortScan::Table::token;
      return scan;
    case SearchType::composite:
    case SearchType::special:
      return std::nullopt;
  }
  return std::nullopt;
}

SortValue Search::value_of(const Query& row, SortScan::Table table) {
  switch (table) {
    case SortScan::Table::token:
    case SortScan::Table::string:
    case SortScan::Table::id:
      return {true, std::string(row.text(2))};
    case SortScan::Table::date:
    case SortScan::Table::updated:
      return {true, row.integer(2)};
    case SortScan::Table::number:
      return {true, row.real(2)};
  }
  return {};
}

// First those with a value, in the order of its index; then the others, in the type's order.
Result<Search::Found> Search::sorted_scan(std::vector<Filter> filters) {
  tell("index of the sort value in order, filters", filters.size());
  SortScan scan = *sort_table(query_.sort[0]);
  Found found;
  const fhir::SortKey& key = query_.sort[0];
  const bool in_second_part = after_ && !after_->values[0].has;
  if (!in_second_part) {
    scan.after = after_ ? &*after_ : nullptr;
    scan.filters = filters;
    const Sql sql = render(scan);
    Query query(database(), sql);
    while (query.next()) {
      Place place;
      place.ord = key.column == fhir::SortKey::Column::index ? query.integer(0) : 0;
      place.key = query.integer(1);
      place.values.push_back(value_of(query, scan.table));
      found.places.push_back(std::move(place));
    }
    if (!query.ok()) return query.problem();
    if (found.places.size() == scan.limit) return found;
  }
  if (key.column != fhir::SortKey::Column::index) return found;
  Predicate present;
  present.kind = Predicate::Kind::present;
  present.mask = static_cast<std::int64_t>(std::uint64_t{1} << key.parameter->slot);
  OrdScan rest;
  rest.type = &type_;
  rest.limit = scan.limit - found.places.size();
  rest.filters = std::move(filters);
  rest.filters.push_back({&present, nullptr, true});
  if (in_second_part) {
    rest.after_ord = after_->ord;
    rest.after_key = after_->key;
  }
  const std::size_t with_value = found.places.size();
  TRY_DO(scan_part(rest, found));
  for (std::size_t i = with_value; i < found.places.size(); ++i) {
    found.places[i].values.emplace_back();
  }
  return found;
}

Result<StoredResource> Search::fetch(std::int64_t key, const fhir::ResourceType& type) {
  Query query(database(), "SELECT id, version, updated, method, body FROM resource WHERE key=?");
  query.bind(key);
  if (!query.next()) return query.ok() ? damaged(type, "?") : query.problem();
  return version_of(query, 1, type, query.text(0));
}

Result<fhir::IndexEntries> Search::index(const StoredResource& resource) const {
  std::string text;
  append_resource(resource, text);
  TRY(const fhir::JsonDocument document, fhir::parse_json(text));
  return fhir::index_resource(*resource.type, *document.root(), shared_.options.index);
}

Result<SearchPage> Search::to_page(Found found) {
  SearchPage page;
  const bool more = found.places.size() > query_.count;
  if (more) {
    found.places.resize(query_.count);
    page.next_cursor = encode_cursor(found.places.back(), hash_);
  }
  page.matches.reserve(found.places.size());
  for (std::size_t i = 0; i < found.places.size(); ++i) {
    if (out_of_time(i)) return problem_of(SQLITE_INTERRUPT, "", 0);
    TRY(StoredResource resource, fetch(found.places[i].key, type_));
    page.matches.push_back(std::move(resource));
  }
  if (!after_ && !more) {
    page.total = page.matches.size();
  } else if (found.total) {
    page.total = found.total;
  } else if (predicates_.empty() || query_.total != fhir::TotalMode::none) {
    gathered_ = nullptr;
    TRY(page.total, count());
  }
  return page;
}

}  // namespace lightbox::store
