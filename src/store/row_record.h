#pragma once

// Index rows as records (row_sorter.h) whose byte order is that of the tables, one table after
// another: a B-tree that is filled in its own order is filled many times faster than in the order
// in which resources come.

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/database.h"
#include "store/row_sorter.h"
#include "store/rows.h"

namespace lightbox::store {

Result<void> add_records(const IndexRows& rows, RowPlace place, RowSorter& sorter);

// Writes records as rows of their tables. Not thread-safe.
class RecordWriter {
 public:
  explicit RecordWriter(Database& database) : database_(database) {}
  // The database's problem, or `internal` for what add_records has not made.
  Result<void> write(std::string_view record);

 private:
  Database& database_;
  std::size_t table_ = 0;
  std::optional<Query> query_;  // of table_
  std::string texts_;           // of the record that is being written
};

}  // namespace lightbox::store
