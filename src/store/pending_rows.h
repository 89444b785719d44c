#pragma once

// Index rows that wait to be written in sorted order, for the bulk load: a B-tree that is filled in
// its own order is filled many times faster than in the order in which studies come.
//
// Not thread-safe.

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
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
  struct TokenPlace {
    std::int64_t ord;
    std::int64_t resource;
    std::int64_t edge;
    auto operator<=>(const TokenPlace&) const = default;
  };
  // Most rows are tokens, and most tokens have one of few values: sorting the values once is much
  // less work than sorting the rows by them.
  using TokenValues = std::unordered_map<std::string, std::vector<TokenPlace>>;

  void add_tokens(std::vector<TokenRow>& rows, RowPlace place);
  Result<void> write_tokens(Database& database);

  std::map<std::int64_t, TokenValues> tokens_;  // by parameter
  std::vector<Placed<StringRow>> strings_;
  std::vector<Placed<DateRow>> dates_;
  std::vector<Placed<NumberRow>> numbers_;
  std::vector<Placed<CompositeRow>> composites_;
  std::vector<Placed<UidRow>> uids_;
  std::size_t bytes_ = 0;
};

}  // namespace lightbox::store
