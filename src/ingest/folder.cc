#include "ingest/folder.h"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ingest/incoming_folder.h"

namespace lightbox::ingest {
namespace {

constexpr std::size_t folders_known_max = 10'000;
// From so many files on, one sync of the file system is cheaper than one of each file.
constexpr std::size_t files_synced_singly_max = 3;
// The folder of a study is removed again and again meanwhile.
constexpr int attempts_max = 100;

// "" is the root.
std::string parent_of(std::string_view name) {
  const std::size_t slash = name.rfind('/');
  return std::string(slash == std::string_view::npos ? "" : name.substr(0, slash));
}

Result<void> sync_folder(const std::string& path) {
  const Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open() || ::fsync(folder.get()) != 0) {
    return file_problem("The folder could not be synced", path, errno);
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Folder>> Folder::at(std::string root) {
  std::error_code error;
  std::filesystem::create_directories(root + "/quarantine", error);
  if (error) return file_problem("The folder could not be made", root, error.value());
  std::unique_ptr<Folder> folder(new Folder(std::move(root)));
  folder->root_descriptor_ =
      Descriptor(::open(folder->root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder->root_descriptor_.is_open()) {
    return file_problem("The folder could not be opened", folder->root_, errno);
  }
  TRY_DO(sync_folder(folder->root_));
  TRY_DO(sync_folder(std::filesystem::path(folder->root_).parent_path().string()));
  return folder;
}

std::string Folder::location_of(std::string_view name) const {
  return fmt::format("{}/{}", root_, name);
}

// Makes it with those above it. Gives the ones that may not be on the disk yet: they may also be
// another thread's, which has not synced them.
Result<std::vector<std::string>> Folder::make_folders(const std::string& name) {
  std::vector<std::string> made;
  for (std::size_t slash = name.find('/');; slash = name.find('/', slash + 1)) {
    std::string folder = name.substr(0, slash);
    bool is_there = false;
    bool is_synced = false;
    {
      const std::lock_guard lock(mutex_);
      is_there = folders_.contains(folder);
      is_synced = synced_folders_.contains(folder);
    }
    if (!is_there) {
      const std::string path = location_of(folder);
      if (::mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) {
        return file_problem("The folder could not be made", path, errno);
      }
      const std::lock_guard lock(mutex_);
      if (folders_.size() >= folders_known_max) folders_.clear();
      folders_.insert(folder);
    }
    if (!is_synced) made.push_back(std::move(folder));
    if (slash == std::string::npos) return made;
  }
}

Result<NewFile> Folder::place(const std::string& name,
                              const std::function<int(const std::string& path)>& make) {
  const std::string folder = parent_of(name);
  const std::string path = location_of(name);
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    TRY(auto folders, make_folders(folder));
    const int descriptor = make(path);
    if (descriptor >= 0) return NewFile{name, Descriptor(descriptor), std::move(folders)};
    if (errno == EEXIST) {
      return problem(ProblemKind::conflict, fmt::format("There is a file {} already", path));
    }
    if (errno != ENOENT) break;
    // The folder was removed meanwhile with its last file.
    const std::lock_guard lock(mutex_);
    forget(folder);
  }
  return file_problem("The file could not be made", path, errno);
}

Result<NewFile> Folder::create(const std::string& name, std::string_view bytes) {
  TRY(NewFile file, place(name, [](const std::string& path) {
        return ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      }));
  if (auto written = write_all(file.descriptor.get(), bytes, location_of(name)); !written) {
    remove(name);
    return std::unexpected(std::move(written).error());
  }
  return file;
}

Result<NewFile> Folder::adopt(const std::string& name, const std::string& path,
                              const Descriptor& descriptor) {
  TRY(NewFile file, place(name, [&](const std::string& new_path) {
        // Unlike rename(2), link(2) never replaces a file; but not every file system has it.
        if (::link(path.c_str(), new_path.c_str()) == 0) return ::dup(descriptor.get());
        if (errno != EPERM && errno != EOPNOTSUPP) return -1;
        const Descriptor taken(
            ::open(new_path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
        if (!taken.is_open()) return -1;
        if (::rename(path.c_str(), new_path.c_str()) == 0) return ::dup(descriptor.get());
        const int failure = errno;
        ::unlink(new_path.c_str());
        errno = failure;
        return -1;
      }));
  ::unlink(path.c_str());
  return file;
}

Result<void> Folder::sync(std::span<const NewFile> files) {
  if (files.size() > files_synced_singly_max) {
    TRY_DO(sync_file_system());
  } else {
    for (const NewFile& file : files) {
      if (::fsync(file.descriptor.get()) != 0) {
        return file_problem("The file could not be synced", location_of(file.name), errno);
      }
      TRY_DO(sync_folder(location_of(parent_of(file.name))));
      for (const std::string& folder : file.folders) {
        TRY_DO(sync_folder(location_of(parent_of(folder))));
      }
    }
  }
  const std::lock_guard lock(mutex_);
  if (synced_folders_.size() >= folders_known_max) synced_folders_.clear();
  for (const NewFile& file : files) {
    synced_folders_.insert(file.folders.begin(), file.folders.end());
  }
  return {};
}

Result<void> Folder::sync_all() {
  std::unordered_set<std::string> folders;
  std::uint64_t removed = 0;
  {
    const std::lock_guard lock(mutex_);
    folders = folders_;
    removed = folders_removed_;
  }
  TRY_DO(sync_file_system());
  const std::lock_guard lock(mutex_);
  // One that was removed may have been made again behind the sync.
  if (removed == folders_removed_) synced_folders_ = std::move(folders);
  return {};
}

Result<void> Folder::sync_file_system() {
  if (::syncfs(root_descriptor_.get()) == 0) return {};
  return file_problem("The disk could not be synced", root_, errno);
}

void Folder::forget(const std::string& folder) {
  folders_.erase(folder);
  synced_folders_.erase(folder);
  ++folders_removed_;
}

Result<void> Folder::move(const std::string& from, const std::string& to) {
  TRY_DO(make_folders(parent_of(to)));
  if (::rename(location_of(from).c_str(), location_of(to).c_str()) != 0) {
    return file_problem("The file could not be moved", location_of(from), errno);
  }
  open_files_.forget(from);
  return sync_file_system();
}

bool Folder::remove(const std::string& name) {
  const bool is_removed = ::unlink(location_of(name).c_str()) == 0 || errno == ENOENT;
  open_files_.forget(name);
  if (!is_removed) return false;
  const std::string folder = parent_of(name);
  // Those of the layout stay.
  if (folder.find('/') == std::string::npos) return true;
  if (::rmdir(location_of(folder).c_str()) != 0) return true;
  const std::lock_guard lock(mutex_);
  forget(folder);
  return true;
}

Result<std::unique_ptr<dicom::Source>> Folder::open(const std::string& name) const {
  if (Descriptor known = open_files_.find(name); known.is_open()) {
    return dicom::FileSource::own(std::move(known));
  }
  const std::uint64_t turn = open_files_.turn();
  Descriptor opened(::openat(root_descriptor_.get(), name.c_str(), O_RDONLY | O_CLOEXEC));
  // For what has failed to be said as of any file.
  if (!opened.is_open()) return dicom::FileSource::open(location_of(name));
  open_files_.keep(name, opened, turn);
  return dicom::FileSource::own(std::move(opened));
}

Result<void> Folder::walk(
    const std::string& folder,
    const std::function<bool(std::string_view name, std::uint64_t bytes)>& each) const {
  std::error_code error;
  std::filesystem::recursive_directory_iterator entries(location_of(folder), error);
  for (; !error && entries != std::filesystem::recursive_directory_iterator();
       entries.increment(error)) {
    const std::string name = entries->path().lexically_relative(root_).string();
    if (name == incoming_folder_name) {
      entries.disable_recursion_pending();
      continue;
    }
    std::error_code gone;  // meanwhile
    if (!entries->is_regular_file(gone)) continue;
    const auto bytes = entries->file_size(gone);
    if (!gone && !each(name, bytes)) return {};
  }
  if (!error || error == std::errc::no_such_file_or_directory) return {};
  return problem(ProblemKind::unavailable,
                 fmt::format("{} cannot be read: {}", location_of(folder), error.message()));
}

}  // namespace lightbox::ingest
