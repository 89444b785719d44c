#pragma once

// All files below a folder, by name, symbolic links followed; a folder that is reached twice (a
// loop of links) is entered once. One thread at a time.

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <utility>

namespace lightbox::cli {

struct FileVisitor {
  // A regular file; false ends the walk.
  std::function<bool(const std::string& path, std::uint64_t bytes)> file;
  // What cannot be read, and why. Sockets, pipes and devices are passed over in silence.
  std::function<void(const std::string& path, const std::string& reason)> unreadable;
};

class FileWalk {
 public:
  explicit FileWalk(FileVisitor visitor) : visitor_(std::move(visitor)) {}
  // Of a file or a folder; several walks share what was entered. False when the visitor ended it.
  bool walk(const std::string& path);

 private:
  bool enter(const std::string& folder);

  FileVisitor visitor_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> entered_;  // device and inode
};

}  // namespace lightbox::cli
