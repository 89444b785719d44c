#include "store/bulk_load.h"

#include <chrono>

#include "store/codec.h"
#include "store/directory.h"
#include "store/row_record.h"
#include "store/writer.h"

namespace lightbox::store {
namespace {

// Each flush is a pass over the index tables, so they are few: about 1.5 million studies' rows wait
// on the disk before they are written.
constexpr std::uint64_t pending_bytes_max = std::uint64_t{2} << 30U;

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
  std::unique_ptr<RowSorter> pending;
  std::int64_t first_pending_key = 0;  // keys from this on have rows in `pending`
  bool is_open = false;                // the transaction

  Result<void> begin() {
    TRY_DO(applier->begin(now_ms()));
    is_open = true;
    return find_first_pending_key();
  }

  Result<void> find_first_pending_key() {
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

  Result<OperationResult> put(const Prepared& prepared) {
    if (!is_open) TRY_DO(begin());
    TRY(const Found found, find(prepared.operation));
    if (found.known) return *found.known;
    // Its rows must be in the tables before they can be changed.
    if (found.is_pending) TRY_DO(write_pending({}));
    TRY(auto result, applier->apply(prepared.operation, prepared.body));
    if (pending->bytes() >= pending_bytes_max) TRY_DO(flush({}));
    return result;
  }

  Result<void> write_pending(const std::function<void(double)>& progress) {
    TRY_DO(write_records(*database, *pending, progress));
    return find_first_pending_key();
  }

  Result<void> flush(const std::function<void(double)>& progress) {
    if (!is_open) return {};
    TRY_DO(write_pending(progress));
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
  impl->pending = std::make_unique<RowSorter>(impl->shared.options.data_directory);
  impl->applier->defer_rows(impl->pending.get());
  return std::unique_ptr<BulkLoad>(new BulkLoad(std::move(impl)));
}

BulkLoad::Prepared BulkLoad::prepare(Operation operation) {
  std::string body = compress_body(operation.body);
  return {std::move(operation), std::move(body)};
}

Result<OperationResult> BulkLoad::put(const Prepared& prepared) { return impl_->put(prepared); }

Result<void> BulkLoad::flush(const std::function<void(double)>& progress) {
  return impl_->flush(progress);
}

Result<void> BulkLoad::finish(const std::function<void(double)>& progress) {
  TRY_DO(impl_->flush(progress));
  return impl_->database->execute("PRAGMA optimize");
}

}  // namespace lightbox::store
