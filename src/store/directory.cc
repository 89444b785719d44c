#include "store/directory.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lightbox::store {
namespace {

Problem cannot(std::string_view what, const std::string& path, int error) {
  const ProblemKind kind = error == ENOSPC || error == EDQUOT ? ProblemKind::insufficient_storage
                                                              : ProblemKind::unavailable;
  return problem(kind, fmt::format("Cannot {} {}: {}", what, path, std::strerror(error)));
}

// The folders that get a new entry when `directory` is made; its parent at least, since a run
// before may have ended between making it and syncing it.
std::vector<std::filesystem::path> parents_of_new(const std::string& directory) {
  std::error_code error;
  std::vector<std::filesystem::path> parents;
  std::filesystem::path path = std::filesystem::absolute(directory, error).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();  // it ended in a slash
  bool is_new = true;
  while (is_new && path.has_relative_path()) {
    is_new = !std::filesystem::exists(path, error);
    path = path.parent_path();
    if (is_new || parents.empty()) parents.push_back(path);
  }
  return parents;
}

}  // namespace

Result<DirectoryLock> DirectoryLock::take(const std::string& directory) {
  std::error_code error;
  DirectoryLock lock;
  lock.parents_ = parents_of_new(directory);
  std::filesystem::create_directories(directory, error);
  if (error) return cannot("make", directory, error.value());
  lock.directory_ = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock.directory_ < 0) return cannot("open", directory, errno);
  const std::string path = directory + "/lock";
  lock.lock_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock.lock_ < 0) return cannot("open", path, errno);
  if (::flock(lock.lock_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return cannot("lock", path, errno);
    return problem(ProblemKind::unavailable,
                   fmt::format("Another lightbox has the data folder {} open", directory));
  }
  return lock;
}

DirectoryLock::~DirectoryLock() {
  if (lock_ >= 0) ::close(lock_);
  if (directory_ >= 0) ::close(directory_);
}

Result<void> DirectoryLock::sync() {
  if (::fsync(directory_) != 0) return cannot("sync", "the data folder", errno);
  for (const auto& path : parents_) {
    const int parent = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent < 0) continue;
    (void)::fsync(parent);  // may be another file system, or not ours to sync
    ::close(parent);
  }
  return {};
}

}  // namespace lightbox::store
