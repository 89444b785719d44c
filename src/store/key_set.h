#pragma once

// Sets of resource keys as compressed bitmaps (libroaring), and the cache of those that stand for a
// criterion: "every ImagingStudy of modality CT". A cached set is kept current by the writer, after
// each commit and before its acknowledgement. Sets are told apart by the commit that they are as
// of, so that a search can see its sets and its snapshot of the database as of the same one.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <roaring/roaring.h>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "fhir/index.h"

namespace lightbox::store {

// Not thread-safe.
class KeySet {
 public:
  KeySet() : bitmap_(roaring_bitmap_create()) {}
  ~KeySet() {
    if (bitmap_ != nullptr) roaring_bitmap_free(bitmap_);
  }
  KeySet(const KeySet& other) : bitmap_(roaring_bitmap_copy(other.bitmap_)) {}
  KeySet(KeySet&& other) noexcept : bitmap_(std::exchange(other.bitmap_, nullptr)) {}
  KeySet& operator=(KeySet other) noexcept {
    std::swap(bitmap_, other.bitmap_);
    return *this;
  }

  void add(std::int64_t key) { roaring_bitmap_add(bitmap_, static_cast<std::uint32_t>(key)); }
  void remove(std::int64_t key) { roaring_bitmap_remove(bitmap_, static_cast<std::uint32_t>(key)); }
  [[nodiscard]] bool contains(std::int64_t key) const {
    return roaring_bitmap_contains(bitmap_, static_cast<std::uint32_t>(key));
  }
  [[nodiscard]] std::uint64_t size() const { return roaring_bitmap_get_cardinality(bitmap_); }
  [[nodiscard]] std::size_t bytes() const { return roaring_bitmap_size_in_bytes(bitmap_); }
  void intersect(const KeySet& other) { roaring_bitmap_and_inplace(bitmap_, other.bitmap_); }
  void unite(const KeySet& other) { roaring_bitmap_or_inplace(bitmap_, other.bitmap_); }
  void subtract(const KeySet& other) { roaring_bitmap_andnot_inplace(bitmap_, other.bitmap_); }
  [[nodiscard]] std::uint64_t intersection_size(const KeySet& other) const {
    return roaring_bitmap_and_cardinality(bitmap_, other.bitmap_);
  }
  void optimise() { roaring_bitmap_run_optimize(bitmap_); }
  [[nodiscard]] std::vector<std::uint32_t> keys() const;

 private:
  roaring_bitmap_t* bitmap_;
};

// Keys are 32-bit in the bitmaps; the writer makes no greater ones.
inline constexpr std::int64_t resource_key_max = UINT32_MAX;

// One resource after a commit.
struct ResourceChange {
  const fhir::ResourceType* type = nullptr;
  std::int64_t key = 0;
  std::string_view id;
  std::int64_t updated_ms = 0;
  const fhir::IndexEntries* entries = nullptr;  // nullptr: deleted
};

// Safe from any thread.
class KeySetCache {
 public:
  explicit KeySetCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // The number of a commit.
  using Sequence = std::uint64_t;
  struct Current {
    std::shared_ptr<const KeySet> set;
    Sequence as_of = 0;
  };
  struct Definition {
    std::string name;  // equal names mean equal sets
    const fhir::ResourceType* type = nullptr;
    std::function<bool(const ResourceChange&)> matches;  // of a live resource of the type
    // How long to wait for another thread that builds it.
    std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
    // Adds all keys, in a read transaction that begins after the call does, and tells as of which
    // commit; fails with too_costly.
    std::function<Result<Sequence>(KeySet&)> build;
  };

  // The set, built when it is not there (by one thread; others that want the same wait).
  Result<Current> get(const Definition& definition);
  // Replaces each set by the one of that name, all as of one commit, which is `at_least` or later
  // (waits for that one to be applied). 0: one of them is no longer here, or time ran out.
  Sequence bring_up(std::unordered_map<std::string, std::shared_ptr<const KeySet>>& sets,
                    Sequence at_least, std::chrono::steady_clock::time_point deadline);

  // By the writer after each commit, in the order of the commits.
  void apply(std::span<const ResourceChange> changes, Sequence commit);

 private:
  struct Entry {
    const fhir::ResourceType* type = nullptr;
    std::function<bool(const ResourceChange&)> matches;
    // What readers hold is never changed: the writer copies it when one does.
    std::shared_ptr<KeySet> set;                         // nullptr while it is built
    std::vector<std::pair<std::int64_t, bool>> pending;  // what commits meanwhile said
    Sequence built_as_of = 0;
    std::uint64_t used = 0;
    std::size_t bytes = 0;
  };
  void evict();
  [[nodiscard]] Current current(Entry& entry);

  // Each set costs the writer a look at each changed resource.
  static constexpr std::size_t entries_max = 512;

  const std::size_t bytes_max_;
  std::mutex mutex_;
  std::condition_variable built_;
  std::condition_variable applied_;
  Sequence applied_commit_ = 0;
  std::unordered_map<std::string, Entry> entries_;
  std::uint64_t uses_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace lightbox::store
