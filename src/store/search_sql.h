#pragma once

// The one place where searches become SQL. All statements have parameters in place of values, so
// that their texts repeat and the connections keep them prepared. Each scan gives (ord, key) of
// matches, and the sort value where there is one, in the order asked for, and stops after `limit`.

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "store/cursor.h"
#include "store/key_set.h"
#include "store/predicate.h"

namespace lightbox::store {

// One condition on a resource: a predicate's probe, or membership in a set.
struct Filter {
  const Predicate* predicate = nullptr;
  const KeySet* set = nullptr;  // instead of the probe
  bool negated = false;
};

// A closed range of `ord`.
struct OrdRange {
  std::int64_t first = INT64_MIN;
  std::int64_t last = INT64_MAX;
};

enum class Direction : std::uint8_t { forward, backward };

struct OrdScan {
  const fhir::ResourceType* type = nullptr;
  std::span<const TokenPair> driver;  // scans these index rows; none: the type's order index
  OrdRange range;
  // Also the long date values of this predicate (kind order) that begin before the range.
  const Predicate* wide = nullptr;
  LowRange wide_low;
  Direction direction = Direction::forward;
  std::int64_t after_ord = INT64_MIN;  // exclusive start; backward: INT64_MAX, INT64_MAX
  std::int64_t after_key = INT64_MIN;
  std::vector<Filter> filters;
  std::size_t limit = 0;
};
[[nodiscard]] Sql render(const OrdScan& scan);

// Drives the index of the value that is sorted by. Columns: ord, key, value.
struct SortScan {
  enum class Table : std::uint8_t { token, string, date, number, updated, id };
  Table table = Table::token;
  const fhir::ResourceType* type = nullptr;
  std::int64_t param = 0;
  Direction direction = Direction::forward;
  const Place* after = nullptr;  // nullptr: from the start
  std::vector<Filter> filters;
  std::size_t limit = 0;
};
[[nodiscard]] Sql render(const SortScan& scan);

// Of the rows that a SortScan gives, those of one value, in the order of (ord, key). Columns: ord,
// key.
struct EqualScan {
  const SortScan& of;
  SortValue value;
  OrdRange range = {};
  Direction direction = Direction::forward;
  std::int64_t after_ord = INT64_MIN;
  std::int64_t after_key = INT64_MIN;
  std::size_t limit = 0;
};
[[nodiscard]] Sql render(const EqualScan& scan);
// Whether the rows of one value are in that order already.
[[nodiscard]] bool has_own_order(SortScan::Table table);

// The parts of a scan (OrdScan, EqualScan) from behind `after`, which may be nullptr. Backward,
// those without the order parameter come last all the same, so they are a part of their own.
template <typename Scan>
[[nodiscard]] std::vector<Scan> parts_of(Scan scan, const Place* after, bool backward) {
  std::vector<Scan> parts;
  const bool is_last_part = after != nullptr && after->ord == fhir::order_missing;
  if (backward && !is_last_part) {
    Scan& first = parts.emplace_back(scan);
    first.direction = Direction::backward;
    first.range.last = std::min(first.range.last, fhir::order_missing - 1);
    first.after_ord = after != nullptr ? after->ord : INT64_MAX;
    first.after_key = after != nullptr ? after->key : INT64_MAX;
  }
  if (backward && scan.range.last < fhir::order_missing) return parts;  // a date is asked for
  if (backward) scan.range.first = fhir::order_missing;
  if (after != nullptr && (!backward || is_last_part)) {
    scan.after_ord = after->ord;
    scan.after_key = after->key;
  }
  parts.push_back(std::move(scan));
  return parts;
}

// Column ord of one live resource, when it satisfies the filters; the first parameter is its key.
[[nodiscard]] Sql render_candidate(const fhir::ResourceType& type, std::span<const Filter> filters);

}  // namespace lightbox::store
