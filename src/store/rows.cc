#include "store/rows.h"

#include <algorithm>
#include <fmt/format.h>

#include "store/full_text.h"
#include "store/row_columns.h"

namespace lightbox::store {
namespace {

template <typename Row>
void sort_unique(std::vector<Row>& rows) {
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
}

template <typename Row>
void keep_differences(std::vector<Row>& old_rows, std::vector<Row>& new_rows) {
  std::vector<Row> gone;
  std::vector<Row> added;
  std::set_difference(old_rows.begin(), old_rows.end(), new_rows.begin(), new_rows.end(),
                      std::back_inserter(gone));
  std::set_difference(new_rows.begin(), new_rows.end(), old_rows.begin(), old_rows.end(),
                      std::back_inserter(added));
  old_rows = std::move(gone);
  new_rows = std::move(added);
}

}  // namespace

std::string pack_uid(std::string_view uid) {
  const bool packable = !uid.empty() && uid.find_first_not_of("0123456789.") == std::string::npos;
  if (!packable) return std::string(1, '\0').append(uid);
  std::string packed;
  packed.reserve(uid.size() / 2 + 1);
  // '.' is 1, '0' is 2, … '9' is 11; 0 fills the last byte, so the first byte is never zero.
  const auto half = [](char c) { return c == '.' ? 1 : c - '0' + 2; };
  for (std::size_t i = 0; i < uid.size(); i += 2) {
    const int low = i + 1 < uid.size() ? half(uid[i + 1]) : 0;
    packed.push_back(static_cast<char>(half(uid[i]) << 4 | low));
  }
  return packed;
}

Result<IndexRows> make_rows(const fhir::IndexEntries& entries, CodeSystems& systems,
                            Database& writer) {
  IndexRows rows;
  for (const auto& entry : entries.tokens) {
    std::int64_t system = no_system_possible;
    if (entry.system) {
      TRY(system, systems.find_or_make(writer, *entry.system));
    }
    rows.tokens.push_back({entry.parameter, entry.code, system, entry.edge});
  }
  sort_unique(rows.tokens);
  for (const auto& entry : entries.strings) {
    rows.strings.push_back({entry.parameter, entry.normalised,
                            entry.exact == entry.normalised ? std::string() : entry.exact,
                            entry.edge});
  }
  sort_unique(rows.strings);
  for (const auto& entry : entries.dates) {
    rows.dates.push_back({entry.parameter, entry.high - entry.low > day_ms ? 1 : 0, entry.low,
                          entry.high, entry.edge});
  }
  sort_unique(rows.dates);
  for (const auto& entry : entries.numbers) {
    TRY(const std::int64_t system, systems.find_or_make(writer, entry.system));
    rows.numbers.push_back({entry.parameter, entry.low == entry.high ? 0 : 1, entry.low, entry.high,
                            system, entry.code, entry.unit, entry.edge});
  }
  sort_unique(rows.numbers);
  for (const auto& entry : entries.composites) {
    TRY(const std::int64_t first, systems.find_or_make(writer, entry.first_system));
    TRY(const std::int64_t second, systems.find_or_make(writer, entry.second_system));
    rows.composites.push_back({entry.parameter, entry.first, first, second, entry.second, entry.low,
                               entry.high, entry.low2, entry.high2});
  }
  sort_unique(rows.composites);
  for (const auto& entry : entries.uids) {
    rows.uids.push_back({pack_uid(entry.uid), entry.parameter});
  }
  sort_unique(rows.uids);
  rows.narrative = entries.narrative;
  rows.content = entries.content;
  return rows;
}

void keep_differences(IndexRows& old_rows, IndexRows& new_rows) {
  keep_differences(old_rows.tokens, new_rows.tokens);
  keep_differences(old_rows.strings, new_rows.strings);
  keep_differences(old_rows.dates, new_rows.dates);
  keep_differences(old_rows.numbers, new_rows.numbers);
  keep_differences(old_rows.composites, new_rows.composites);
  keep_differences(old_rows.uids, new_rows.uids);
  if (old_rows.narrative == new_rows.narrative && old_rows.content == new_rows.content) {
    for (IndexRows* rows : {&old_rows, &new_rows}) {
      rows->narrative.clear();
      rows->content.clear();
    }
  }
}

namespace {

// Runs one statement for each row.
template <typename Row, typename Bind>
Result<void> for_each_row(Database& writer, std::string_view sql, const std::vector<Row>& rows,
                          Bind bind) {
  if (rows.empty()) return {};
  Query query(writer, sql);
  for (const Row& row : rows) {
    bind(query, row);
    if (!query.run()) return query.problem();
  }
  return {};
}

// Binds columns in the order of the table.
class QuerySink {
 public:
  explicit QuerySink(Query& query) : query_(query) {}
  void integer(std::int64_t value) { query_.bind(value); }
  void real(double value) { query_.bind(value); }
  void text(std::string_view value) { query_.bind(value); }
  void blob(std::string_view value) { query_.bind_blob(value); }

