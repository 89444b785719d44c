#include "store/reader.h"

#include <fmt/format.h>

#include "store/codec.h"

namespace lightbox::store {

ReaderPool::Lease::~Lease() {
  if (!reader_) return;
  reader_->limit = WorkLimit{};
  {
    const std::lock_guard lock(pool_.mutex_);
    pool_.idle_.push_back({std::move(reader_), snapshot_});
  }
  pool_.returned_.notify_one();
}

Result<void> ReaderPool::Lease::refresh() {
  if (snapshot_ != no_snapshot && !Query(*reader_, "COMMIT").run()) return reader_->problem();
  snapshot_ = no_snapshot;
  if (!Query(*reader_, "BEGIN").run()) return reader_->problem();
  Query query(*reader_, "SELECT number FROM commit_count");  // the first read takes the snapshot
  if (!query.next()) {
    Problem failure = query.problem();
    (void)reader_->execute("ROLLBACK");
    return failure;
  }
  snapshot_ = static_cast<std::uint64_t>(query.integer(0));
  return {};
}

Result<ReaderPool::Lease> ReaderPool::take() {
  Idle taken;
  {
    std::unique_lock lock(mutex_);
    returned_.wait(lock, [this] { return !idle_.empty() || opened_ < readers_max; });
    if (idle_.empty()) {
      ++opened_;
    } else {
      taken = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (!taken.reader) {
    auto opened = Database::open(shared_.path, Database::Role::reader, shared_.options.vfs);
    if (!opened) {
      {
        const std::lock_guard lock(mutex_);
        --opened_;
      }
      returned_.notify_one();
      return std::unexpected(std::move(opened).error());
    }
    taken.reader = std::move(*opened);
  }
  Lease lease(*this, std::move(taken.reader), taken.snapshot);
  if (lease.snapshot() == no_snapshot || lease.snapshot() < shared_.commits) {
    TRY_DO(lease.refresh());
  }
  return lease;
}

void ReaderPool::release_snapshots() {
  const std::lock_guard lock(mutex_);
  for (Idle& idle : idle_) {
    if (idle.snapshot == no_snapshot) continue;
    (void)idle.reader->execute("COMMIT");
    idle.snapshot = no_snapshot;
  }
}

Problem damaged(const fhir::ResourceType& type, std::string_view id) {
  return problem(ProblemKind::internal, "exception",
                 fmt::format("{}/{} is damaged in the store", type.name, id));
}

Problem not_found(const fhir::ResourceType& type, std::string_view id) {
  return problem(ProblemKind::not_found, "not-found",
                 fmt::format("{}/{} is not known", type.name, id));
}

namespace {

Problem gone(const fhir::ResourceType& type, std::string_view id, std::uint64_t version) {
  return problem(ProblemKind::gone, "deleted",
                 fmt::format("{}/{} was deleted by version {}", type.name, id, version));
}

constexpr std::string_view select_current =
    "SELECT version, updated, method, body, key FROM resource WHERE type=? AND id=?";

}  // namespace

Result<StoredResource> version_of(const Query& row, int column, const fhir::ResourceType& type,
                                  std::string_view id) {
  StoredResource resource;
  resource.type = &type;
  resource.id = id;
  resource.version = static_cast<std::uint64_t>(row.integer(column));
  resource.updated_ms = row.integer(column + 1);
  resource.method = static_cast<Method>(row.integer(column + 2));
  auto body = decompress_body(row.blob(column + 3));
  if (!body) return damaged(type, id);
  resource.body = std::move(*body);
  return resource;
}

Result<StoredResource> read(ReaderPool& readers, const fhir::ResourceType& type,
                            std::string_view id) {
  TRY(const ReaderPool::Lease reader, readers.take());
  Query query(*reader, select_current);
  query.bind(std::int64_t{type.number}).bind(id);
  if (!query.next()) return query.ok() ? not_found(type, id) : query.problem();
  if (static_cast<Method>(query.integer(2)) == Method::remove) {
    return gone(type, id, static_cast<std::uint64_t>(query.integer(0)));
  }
  return version_of(query, 0, type, id);
}

Result<StoredResource> read_version(ReaderPool& readers, const fhir::ResourceType& type,
                                    std::string_view id, std::uint64_t version) {
  TRY(const ReaderPool::Lease reader, readers.take());
  Query current(*reader, select_current);
  current.bind(std::int64_t{type.number}).bind(id);
  if (!current.next()) return current.ok() ? not_found(type, id) : current.problem();
  const auto give = [&](const Query& row) -> Result<StoredResource> {
    if (static_cast<Method>(row.integer(2)) == Method::remove) return gone(type, id, version);
    return version_of(row, 0, type, id);
  };
  if (static_cast<std::uint64_t>(current.integer(0)) == version) return give(current);
  Query old(*reader,
            "SELECT version, updated, method, body FROM history WHERE resource=? AND version=?");
  old.bind(current.integer(4)).bind(static_cast<std::int64_t>(version));
  if (old.next()) return give(old);
  if (!old.ok()) return old.problem();
  const bool was_there = version > 0 && version < static_cast<std::uint64_t>(current.integer(0));
  return problem(ProblemKind::not_found, "not-found",
                 was_there
                     ? fmt::format("{}/{} version {} is no longer kept: this server keeps the "
                                   "newest versions only (history_versions_max)",
                                   type.name, id, version)
                     : fmt::format("{}/{} has no version {}", type.name, id, version));
}

}  // namespace lightbox::store
