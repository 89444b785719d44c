#pragma once

// Read connections. A thread takes one for the time of a call; the snapshot that it left behind is
// used again when nothing was committed since, which saves most of a short read's cost.

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "store/writer.h"

namespace lightbox::store {

class ReaderPool {
 public:
  explicit ReaderPool(Shared& shared) : shared_(shared) {}

  // A connection with an open snapshot that holds every commit answered before take().
  class Lease {
   public:
    Lease(Lease&& other) noexcept
        : pool_(other.pool_), reader_(std::move(other.reader_)), snapshot_(other.snapshot_) {}
    ~Lease();
    Database& operator*() const { return *reader_; }
    Database* operator->() const { return reader_.get(); }
    // The number of the last commit that the snapshot holds.
    [[nodiscard]] std::uint64_t snapshot() const { return snapshot_; }
    // A new snapshot.
    Result<void> refresh();

   private:
    friend class ReaderPool;
    Lease(ReaderPool& pool, std::unique_ptr<Database> reader, std::uint64_t snapshot)
        : pool_(pool), reader_(std::move(reader)), snapshot_(snapshot) {}
    ReaderPool& pool_;
    std::unique_ptr<Database> reader_;
    std::uint64_t snapshot_;
  };
  Result<Lease> take();
  // The number of the last commit that has been answered.
  [[nodiscard]] std::uint64_t commits() const { return shared_.commits; }

  // Idle connections let go of their snapshots.
  void release_snapshots();

 private:
  struct Idle {
    std::unique_ptr<Database> reader;
    std::uint64_t snapshot = no_snapshot;
  };
  static constexpr std::uint64_t no_snapshot = UINT64_MAX;
  static constexpr std::size_t readers_max = 32;

  Shared& shared_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<Idle> idle_;  // the last returned is the next taken
  std::size_t opened_ = 0;
};

// Store's members of the same names.
Result<StoredResource> read(ReaderPool& readers, const fhir::ResourceType& type,
                            std::string_view id);
Result<StoredResource> read_version(ReaderPool& readers, const fhir::ResourceType& type,
                                    std::string_view id, std::uint64_t version);
Result<HistoryPage> read_history(ReaderPool& readers, const HistoryQuery& query, Effort effort);

// From columns version, updated, method and body, of which the first is `column`.
Result<StoredResource> version_of(const Query& row, int column, const fhir::ResourceType& type,
                                  std::string_view id);
[[nodiscard]] Problem not_found(const fhir::ResourceType& type, std::string_view id);
[[nodiscard]] Problem damaged(const fhir::ResourceType& type, std::string_view id);

}  // namespace lightbox::store
