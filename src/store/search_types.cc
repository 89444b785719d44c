// A page of several types: in the order of the types, each in its own, or merged by _id or
// _lastUpdated. The cursor is "Type.", where the page begins at that type, or "Type." and a place
// in the results of that type; what other types have before it, follows from it.

#include <algorithm>
#include <fmt/format.h>
#include <memory>

#include "store/include.h"
#include "store/search_plan.h"

namespace lightbox::store {
namespace {

using Queries = std::span<const fhir::SearchQuery>;

struct TypeCursor {
  std::size_t index = 0;  // of the type's query
  std::string place;      // empty: its beginning
};

Result<TypeCursor> split_cursor(std::string_view text, Queries queries) {
  if (text.empty()) return TypeCursor{};
  const auto dot = text.find('.');
  const std::string_view name = text.substr(0, dot);
  for (std::size_t i = 0; i < queries.size() && dot != std::string_view::npos; ++i) {
    if (queries[i].type->name == name) return TypeCursor{i, std::string(text.substr(dot + 1))};
  }
  return problem(ProblemKind::invalid, "value",
                 "_cursor is not one of this search: start again from its first page");
}

// A query of one type, for a part of the page.
struct Part {
  fhir::SearchQuery query;
  std::unique_ptr<Search> search;
  std::size_t index = 0;
  std::vector<Place> places;
  std::size_t taken = 0;

  [[nodiscard]] bool has_more() const { return taken < places.size(); }
  [[nodiscard]] const Place& front() const { return places[taken]; }
};

class TypesSearch {
 public:
  TypesSearch(SearchEngine& engine, Shared& shared, ReaderPool::Lease& reader, Queries queries)
      : engine_(engine), shared_(shared), reader_(reader), queries_(queries) {}

  Result<SearchPage> run() && {
    SearchPage page;
    const fhir::SearchQuery& first = queries_.front();
    if (first.count_only || first.count == 0) {
      TRY(page.total, count());
      return page;
    }
    TRY(const TypeCursor cursor, split_cursor(first.cursor, queries_));
    if (first.sort.empty()) {
      TRY_DO(in_sequence(cursor, page));
    } else {
      TRY_DO(merged(cursor, page));
    }
    const bool is_all = first.cursor.empty() && page.next_cursor.empty();
    const bool is_free = std::ranges::all_of(
        queries_, [](const fhir::SearchQuery& query) { return query.criteria.empty(); });
    if (is_all) {
      page.total = page.matches.size();
    } else if (is_free || first.total != fhir::TotalMode::none) {
      TRY(page.total, count());
    }
    return page;
  }

 private:
  // Most servers have few of the types.
  [[nodiscard]] bool is_empty(const fhir::SearchQuery& query) const {
    return shared_.counts[query.type->number] == 0;
  }

  Result<std::unique_ptr<Part>> part(std::size_t index) {
    auto made = std::make_unique<Part>();
    made->index = index;
    made->query = queries_[index];
    made->query.cursor.clear();
    made->search = std::make_unique<Search>(engine_, shared_, reader_, made->query);
    TRY_DO(made->search->prepare());
    return made;
  }

  Result<std::uint64_t> count() {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < queries_.size(); ++i) {
      if (is_empty(queries_[i])) continue;
      TRY(const auto of_type, part(i));
      TRY(const std::uint64_t number, of_type->search->total());
      sum += number;
    }
    return sum;
  }

  Result<void> in_sequence(const TypeCursor& cursor, SearchPage& page) {
    const std::size_t wanted = queries_.front().count;
    for (std::size_t i = cursor.index; i < queries_.size(); ++i) {
      if (is_empty(queries_[i])) continue;
      fhir::SearchQuery query = queries_[i];
      query.cursor = i == cursor.index ? cursor.place : "";
      query.total = fhir::TotalMode::none;
      // When the page is full, whether there is a next one is all that is asked.
      const bool is_full = page.matches.size() == wanted;
      query.count = is_full ? 1 : wanted - page.matches.size();
      Search search(engine_, shared_, reader_, query);
      TRY_DO(search.prepare());
      TRY(SearchPage part, search.page());
      if (is_full && part.matches.empty()) continue;
      if (is_full) {
        page.next_cursor = fmt::format("{}.", query.type->name);
        return {};
      }
      for (StoredResource& match : part.matches) page.matches.push_back(std::move(match));
      if (part.next_cursor.empty()) continue;
      page.next_cursor = fmt::format("{}.{}", query.type->name, part.next_cursor);
      return {};
    }
    return {};
  }

  Result<void> merged(const TypeCursor& cursor, SearchPage& page) {
    std::optional<Place> after;
    if (!queries_.front().cursor.empty()) {
      TRY(const auto last, part(cursor.index));
      TRY(after, last->search->place_of(cursor.place));
    }
    std::vector<std::unique_ptr<Part>> parts;
    for (std::size_t i = 0; i < queries_.size(); ++i) {
      if (is_empty(queries_[i])) continue;
      TRY(auto one, part(i));
      if (after) one->search->start_after(beside(*after, i, cursor.index));
      TRY(one->places, one->search->places());
      parts.push_back(std::move(one));
    }
    Part* last = nullptr;
    while (page.matches.size() < queries_.front().count) {
      Part* next = first_of(parts);
      if (next == nullptr) return {};
      TRY(StoredResource match, next->search->fetch(next->front().key));
      page.matches.push_back(std::move(match));
      ++next->taken;
      last = next;
    }
    if (last == nullptr || first_of(parts) == nullptr) return {};
    page.next_cursor = fmt::format("{}.{}", last->query.type->name,
                                   last->search->cursor_of(last->places[last->taken - 1]));
    return {};
  }

  [[nodiscard]] bool is_descending() const { return queries_.front().sort[0].descending; }

  // Equal values come by type. So of the types before the last one all of them have been given, of
  // those after it none.
  [[nodiscard]] Place beside(const Place& last, std::size_t index, std::size_t of_last) const {
    if (index == of_last) return last;
    Place place = last;
    const bool all_given = index < of_last;
    place.key = all_given != is_descending() ? INT64_MAX : INT64_MIN;
    return place;
  }

  [[nodiscard]] Part* first_of(const std::vector<std::unique_ptr<Part>>& parts) const {
    Part* first = nullptr;
    for (const auto& one : parts) {
      if (!one->has_more()) continue;
      if (first == nullptr || before(one->front(), first->front())) first = one.get();
    }
    return first;
  }
  // By value alone: of equal ones the first type's stays first.
  [[nodiscard]] bool before(const Place& a, const Place& b) const {
    return is_descending() ? b.values[0].value < a.values[0].value
                           : a.values[0].value < b.values[0].value;
  }

  SearchEngine& engine_;
  Shared& shared_;
  ReaderPool::Lease& reader_;
  Queries queries_;
};

}  // namespace

Result<SearchPage> SearchEngine::search(Queries queries, Effort effort) {
  TRY(ReaderPool::Lease reader, take_reader(effort));
  TRY(SearchPage page, TypesSearch(*this, shared_, reader, queries).run());
  TRY_DO(add_included(reader, queries.front(), page));
  return page;
}

}  // namespace lightbox::store
