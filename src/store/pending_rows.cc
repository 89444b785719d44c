#include "store/pending_rows.h"

#include <algorithm>
#include <iterator>
#include <tuple>

namespace lightbox::store {
namespace {

template <typename Row>
std::size_t move_rows(std::vector<Row>& rows, RowPlace place, std::vector<Placed<Row>>& to) {
  for (Row& row : rows) to.push_back({std::move(row), place});
  return rows.size() * sizeof(Placed<Row>);
}

// Each table's primary key begins with these.
auto sort_key(const TokenRow& row) { return std::tie(row.param, row.value); }
auto sort_key(const StringRow& row) { return std::tie(row.param, row.normalised); }
auto sort_key(const DateRow& row) { return std::tie(row.param, row.wide, row.low); }
auto sort_key(const NumberRow& row) { return std::tie(row.param, row.wide, row.low); }
auto sort_key(const CompositeRow& row) { return std::tie(row.param, row.first); }
auto sort_key(const UidRow& row) { return std::tie(row.uid, row.param); }

template <typename Row>
Result<void> write_sorted(Database& database, std::vector<Placed<Row>>& rows) {
  std::sort(rows.begin(), rows.end(), [](const Placed<Row>& left, const Placed<Row>& right) {
    const auto left_key = sort_key(left.row);
    const auto right_key = sort_key(right.row);
    if (left_key != right_key) return left_key < right_key;
    return std::tie(left.place.ord, left.place.resource) <
           std::tie(right.place.ord, right.place.resource);
  });
  auto written = insert_placed(database, std::span<const Placed<Row>>(rows));
  rows.clear();
  return written;
}

}  // namespace

void PendingRows::add(IndexRows rows, RowPlace place) {
  // What the strings hold beside their own bytes.
  for (const auto& row : rows.tokens)
    bytes_ += row.value.capacity() > 15 ? row.value.capacity() : 0;
  for (const auto& row : rows.strings) bytes_ += row.normalised.capacity() + row.exact.capacity();
  for (const auto& row : rows.uids) bytes_ += row.uid.capacity() > 15 ? row.uid.capacity() : 0;
  bytes_ += move_rows(rows.tokens, place, tokens_);
  bytes_ += move_rows(rows.strings, place, strings_);
  bytes_ += move_rows(rows.dates, place, dates_);
  bytes_ += move_rows(rows.numbers, place, numbers_);
  bytes_ += move_rows(rows.composites, place, composites_);
  bytes_ += move_rows(rows.uids, place, uids_);
}

Result<void> PendingRows::write(Database& database) {
  bytes_ = 0;
  TRY_DO(write_sorted(database, tokens_));
  TRY_DO(write_sorted(database, strings_));
  TRY_DO(write_sorted(database, dates_));
  TRY_DO(write_sorted(database, numbers_));
  TRY_DO(write_sorted(database, composites_));
  return write_sorted(database, uids_);
}

}  // namespace lightbox::store
