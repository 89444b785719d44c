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
  std::string_view name;
  std::string_view columns;
};
inline constexpr std::array<RowTableInfo, 6> row_tables = {{
    {"token_index", "itiiii"},
    {"string_index", "itiiti"},
    {"date_index", "iiiiiii"},
    {"number_index", "iiriiritti"},
    {"composite_index", "itiiiitrrrr"},
    {"uid_index", "bii"},
}};
// Of one row, all columns as parameters. OR REPLACE: rows that differ in nothing but what is
// outside the key; and for a table whose key is all of it, the cheapest.
constexpr std::string_view insert_sql(RowTable table) {
  constexpr std::array<std::string_view, 6> texts = {
      "INSERT OR REPLACE INTO token_index VALUES (?,?,?,?,?,?)",
      "INSERT OR REPLACE INTO string_index VALUES (?,?,?,?,?,?)",
      "INSERT OR REPLACE INTO date_index VALUES (?,?,?,?,?,?,?)",
      "INSERT OR REPLACE INTO number_index VALUES (?,?,?,?,?,?,?,?,?,?)",
      "INSERT OR REPLACE INTO composite_index VALUES (?,?,?,?,?,?,?,?,?,?,?)",
      "INSERT OR REPLACE INTO uid_index VALUES (?,?,?)",
  };
  return texts[static_cast<std::size_t>(table)];
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
  sink.integer(row.system);
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
