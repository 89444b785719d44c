#pragma once

// Index rows as records (row_sorter.h) whose byte order is that of the tables, one table after
// another: a B-tree that is filled in its own order is filled many times faster than in the order
// in which resources come.

#include <functional>

#include "base/result.h"
#include "store/database.h"
#include "store/row_sorter.h"
#include "store/rows.h"

namespace lightbox::store {

Result<void> add_records(const IndexRows& rows, RowPlace place, RowSorter& sorter);

// Writes all records as rows of their tables; the sorter is empty afterwards. One statement fills a
// table from the records as a virtual table: half the cost of a statement for each row. `progress`
// is told the share that is written. Fails with the database's problem, or the sorter's.
Result<void> write_records(Database& database, RowSorter& sorter,
                           const std::function<void(double)>& progress);

}  // namespace lightbox::store