 private:
  Query& query_;
};

template <typename Row>
Result<void> insert_all(Database& writer, const std::vector<Row>& rows, RowPlace place) {
  return for_each_row(writer, insert_sql(table_of(static_cast<const Row*>(nullptr))), rows,
                      [&](Query& query, const Row& row) {
                        QuerySink sink(query);
                        give_columns(row, place, sink);
                      });
}

}  // namespace

Result<void> insert_rows(Database& writer, const IndexRows& rows, RowPlace place) {
  TRY_DO(insert_all(writer, rows.tokens, place));
  TRY_DO(insert_all(writer, rows.strings, place));
  TRY_DO(insert_all(writer, rows.dates, place));
  TRY_DO(insert_all(writer, rows.numbers, place));
  TRY_DO(insert_all(writer, rows.composites, place));
  TRY_DO(insert_all(writer, rows.uids, place));
  return insert_text(writer, {rows.narrative, rows.content}, place.resource);
}

Result<void> delete_rows(Database& writer, const IndexRows& rows, RowPlace place) {
  const auto [ord, resource] = place;
  TRY_DO(delete_text(writer, {rows.narrative, rows.content}, resource));
  TRY_DO(for_each_row(writer,
                      "DELETE FROM token_index WHERE param=? AND value=? AND ord=? AND "
                      "resource=? AND system=?",
                      rows.tokens, [&](Query& query, const TokenRow& row) {
                        query.bind(row.param).bind(row.value).bind(ord).bind(resource);
                        query.bind(row.system);
                      }));
  TRY_DO(for_each_row(writer,
                      "DELETE FROM string_index WHERE param=? AND normalised=? AND ord=? AND "
                      "resource=? AND exact=?",
                      rows.strings, [&](Query& query, const StringRow& row) {
                        query.bind(row.param).bind(row.normalised).bind(ord).bind(resource);
                        query.bind(row.exact);
                      }));
  TRY_DO(for_each_row(writer,
                      "DELETE FROM date_index WHERE param=? AND wide=? AND low=? AND ord=? AND "
                      "resource=? AND high=?",
                      rows.dates, [&](Query& query, const DateRow& row) {
                        query.bind(row.param).bind(row.wide).bind(row.low).bind(ord);
                        query.bind(resource).bind(row.high);
                      }));
  TRY_DO(for_each_row(writer,
                      "DELETE FROM number_index WHERE param=? AND wide=? AND low=? AND ord=? AND "
                      "resource=? AND high=? AND system=? AND code=? AND unit=?",
                      rows.numbers, [&](Query& query, const NumberRow& row) {
                        query.bind(row.param).bind(row.wide).bind(row.low).bind(ord);
                        query.bind(resource).bind(row.high).bind(row.system).bind(row.code);
                        query.bind(row.unit);
                      }));
  TRY_DO(for_each_row(
      writer,
      "DELETE FROM composite_index WHERE param=? AND first=? AND ord=? AND resource=? AND "
      "first_system=? AND second_system=? AND second=? AND low=? AND high=? AND low2=? AND high2=?",
      rows.composites, [&](Query& query, const CompositeRow& row) {
        query.bind(row.param).bind(row.first).bind(ord).bind(resource).bind(row.first_system);
        query.bind(row.second_system).bind(row.second).bind(row.low).bind(row.high).bind(row.low2);
        query.bind(row.high2);
      }));
  return for_each_row(writer, "DELETE FROM uid_index WHERE uid=? AND param=? AND resource=?",
                      rows.uids, [&](Query& query, const UidRow& row) {
                        query.bind_blob(row.uid).bind(row.param).bind(resource);
                      });
}

}  // namespace lightbox::store
