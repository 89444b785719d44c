#pragma once

// One search while it runs: its predicates, the sets that it uses, and the choice between the plans
// of search_run.h. Used by one thread.

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "store/search_run.h"
#include "store/search_sql.h"

namespace lightbox::store {

class Search {
 public:
  Search(SearchEngine& engine, Shared& shared, ReaderPool::Lease& reader,
         const fhir::SearchQuery& query)
      : engine_(engine), shared_(shared), reader_(reader), query_(query), type_(*query.type) {}

  // Compiles the criteria; before anything else.
  Result<void> prepare();
  Result<SearchPage> page();

  // The parts of a page, for searches of several types: the places of its matches, one more when
  // there are more; how many matches there are; one match. The cursor of a place, and back.
  Result<std::vector<Place>> places();
  Result<std::uint64_t> total();
  Result<StoredResource> fetch(std::int64_t key) { return fetch(key, type_); }
  [[nodiscard]] std::string cursor_of(const Place& place) const {
    return encode_cursor(place, hash_);
  }
  Result<Place> place_of(std::string_view cursor) const {
    return decode_cursor(cursor, hash_, ordering_);
  }
  void start_after(Place place) { after_ = std::move(place); }

 private:
  struct Found {
    std::vector<Place> places;           // in order, up to one more than a page
    std::optional<std::uint64_t> total;  // when it was free
  };
  using Keys = std::vector<std::int64_t>;
  using Set = std::shared_ptr<const KeySet>;

  // search_plan.cc
  template <typename Once>
  auto untorn(Once once) -> decltype(once());
  Result<SearchPage> page_once();
  Result<Found> find();
  Result<Found> find_in_own_order();
  Result<Found> find_sorted();
  [[nodiscard]] bool is_gathered(const KeySet& matches, std::uint64_t passed) const;
  Result<std::uint64_t> count();
  // The keys that one rare predicate is satisfied by; nullopt when there is none.
  Result<std::optional<Keys>> rare();
  Result<std::optional<Keys>> collect_rare(const Predicate& predicate);
  Result<std::optional<Keys>> few_of_chain(const Predicate& predicate);
  Result<std::vector<Filter>> filters();
  Result<Set> set_of(const Predicate& predicate);
  Result<Set> find_set(const Predicate& predicate);
  Result<Set> set_of_type(const fhir::ResourceType& type);
  Result<Set> cached_set(const std::string& name, const fhir::ResourceType& type,
                         std::span<const Sql> sources,
                         std::function<bool(const ResourceChange&)> matches);
  // Sets and snapshot of one commit.
  Result<void> align();
  // Of all predicates, or all but the dates on the order parameter.
  enum class Dates : std::uint8_t { include, leave };
  Result<Set> intersection(Dates dates);
  Result<Found> from_keys(const Keys& keys, std::span<const Filter> filters);
  Result<Found> from_set(const Set& set, Dates dates);
  Result<SortValue> sort_value(const fhir::SortKey& key, const StoredResource& resource,
                               const fhir::IndexEntries& entries, std::int64_t ord);
  // Of a key's parameter, which is of the type that the entries are of.
  [[nodiscard]] bool is_type_order(const fhir::SortKey& key) const;
  static SortValue order_value(std::int64_t ord);
  static SortValue indexed_value(const fhir::SortKey& key, const fhir::IndexEntries& entries);

  // A resource with what lies in it, and one of these: search_contained.h.
  struct Container;
  struct Item;

  // search_filter.cc
  Result<Set> set_of_words(const Predicate& predicate);
  Result<Set> set_of_filter(const Predicate& predicate);
  Result<Set> evaluate(const FilterPredicate& filter);
  Result<Set> candidates(const FilterPredicate& filter);
  // Of its type: those that satisfy the predicate, its negation heeded.
  Result<Set> satisfying(const Predicate& predicate);
  Result<Set> without(const Set& unwanted, const fhir::ResourceType& type);
  Result<Set> in_one_item(const FilterPredicate& filter);
  // Whether the container, or a resource in it, has an item of the element that passes by itself.
  Result<bool> has_item(const FilterPredicate& filter, const Container& container, const Item& of);

  // search_chain.cc
  Result<Set> set_of_chain(const Predicate& predicate);
  // Adds those whose reference `param` is to one of `inner`, which are of `type`.
  Result<void> add_referring(std::int64_t param, const fhir::ResourceType& type,
                             const KeySet& inner, KeySet& found);
  // Adds those of `type` that one of `inner` refers to with `param`.
  Result<void> add_referenced(std::int64_t param, const fhir::ResourceType& inner_type,
                              const KeySet& inner, const fhir::ResourceType& type, KeySet& found);
  // The key of a live resource; nullopt: there is none.
  Result<std::optional<std::int64_t>> key_of(const fhir::ResourceType& type, std::string_view id);

