#pragma once

// Store::search. Safe from any thread.
//
// Plans, cheapest first: a criterion with few matches is gathered, probed for the others and sorted
// in memory; otherwise the index rows are scanned in result order with probes for the rest, within
// a budget; and when the criteria hardly meet, their sets (key_set.h) are intersected.

#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <unordered_set>

#include "store/reader.h"
#include "store/store.h"

namespace lightbox::store {

// Where one plan gives way to the next. Tests set them to have each plan answer each query.
struct SearchTuning {
  std::size_t rare_max = 64;       // matches of a criterion that is gathered
  std::size_t gather_max = 2'000;  // matches of all criteria together that are gathered
  std::int64_t scan_ticks = 12;    // a scan's budget (WorkLimit): about 0.3 ms
  // What fetching the place of a match costs, in matches passed over by a scan in order.
  std::uint64_t passed_per_fetch = 6;
  std::uint64_t passed_per_read = 100;  // the same of reading all of it, for its sort values
  // More long date values than this are not merged into a scan; then it runs over everything.
  std::int64_t wide_max = 2'000;
  // Of those equal in a sort key so many are read to be sorted by the next.
  std::size_t group_max = 200;
};

class SearchEngine {
 public:
  SearchEngine(Shared& shared, ReaderPool& readers) : shared_(shared), readers_(readers) {}

  Result<SearchPage> search(const fhir::SearchQuery& query, Effort effort);
  // search_types.cc
  Result<SearchPage> search(std::span<const fhir::SearchQuery> queries, Effort effort);

  // What earlier searches found out, by hash of names: criteria with many matches, and combinations
  // for which a scan took too long. Only a hint: forgotten when there are too many.
  class Memory {
   public:
    [[nodiscard]] bool has(std::uint64_t hash);
    void add(std::uint64_t hash);

   private:
    std::mutex mutex_;
    std::unordered_set<std::uint64_t> hashes_;
  };
  Memory common;
  Memory hard;
  SearchTuning tuning;

 private:
  Result<ReaderPool::Lease> take_reader(Effort effort);
  Result<void> add_included(ReaderPool::Lease& reader, const fhir::SearchQuery& query,
                            SearchPage& page);

  Shared& shared_;
  ReaderPool& readers_;
};

}  // namespace lightbox::store
