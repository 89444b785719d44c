#include "store/pending_rows.h"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

namespace lightbox::store {
namespace {

template <typename Row>
std::size_t move_rows(std::vector<Row>& rows, RowPlace place, std::vector<Placed<Row>>& to) {
  for (Row& row : rows) to.push_back({std::move(row), place});
  return rows.size() * sizeof(Placed<Row>);
}

// Each table's primary key begins with these.
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
  for (const auto& row : rows.strings) bytes_ += row.normalised.capacity() + row.exact.capacity();
  for (const auto& row : rows.uids) bytes_ += row.uid.capacity() > 15 ? row.uid.capacity() : 0;
  add_tokens(rows.tokens, place);
  bytes_ += move_rows(rows.strings, place, strings_);
  bytes_ += move_rows(rows.dates, place, dates_);
  bytes_ += move_rows(rows.numbers, place, numbers_);
  bytes_ += move_rows(rows.composites, place, composites_);
  bytes_ += move_rows(rows.uids, place, uids_);
}

Result<void> PendingRows::write(Database& database) {
  bytes_ = 0;
  TRY_DO(write_tokens(database));
  TRY_DO(write_sorted(database, strings_));
  TRY_DO(write_sorted(database, dates_));
  TRY_DO(write_sorted(database, numbers_));
  TRY_DO(write_sorted(database, composites_));
  return write_sorted(database, uids_);
}

void PendingRows::add_tokens(std::vector<TokenRow>& rows, RowPlace place) {
  constexpr std::size_t bytes_of_value = 160;  // a node of the map, and its vector's first block
  for (TokenRow& row : rows) {
    auto [value, is_new] = tokens_[row.param].try_emplace(std::move(row.value));
    value->second.push_back({place.ord, place.resource, row.edge});
    bytes_ += sizeof(TokenPlace) + (is_new ? bytes_of_value : 0);
  }
}

Result<void> PendingRows::write_tokens(Database& database) {
  const auto tokens = std::exchange(tokens_, {});
  Query query(database, insert_token_sql);
  for (const auto& [param, values] : tokens) {
    std::vector<TokenValues::const_pointer> sorted;
    sorted.reserve(values.size());
    for (const auto& value : values) sorted.push_back(&value);
    std::ranges::sort(sorted, {}, [](auto value) -> const std::string& { return value->first; });
    for (const auto* value : sorted) {
      auto places = value->second;
      std::ranges::sort(places);
      for (const auto& [ord, resource, edge] : places) {
        query.bind(param).bind(std::string_view(value->first)).bind(ord).bind(resource).bind(edge);
        if (!query.run()) return query.problem();
      }
    }
  }
  return {};
}

}  // namespace lightbox::store
