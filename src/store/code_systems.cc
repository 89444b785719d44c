#include "store/code_systems.h"

#include <mutex>

namespace lightbox::store {
namespace {

constexpr std::size_t remembered_max = 20'000;

}  // namespace

Result<std::optional<std::int64_t>> CodeSystems::find(Database& database, std::string_view uri) {
  if (uri.empty()) return std::optional<std::int64_t>(0);
  const std::string key(uri);
  {
    const std::shared_lock lock(mutex_);
    if (const auto found = numbers_.find(key); found != numbers_.end()) {
      return std::optional<std::int64_t>(found->second);
    }
  }
  Query query(database, "SELECT id FROM code_system WHERE uri=?");
  query.bind(uri);
  if (!query.next()) {
    if (!query.ok()) return query.problem();
    return std::optional<std::int64_t>();
  }
  const std::int64_t number = query.integer(0);
  // A reader's snapshot holds committed numbers only; the writer's may yet be rolled back.
  if (sqlite3_txn_state(database.handle(), nullptr) == SQLITE_TXN_WRITE)
    return std::optional<std::int64_t>(number);
  const std::unique_lock lock(mutex_);
  if (numbers_.size() < remembered_max) numbers_.emplace(key, number);
  return std::optional<std::int64_t>(number);
}

Result<std::int64_t> CodeSystems::find_or_make(Database& writer, std::string_view uri) {
  if (uri.empty()) return std::int64_t{0};
  std::string key(uri);
  {
    const std::shared_lock lock(mutex_);
    if (const auto found = numbers_.find(key); found != numbers_.end()) return found->second;
  }
  if (const auto found = pending_.find(key); found != pending_.end()) return found->second;
  std::int64_t number = 0;
  {
    Query query(writer, "SELECT id FROM code_system WHERE uri=?");
    query.bind(uri);
    if (query.next()) number = query.integer(0);
    if (!query.ok()) return query.problem();
  }
  if (number == 0) {
    Query insert(writer, "INSERT INTO code_system (uri) VALUES (?)");
    insert.bind(uri);
    if (!insert.run()) return insert.problem();
    number = sqlite3_last_insert_rowid(writer.handle());
  }
  pending_.emplace(std::move(key), number);
  return number;
}

void CodeSystems::committed() {
  if (pending_.empty()) return;
  const std::unique_lock lock(mutex_);
  if (numbers_.size() < remembered_max) numbers_.merge(pending_);
  pending_.clear();
}

}  // namespace lightbox::store
