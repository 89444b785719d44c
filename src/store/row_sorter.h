#pragma once

// Sorts more records than fit in memory, for the bulk load: they are collected in an arena, each
// full arena is sorted and written as a run to an unnamed file (which goes away by itself, even
// after kill -9), and in the end the runs are merged.
//
// A record is any bytes; the order is that of memcmp, the shorter first. Not thread-safe.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lightbox::store {

class RowSorter {
 public:
  // `directory` is where the runs lie; `arena_bytes` is what is held in memory.
  explicit RowSorter(std::string directory, std::size_t arena_bytes = 48U << 20U)
      : directory_(std::move(directory)), arena_bytes_(arena_bytes) {}
  ~RowSorter();
  RowSorter(const RowSorter&) = delete;
  RowSorter& operator=(const RowSorter&) = delete;

  // `insufficient_storage` or `unavailable` when a run cannot be written.
  Result<void> add(std::string_view record);

  [[nodiscard]] std::uint64_t size() const { return size_; }    // records
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }  // of the records

  // The records in order, each once. Merges on a thread of its own, ahead of who reads. The sorter
  // must outlive it, and takes no record meanwhile; when it goes, the sorter is empty.
  class Sorted {
   public:
    Sorted(const Sorted&) = delete;
    Sorted& operator=(const Sorted&) = delete;
    ~Sorted();
    // nullopt: that was the last. The view lives until the next call.
    Result<std::optional<std::string_view>> next();

   private:
    friend class RowSorter;
    struct Merging;
    explicit Sorted(RowSorter& sorter);
    RowSorter& sorter_;
    std::size_t next_entry_ = 0;  // without runs
    std::unique_ptr<Merging> merging_;
  };
  Result<std::unique_ptr<Sorted>> sorted();

 private:
  // The first 16 bytes decide most comparisons.
  struct Entry {
    std::uint64_t first;
    std::uint64_t second;
    std::uint32_t begin;
    std::uint32_t length;
  };
  struct Run {
    std::uint64_t begin;
    std::uint64_t end;
  };
  void sort();
  Result<void> spill();
  void clear();

  std::string directory_;
  std::size_t arena_bytes_;
  std::string arena_;
  std::vector<Entry> entries_;
  int file_ = -1;
  std::uint64_t file_end_ = 0;
  std::vector<Run> runs_;
  std::uint64_t size_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace lightbox::store
