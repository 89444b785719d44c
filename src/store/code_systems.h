#pragma once

// Systems of codes and identifiers as numbers, so that an index row carries a few digits in place
// of a URL. 0 is "no system". Numbers are never reused. Safe from any thread; a Database is used
// only when the number is not in memory.

#include <cstdint>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "store/database.h"

namespace lightbox::store {

class CodeSystems {
 public:
  // nullopt: no stored resource uses it.
  Result<std::optional<std::int64_t>> find(Database& database, std::string_view uri);

  // For the writer's thread only. Makes it when it is missing, in the writer's transaction; the
  // caller then tells how the transaction (or the savepoint) ended.
  Result<std::int64_t> find_or_make(Database& writer, std::string_view uri);
  void committed();
  void rolled_back() { pending_.clear(); }

 private:
  std::shared_mutex mutex_;
  std::unordered_map<std::string, std::int64_t> numbers_;
  std::unordered_map<std::string, std::int64_t> pending_;  // of the transaction under way
};

}  // namespace lightbox::store
