#include "store/row_record.h"

#include <bit>
#include <cstring>
#include <fmt/format.h>
#include <optional>

#include "store/row_columns.h"

namespace lightbox::store {
namespace {

constexpr std::uint64_t sign = std::uint64_t{1} << 63U;
// A zero byte within a text is followed by the first, one at its end by the second.
constexpr char zero_within = '\xFF';
constexpr char zero_at_end = '\x01';

std::uint64_t to_bits(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  return (bits & sign) != 0 ? ~bits : bits | sign;
}

double from_bits(std::uint64_t bits) {
  return std::bit_cast<double>((bits & sign) != 0 ? bits & ~sign : ~bits);
}

// Columns as bytes that compare as the columns do.
class RecordSink {
 public:
  explicit RecordSink(std::string& out) : out_(out) {}
  void integer(std::int64_t value) { bits(static_cast<std::uint64_t>(value) ^ sign); }
  void real(double value) { bits(to_bits(value)); }
  void text(std::string_view value) {
    for (std::size_t zero = 0; (zero = value.find('\0')) != std::string_view::npos;) {
      out_.append(value.substr(0, zero + 1));
      out_ += zero_within;
      value.remove_prefix(zero + 1);
    }
    out_.append(value);
    out_ += '\0';
    out_ += zero_at_end;
  }
  void blob(std::string_view value) { text(value); }

 private:
  void bits(std::uint64_t value) {
    value = __builtin_bswap64(value);
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  std::string& out_;
};

template <typename Row>
Result<void> add_all(const std::vector<Row>& rows, RowPlace place, RowSorter& sorter) {
  std::string record;
  for (const Row& row : rows) {
    record.assign(1, static_cast<char>(table_of(&row)));
    RecordSink sink(record);
    give_columns(row, place, sink);
    TRY_DO(sorter.add(record));
  }
  return {};
}

// The records of one table after another, as the one virtual table of a connection.
class RecordTable {
 public:
  RecordTable(RowSorter::Sorted& sorted, double all, const std::function<void(double)>& progress)
      : sorted_(sorted), progress_(progress), all_(all) {}

