#pragma once

// The index tables' columns, in the order of the schema: what rows are written by, one at a time
// (rows.cc) or sorted (row_record.cc).

#include <array>
#include <string_view>

#include "store/rows.h"

namespace lightbox::store {

enum class RowTable : std::uint8_t { token, string, date, number, composite, uid };

// The kinds of a table's columns: integer, real, text, blob.
struct RowTableInfo {
  std::string_view insert_sql;
  std::string_view columns;
};
// OR REPLACE: rows that differ in nothing but what is outside the key.
inline constexpr std::array<RowTableInfo, 6> row_tables = {{
    {"INSERT OR REPLACE INTO token_index VALUES (?,?,?,?,?)", "itiii"},
    {"INSERT OR REPLACE INTO string_index VALUES (?,?,?,?,?,?)", "itiiti"},
    {"INSERT OR REPLACE INTO date_index VALUES (?,?,?,?,?,?,?)", "iiiiiii"},
    {"INSERT OR REPLACE INTO number_index VALUES (?,?,?,?,?,?,?,?,?,?)", "iiriiritti"},
    {"INSERT OR REPLACE INTO composite_index VALUES (?,?,?,?,?,?,?,?,?,?,?)", "itiiiitrrrr"},
    {"INSERT OR REPLACE INTO uid_index VALUES (?,?,?)", "bii"},
}};
constexpr std::string_view insert_sql(RowTable table) {
  return row_tables[static_cast<std::size_t>(table)].insert_sql;
}

constexpr RowTable table_of(const TokenRow*) { return RowTable::token; }
constexpr RowTable table_of(const StringRow*) { return RowTable::string; }
constexpr RowTable table_of(const DateRow*) { return RowTable::date; }
constexpr RowTable table_of(const NumberRow*) { return RowTable::number; }
constexpr RowTable table_of(const CompositeRow*) { return RowTable::composite; }
constexpr RowTable table_of(const UidRow*) { return RowTable::uid; }

// Calls integer, real, text or blob of the sink for each column.
template <typename Sink>
void give_columns(const TokenRow& row, RowPlace place, Sink& sink) {
  sink.integer(row.param);
  sink.text(row.value);
  sink.integer(place.ord);
  sink.integer(place.resource);
  sink.integer(row.edge);
}
template <typename Sink>
void give_columns(const StringRow& row, RowPlace place, Sink& sink) {
  sink.integer(row.param);
  sink.text(row.normalised);
  sink.integer(place.ord);
  sink.integer(place.resource);
  sink.text(row.exact);
  sink.integer(row.edge);
}
template <typename Sink>
void give_columns(const DateRow& row, RowPlace place, Sink& sink) {
  sink.integer(row.param);
  sink.integer(row.wide);
  sink.integer(row.low);
  sink.integer(place.ord);
  sink.integer(place.resource);
  sink.integer(row.high);
  sink.integer(row.edge);
}
template <typename Sink>
void give_columns(const NumberRow& row, RowPlace place, Sink& sink) {
  sink.integer(row.param);
  sink.integer(row.wide);
  sink.real(row.low);
  sink.integer(place.ord);
  sink.integer(place.resource);
  sink.real(row.high);
  sink.integer(row.system);
  sink.text(row.code);
  sink.text(row.unit);
  sink.integer(row.edge);
}
template <typename Sink>
void give_columns(const CompositeRow& row, RowPlace place, Sink& sink) {
  sink.integer(row.param);
  sink.text(row.first);
  sink.integer(place.ord);
  sink.integer(place.resource);
  sink.integer(row.first_system);
  sink.integer(row.second_system);
  sink.text(row.second);
  sink.real(row.low);
  sink.real(row.high);
  sink.real(row.low2);
  sink.real(row.high2);
}
template <typename Sink>
void give_columns(const UidRow& row, RowPlace place, Sink& sink) {
  sink.blob(row.uid);
  sink.integer(row.param);
  sink.integer(place.resource);
}

}  // namespace lightbox::store
