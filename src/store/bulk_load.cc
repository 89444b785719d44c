#include "store/bulk_load.h"

#include <chrono>

#include "store/codec.h"
#include "store/directory.h"
#include "store/pending_rows.h"
#include "store/writer.h"

namespace lightbox::store {
namespace {

// More means fewer passes over the index tables, at the cost of memory.
constexpr std::size_t pending_bytes_max = 192U << 20U;

std::int64_t now_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

}  // namespace

// One transaction holds the resources and, at its end, their index rows in sorted order. So a crash
// leaves the store as the last flush left it.
struct BulkLoad::Impl {
  DirectoryLock lock;
  Shared shared;
  std::unique_ptr<Database> database;
  std::unique_ptr<Applier> applier;
  PendingRows pending;
  std::int64_t first_pending_key = 0;  // keys from this on have rows in `pending`
  bool is_open = false;                // the transaction

  Result<void> begin() {
    TRY_DO(database->execute("BEGIN IMMEDIATE"));
    is_open = true;
    applier->begin(now_ms());
    Query query(*database, "SELECT coalesce(max(key), 0) FROM resource");
    if (!query.next()) return query.problem();
    first_pending_key = query.integer(0) + 1;
    return {};
  }

  struct Found {
    bool is_pending = false;
    std::optional<OperationResult> known;  // there, with the same body
  };

  Result<Found> find(const Operation& operation) {
    Found found;
    Query query(*database,
                "SELECT key, version, method, updated, body FROM resource WHERE type=? AND id=?");
    query.bind(std::int64_t{operation.type->number}).bind(std::string_view(operation.id));
    if (!query.next()) {
      if (!query.ok()) return query.problem();
      return found;
    }
    found.is_pending = query.integer(0) >= first_pending_key;
    const bool is_live = static_cast<Method>(query.integer(2)) != Method::remove;
    if (is_live && decompress_body(query.blob(4)) == operation.body) {
      found.known = {.outcome = OperationResult::Outcome::unchanged,
                     .version = static_cast<std::uint64_t>(query.integer(1)),
                     .updated_ms = query.integer(3)};
    }
    return found;
  }

  Result<OperationResult> put(const Operation& operation) {
    if (!is_open) TRY_DO(begin());
    TRY(const Found found, find(operation));
    if (found.known) return *found.known;
    // Its rows must be in the tables before they can be changed.
    if (found.is_pending) TRY_DO(write_pending());
    TRY(const auto result, applier->apply(operation, compress_body(operation.body)));
    if (pending.bytes() >= pending_bytes_max) TRY_DO(flush());
    return result;
  }

  Result<void> write_pending() {
    TRY_DO(pending.write(*database));
    Query query(*database, "SELECT coalesce(max(key), 0) FROM resource");
    if (!query.next()) return query.problem();
    first_pending_key = query.integer(0) + 1;
    return {};
  }

  Result<void> flush() {
    if (!is_open) return {};
    TRY_DO(write_pending());
    TRY_DO(applier->finish());
    TRY_DO(database->execute("COMMIT"));
    applier->committed();
    is_open = false;
    return database->execute("PRAGMA wal_checkpoint(TRUNCATE)");
  }
};

BulkLoad::BulkLoad(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BulkLoad::~BulkLoad() = default;

Result<std::unique_ptr<BulkLoad>> BulkLoad::open(StoreOptions options) {
  auto impl = std::make_unique<Impl>();
  TRY(impl->lock, DirectoryLock::take(options.data_directory));
  impl->shared.path = options.data_directory + "/lightbox.db";
  impl->shared.options = std::move(options);
  TRY(impl->database,
      Database::open(impl->shared.path, Database::Role::writer, impl->shared.options.vfs));
  TRY_DO(migrate(*impl->database));
  TRY_DO(impl->lock.sync());
  // The indexes by id and by order are filled as resources come: they stay in memory meanwhile.
  TRY_DO(impl->database->execute("PRAGMA cache_size=-196608"));
  impl->applier = std::make_unique<Applier>(*impl->database, impl->shared);
  TRY_DO(impl->applier->prepare());
  impl->applier->defer_rows(&impl->pending);
  return std::unique_ptr<BulkLoad>(new BulkLoad(std::move(impl)));
}

Result<OperationResult> BulkLoad::put(const Operation& operation) { return impl_->put(operation); }

Result<void> BulkLoad::flush() { return impl_->flush(); }

Result<void> BulkLoad::finish() {
  TRY_DO(impl_->flush());
  return impl_->database->execute("PRAGMA optimize");
}

}  // namespace lightbox::store
