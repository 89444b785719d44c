#include "store/row_record.h"

#include <algorithm>
#include <bit>
#include <cstring>

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

// Takes columns off a record; after one that is not there, `ok` is false.
struct Columns {
  std::string_view rest;
  bool ok = true;

  std::uint64_t bits() {
    std::uint64_t value = 0;
    if (rest.size() < sizeof value) {
      ok = false;
      return 0;
    }
    std::memcpy(&value, rest.data(), sizeof value);
    rest.remove_prefix(sizeof value);
    return __builtin_bswap64(value);
  }
  // As it stands in the record when it holds no zero byte, else put together in `texts`, which must
  // have the room (it is not to be moved while views of it are bound).
  std::string_view text(std::string& texts) {
    const std::size_t begin = texts.size();
    for (;;) {
      const std::size_t zero = rest.find('\0');
      if (zero == std::string_view::npos || zero + 1 == rest.size()) {
        ok = false;
        return {};
      }
      const std::string_view part = rest.substr(0, zero);
      const bool is_end = rest[zero + 1] == zero_at_end;
      rest.remove_prefix(zero + 2);
      if (is_end && texts.size() == begin) return part;
      texts.append(part);
      if (is_end) return std::string_view(texts).substr(begin);
      texts += '\0';
    }
  }
};

}  // namespace

Result<void> add_records(const IndexRows& rows, RowPlace place, RowSorter& sorter) {
  TRY_DO(add_all(rows.tokens, place, sorter));
  TRY_DO(add_all(rows.strings, place, sorter));
  TRY_DO(add_all(rows.dates, place, sorter));
  TRY_DO(add_all(rows.numbers, place, sorter));
  TRY_DO(add_all(rows.composites, place, sorter));
  return add_all(rows.uids, place, sorter);
}

Result<void> RecordWriter::write(std::string_view record) {
  Columns columns{record.substr(std::min<std::size_t>(1, record.size()))};
  const auto table = record.empty() ? row_tables.size() : static_cast<std::size_t>(record[0]);
  if (table >= row_tables.size())
    return problem(ProblemKind::internal, "An index record is damaged");
  texts_.clear();
  texts_.reserve(record.size());
  if (!query_ || table != table_) {
    query_.reset();
    query_.emplace(database_, row_tables[table].insert_sql);
    table_ = table;
  }
  Query& query = *query_;
  for (const char kind : row_tables[table].columns) {
    switch (kind) {
      case 'i':
        query.bind(static_cast<std::int64_t>(columns.bits() ^ sign));
        break;
      case 'r':
        query.bind(from_bits(columns.bits()));
        break;
      case 't':
        query.bind(columns.text(texts_));
        break;
      default:
        query.bind_blob(columns.text(texts_));
        break;
    }
  }
  if (!columns.ok || !columns.rest.empty()) {
    return problem(ProblemKind::internal, "An index record is damaged");
  }
  return query.run() ? Result<void>() : query.problem();
}

}  // namespace lightbox::store
