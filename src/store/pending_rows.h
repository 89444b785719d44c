#pragma once

// Index rows that wait to be written in sorted order, for the bulk load: a B-tree that is filled in
// its own order is filled many times faster than in the order in which studies come.
//
// Not thread-safe.

#include <vector>

#include "base/result.h"
#include "store/rows.h"

namespace lightbox::store {

class PendingRows {
 public:
  void add(IndexRows rows, RowPlace place);
  // About what they hold in memory.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  // Writes all, and forgets them, also when that fails.
  Result<void> write(Database& database);

 private:
  std::vector<Placed<TokenRow>> tokens_;
  std::vector<Placed<StringRow>> strings_;
  std::vector<Placed<DateRow>> dates_;
  std::vector<Placed<NumberRow>> numbers_;
  std::vector<Placed<CompositeRow>> composites_;
  std::vector<Placed<UidRow>> uids_;
  std::size_t bytes_ = 0;
};

}  // namespace lightbox::store
