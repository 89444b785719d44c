#include "cli/file_walk.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <memory>
#include <string_view>
#include <sys/stat.h>
#include <vector>

namespace lightbox::cli {

bool FileWalk::walk(const std::string& path) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0) {
    visitor_.unreadable(path, std::strerror(errno));
    return true;
  }
  if (S_ISREG(status.st_mode)) {
    return visitor_.file(path, static_cast<std::uint64_t>(status.st_size));
  }
  if (!S_ISDIR(status.st_mode)) return true;
  return !entered_.emplace(status.st_dev, status.st_ino).second || enter(path);
}

bool FileWalk::enter(const std::string& folder) {
  std::vector<std::string> names;
  {
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir(folder.c_str()), closedir);
    if (!directory) {
      visitor_.unreadable(folder, std::strerror(errno));
      return true;
    }
    while (const dirent* entry = readdir(directory.get())) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
  }
  std::ranges::sort(names);
  const std::string prefix = folder.ends_with('/') ? folder : folder + "/";
  return std::ranges::all_of(names, [&](const std::string& name) { return walk(prefix + name); });
}

}  // namespace lightbox::cli