  // search_contained.cc
  struct ContainedPlace {
    std::int64_t key = 0;  // of the container
    std::size_t item = 0;  // in its `contained`
  };
  // One page of a search with _contained=true or both: what stands on its own, then the rest.
  Result<SearchPage> page_with_contained();
  Result<void> add_contained(ContainedPlace from, SearchPage& page);
  Result<std::uint64_t> count_with_contained();
  // What holds one of `contained` that may satisfy all of the predicates.
  Result<Set> containers_of(const fhir::ResourceType& contained,
                            std::span<const Predicate* const> predicates);
  // Calls found(container, item, place) for each match from that place on until it is false.
  using FoundContained = std::function<bool(const Container&, const Item&, ContainedPlace)>;
  Result<void> walk_contained(ContainedPlace from, const FoundContained& found);
  // Whether the container comes anyway, as a match that stands on its own.
  Result<bool> is_match_itself(const Container& container);
  Result<Container> open_container(std::int64_t key);
  const fhir::IndexEntries& entries_of(const Container& container, const Item& item) const;
  Result<bool> item_satisfies(const Predicate& predicate, const Container& container,
                              const Item& item);
  Result<bool> item_passes(const FilterPredicate& filter, const Container& container,
                           const Item& item);
  Result<bool> item_refers(const ChainPredicate::Arm& arm, const Container& container,
                           const Item& item);
  Result<bool> is_item_referred_to(const ChainPredicate::Arm& arm, const Container& container,
                                   const Item& item);
  Result<bool> are_all_satisfied(const Container& container, const Item& item);
  // Adds those of `type` whose reference of the arm is to what they contain and satisfies it.
  Result<void> add_containing(const ChainPredicate::Arm& arm, const fhir::ResourceType& type,
                              KeySet& found);
  [[nodiscard]] std::string contained_cursor(ContainedPlace place) const;
  Result<void> read_contained_cursor();
  [[nodiscard]] Result<void> refuse_contained() const;

  // search_chain_sort.cc
  using OrdAndKey = std::pair<std::int64_t, std::int64_t>;
  Result<Found> chain_sorted(const Set& matches);
  Result<void> add_referring_places(const fhir::SortKey& key, std::size_t step,
                                    std::int64_t referred, std::vector<OrdAndKey>& out);
  Result<void> take_equals(const SortValue& value, std::vector<OrdAndKey>& equals,
                           const KeySet* matches, Found& found);
  Result<Set> set_with_value(const SortScan& scan);
  Result<SortValue> chained_value(const fhir::SortKey& key, std::size_t step,
                                  const fhir::IndexEntries& entries);

  // search_sort.cc
  struct Group {
    std::vector<SortValue> values;  // that its members are equal in, of the first keys
    Set among;                      // all of them and more; nullptr: of the type
    const Place* after = nullptr;   // where the page begins, when that is in the group
  };
  [[nodiscard]] bool can_sort_by_keys() const;
  Result<Found> sorted_by_keys(const Set& matches);
  Result<void> sort_group(const Group& group, Found& found);
  Result<void> sort_with_value(const Group& group, const fhir::SortKey& key, Found& found);
  Result<void> sort_without_value(Group group, const fhir::SortKey& key, Found& found);
  Result<void> sort_great_group(const Group& group, const SortScan& scan, Found& found);
  [[nodiscard]] OrdScan all_of(const Group& group) const;
  [[nodiscard]] bool in_own_order(const Group& group) const;
  template <typename Scan>
  Result<void> take_in_order(Scan scan, const Group& group, Found& found);
  Result<void> take_few(const Keys& keys, Found& found);
  Result<Set> collect(const Sql& sql);  // its second column
  [[nodiscard]] bool is_full(const Found& found) const;

  // search_run.cc
  Result<Found> scan(std::vector<Filter> filters, bool drive_tokens);
  Result<void> scan_part(const OrdScan& scan, Found& found);
  Result<void> set_window(OrdScan& scan);
  Result<Found> sorted_scan(std::vector<Filter> filters);
  // nullopt: no index is in the key's order.
  [[nodiscard]] std::optional<SortScan> sort_table(const fhir::SortKey& key) const;
  static SortValue value_of(const Query& row, SortScan::Table table);
  Result<StoredResource> fetch(std::int64_t key, const fhir::ResourceType& type);
  Result<fhir::IndexEntries> index(const StoredResource& resource) const;
  Result<SearchPage> to_page(Found found);

  // For _explain: what was done, in order.
  void tell(std::string_view what, std::size_t number);

  [[nodiscard]] bool out_of_time(std::size_t step) const;
  Database& database() const { return *reader_; }

  SearchEngine& engine_;
  Shared& shared_;
  ReaderPool::Lease& reader_;
  const fhir::SearchQuery& query_;
  const fhir::ResourceType& type_;
  std::vector<Predicate> predicates_;
  bool impossible_ = false;
  Ordering ordering_;
  std::optional<Place> after_;
  std::optional<ContainedPlace> contained_from_;  // the cursor is beyond what stands on its own
  std::uint64_t hash_ = 0;
  // Sets that were taken, by name; and those made of them that filters point to.
  std::unordered_map<std::string, Set> sets_;
  std::vector<Set> made_;
  std::unordered_map<std::string, Set> own_sets_;  // of one attempt at a page: kept nowhere else
  std::string told_;
  bool is_torn_ = false;                 // a set is of another commit than the snapshot
  const Predicate* gathered_ = nullptr;  // the predicate that rare() answered
};

}  // namespace lightbox::store
