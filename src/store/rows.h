#pragma once

// A resource's index entries as the rows of the index tables, and what an update changes in them.
// Rows are compared as values: an update writes only those that differ.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "fhir/index.h"
#include "store/code_systems.h"
#include "store/database.h"

namespace lightbox::store {

inline constexpr std::int64_t day_ms = 86'400'000;

// In place of a system's number, for what cannot have one: a code by itself, a reference.
inline constexpr std::int64_t no_system_possible = -1;

struct TokenRow {
  std::int64_t param = 0;
  std::string value;
  std::int64_t system = no_system_possible;
  std::int64_t edge = 0;
  auto operator<=>(const TokenRow&) const = default;
};
struct StringRow {
  std::int64_t param = 0;
  std::string normalised;
  std::string exact;  // empty: the same as normalised
  std::int64_t edge = 0;
  auto operator<=>(const StringRow&) const = default;
};
struct DateRow {
  std::int64_t param = 0;
  std::int64_t wide = 0;  // 1: longer than a day
  std::int64_t low = 0;
  std::int64_t high = 0;
  std::int64_t edge = 0;
  auto operator<=>(const DateRow&) const = default;
};
struct NumberRow {
  std::int64_t param = 0;
  std::int64_t wide = 0;  // 1: not a point
  double low = 0;
  double high = 0;
  std::int64_t system = 0;
  std::string code;
  std::string unit;
  std::int64_t edge = 0;
  auto operator<=>(const NumberRow&) const = default;
};
struct CompositeRow {
  std::int64_t param = 0;
  std::string first;
  std::int64_t first_system = 0;
  std::int64_t second_system = 0;
  std::string second;
  double low = 0, high = 0, low2 = 0, high2 = 0;
  auto operator<=>(const CompositeRow&) const = default;
};
struct UidRow {
  std::string uid;  // packed
  std::int64_t param = 0;
  auto operator<=>(const UidRow&) const = default;
};

// Each vector sorted, without duplicates.
struct IndexRows {
  std::vector<TokenRow> tokens;
  std::vector<StringRow> strings;
  std::vector<DateRow> dates;
  std::vector<NumberRow> numbers;
  std::vector<CompositeRow> composites;
  std::vector<UidRow> uids;
  std::string narrative;  // a row of full_text, when there is one or the other
  std::string content;
};

// A UID's digits and dots as half-bytes; what is not a UID behind a zero byte.
[[nodiscard]] std::string pack_uid(std::string_view uid);

// Makes numbers for new systems, in the writer's transaction.
Result<IndexRows> make_rows(const fhir::IndexEntries& entries, CodeSystems& systems,
                            Database& writer);

struct RowPlace {
  std::int64_t ord = 0;
  std::int64_t resource = 0;
};
Result<void> insert_rows(Database& writer, const IndexRows& rows, RowPlace place);
Result<void> delete_rows(Database& writer, const IndexRows& rows, RowPlace place);
// Takes from both what is in both: what is left in `old_rows` is to be deleted, in `new_rows` to be
// inserted.
void keep_differences(IndexRows& old_rows, IndexRows& new_rows);

}  // namespace lightbox::store
