#pragma once

// The data directory: made if it is missing, locked for one process.

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace lightbox::store {

class DirectoryLock {
 public:
  // `unavailable` when another process has it, or it cannot be made.
  static Result<DirectoryLock> take(const std::string& directory);
  DirectoryLock() = default;
  DirectoryLock(DirectoryLock&& other) noexcept
      : directory_(std::exchange(other.directory_, -1)),
        lock_(std::exchange(other.lock_, -1)),
        parents_(std::move(other.parents_)) {}
  DirectoryLock& operator=(DirectoryLock&& other) noexcept {
    std::swap(directory_, other.directory_);
    std::swap(lock_, other.lock_);
    std::swap(parents_, other.parents_);
    return *this;
  }
  ~DirectoryLock();

  // The names of the files in it are on the disk, and those of the folders that were made for it.
  Result<void> sync();

 private:
  int directory_ = -1;
  int lock_ = -1;
  std::vector<std::filesystem::path> parents_;  // to be synced
};

}  // namespace lightbox::store