  // To the next record; it is not of the present table when at_end().
  Result<void> advance() {
    TRY(const auto record, sorted_.next());
    if (progress_ && ++given_ % 16'384 == 0) progress_(static_cast<double>(given_) / all_);
    is_last_ = !record;
    if (is_last_) return {};
    rest_ = record->substr(1);
    table_ = static_cast<unsigned char>((*record)[0]);
    column_ = 0;
    return {};
  }
  [[nodiscard]] bool is_done() const { return is_last_; }
  [[nodiscard]] std::size_t table() const { return table_; }
  // From now on the rows of the present record's table are given.
  void begin_table() { given_table_ = table_; }
  [[nodiscard]] bool at_end() const { return is_last_ || table_ != given_table_; }

  // SQLite asks for the columns in their order.
  void give_column(int column, sqlite3_context* context) {
    if (column != column_++) {
      return sqlite3_result_error(context, "index columns are read in order", -1);
    }
    switch (row_tables[table_].columns[static_cast<std::size_t>(column)]) {
      case 'i':
        return sqlite3_result_int64(context, static_cast<std::int64_t>(bits() ^ sign));
      case 'r':
        return sqlite3_result_double(context, from_bits(bits()));
      case 't': {
        const auto text = take_text();
        return sqlite3_result_text64(context, text.data(), text.size(), lifetime(text),
                                     SQLITE_UTF8);
      }
      default: {
        const auto blob = take_text();
        return sqlite3_result_blob64(context, blob.data(), blob.size(), lifetime(blob));
      }
    }
  }

  std::optional<Problem> failure;  // of the sorter, while a statement ran

 private:
  std::uint64_t bits() {
    std::uint64_t value = 0;
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_.remove_prefix(sizeof value);
    return __builtin_bswap64(value);
  }
  // As it stands in the record when it holds no zero byte, else put together.
  std::string_view take_text() {
    text_.clear();
    for (;;) {
      const std::size_t zero = rest_.find('\0');
      const std::string_view part = rest_.substr(0, zero);
      const bool is_end = rest_[zero + 1] == zero_at_end;
      rest_.remove_prefix(zero + 2);
      if (is_end && text_.empty()) return part;
      text_.append(part);
      if (is_end) return text_;
      text_ += '\0';
    }
  }

  // What stands in the record stays there until the row is written.
  [[nodiscard]] sqlite3_destructor_type lifetime(std::string_view text) const {
    return text.data() == text_.data() ? SQLITE_TRANSIENT : SQLITE_STATIC;
  }

  RowSorter::Sorted& sorted_;
  const std::function<void(double)>& progress_;
  double all_;
  std::uint64_t given_ = 0;
  bool is_last_ = false;
  std::size_t table_ = 0;
  std::size_t given_table_ = 0;
  std::string_view rest_;  // of the present record
  int column_ = 0;         // the next one
  std::string text_;
};

// --- SQLite's side of the virtual table ----------------------------------------------------------

struct VirtualTable {
  sqlite3_vtab base;
  RecordTable* records;
};
struct Cursor {
  sqlite3_vtab_cursor base;
};

RecordTable& records_of(sqlite3_vtab_cursor* cursor) {
  return *reinterpret_cast<VirtualTable*>(cursor->pVtab)->records;
}

int connect(sqlite3* handle, void* records, int, const char* const*, sqlite3_vtab** out, char**) {
  const int code =
      sqlite3_declare_vtab(handle, "CREATE TABLE r(c0,c1,c2,c3,c4,c5,c6,c7,c8,c9,c10)");
  if (code != SQLITE_OK) return code;
  auto* table = new VirtualTable{{}, static_cast<RecordTable*>(records)};
  *out = &table->base;
  return SQLITE_OK;
}
int disconnect(sqlite3_vtab* table) {
  delete reinterpret_cast<VirtualTable*>(table);
  return SQLITE_OK;
}
int best_index(sqlite3_vtab*, sqlite3_index_info* info) {
  info->estimatedCost = 1;
  return SQLITE_OK;
}
int open_cursor(sqlite3_vtab*, sqlite3_vtab_cursor** out) {
  *out = &(new Cursor{})->base;
  return SQLITE_OK;
}
int close_cursor(sqlite3_vtab_cursor* cursor) {
  delete reinterpret_cast<Cursor*>(cursor);
  return SQLITE_OK;
}
int filter(sqlite3_vtab_cursor*, int, const char*, int, sqlite3_value**) { return SQLITE_OK; }
int advance(sqlite3_vtab_cursor* cursor) {
  RecordTable& records = records_of(cursor);
  auto done = records.advance();
  if (done) return SQLITE_OK;
  records.failure = std::move(done).error();
  return SQLITE_ABORT;
}
int at_end(sqlite3_vtab_cursor* cursor) { return records_of(cursor).at_end() ? 1 : 0; }
int give_column(sqlite3_vtab_cursor* cursor, sqlite3_context* context, int column) {
  records_of(cursor).give_column(column, context);
  return SQLITE_OK;
}
int give_rowid(sqlite3_vtab_cursor*, sqlite3_int64* out) {
  *out = 0;
  return SQLITE_OK;
}

// Eponymous: no xCreate, no xDestroy.
const sqlite3_module& record_module() {
  static const sqlite3_module module = [] {
    sqlite3_module m{};
    m.xConnect = connect;
    m.xBestIndex = best_index;
    m.xDisconnect = disconnect;
    m.xOpen = open_cursor;
    m.xClose = close_cursor;
    m.xFilter = filter;
    m.xNext = advance;
    m.xEof = at_end;
    m.xColumn = give_column;
    m.xRowid = give_rowid;
    return m;
  }();
  return module;
}

std::string fill_sql(std::size_t table) {
  const RowTableInfo& info = row_tables[table];
  std::string sql = fmt::format("INSERT OR REPLACE INTO {} SELECT ", info.name);
  for (std::size_t i = 0; i < info.columns.size(); ++i) {
    sql += fmt::format("{}c{}", i == 0 ? "" : ",", i);
  }
  return sql + " FROM sorted_record";
}

Result<void> fill_tables(Database& database, RecordTable& records) {
  TRY_DO(records.advance());
  while (!records.is_done()) {
    records.begin_table();
    const std::string sql = fill_sql(records.table());
    if (auto done = database.execute(sql.c_str()); !done) {
      if (records.failure) return std::move(*records.failure);
      return done;
    }
  }
  return {};
}

}  // namespace

Result<void> add_records(const IndexRows& rows, RowPlace place, RowSorter& sorter) {
  TRY_DO(add_all(rows.tokens, place, sorter));
  TRY_DO(add_all(rows.strings, place, sorter));
  TRY_DO(add_all(rows.dates, place, sorter));
  TRY_DO(add_all(rows.numbers, place, sorter));
  TRY_DO(add_all(rows.composites, place, sorter));
  return add_all(rows.uids, place, sorter);
}

Result<void> write_records(Database& database, RowSorter& sorter,
                           const std::function<void(double)>& progress) {
  const auto all = static_cast<double>(sorter.size());
  TRY(const auto sorted, sorter.sorted());
  RecordTable records(*sorted, all, progress);
  if (sqlite3_create_module_v2(database.handle(), "sorted_record", &record_module(), &records,
                               nullptr) != SQLITE_OK) {
    return database.problem();
  }
  auto done = fill_tables(database, records);
  sqlite3_create_module_v2(database.handle(), "sorted_record", nullptr, nullptr, nullptr);
  return done;
}

}  // namespace lightbox::store
