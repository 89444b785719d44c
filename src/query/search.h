#pragma once

// A query at a level (PS3.4 C.4.1, PS3.18 10.6) as a value, and its search in the index: never in
// files. Studies come newest first, their series by number, the instances of these by number.
//
// Attributes that the index does not keep apart are compared where the query is bounded by an
// identifier; else it is refused, saying by what it can be.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "query/criterion.h"
#include "query/level.h"
#include "store/dicom_snapshot.h"

namespace lightbox::query {

struct Query {
  Level level = Level::study;  // study, series or instance
  // Of the resource; "" are all. Without them a query of series or instances is relational.
  std::string study_uid = {};
  std::string series_uid = {};
  std::vector<Criterion> criteria = {};  // date and time combined already, where they shall be
  std::uint64_t offset = 0;
  std::uint64_t limit = UINT64_MAX;
  // Whether to count what is behind the limit, or only to look whether there is more.
  enum class Rest : std::uint8_t { looked_for, counted };
  Rest rest = Rest::looked_for;
  // Whether matches have the metadata of their instances, which must be read for it.
  enum class Metadata : std::uint8_t { given, left_out };
  Metadata metadata = Metadata::given;
};

// What was found of a study, and with the query's level, of a series and an instance of it. Views
// live until the callback returns.
struct Match {
  const store::StudyAnswer* study = nullptr;
  const store::SeriesAnswer* series = nullptr;
  const store::InstanceAnswer* instance = nullptr;
  std::string_view metadata;           // of the instance
  std::uint64_t series_instances = 0;  // of the series
};

struct Found {
  std::uint64_t matches = 0;  // that were given
  std::uint64_t rest = 0;     // behind them: how many, or 1 when they are not counted
};

// Calls `each` with the matches, in order, until it returns false. `invalid`: the query must be
// bounded; too_costly: the snapshot's effort is spent.
Result<Found> search(store::DicomSnapshot& snapshot, const Query& query,
                     const std::function<bool(const Match&)>& each);

// Whether search() would refuse it, before anything is read.
Result<void> check_bounds(const Query& query);
// Takes from the query what it would be refused for; whether there was something.
bool drop_unsearchable(Query& query);

}  // namespace lightbox::query
