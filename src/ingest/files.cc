#include "ingest/files.h"

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <functional>
#include <sys/stat.h>
#include <unistd.h>

namespace lightbox::ingest {
namespace {

constexpr std::size_t folders_known_max = 10'000;
constexpr int names_tried_max = 1'000;
// From so many files on, one sync of the file system is cheaper than one of each file.
constexpr std::size_t files_synced_singly_max = 3;

std::string day_now() {
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  return fmt::format("{:%Y/%m/%d}", fmt::gmtime(now));
}

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

Result<std::unique_ptr<Files>> Files::open(std::string root) {
  std::error_code error;
  std::filesystem::remove_all(root + "/incoming", error);
  for (const std::string& folder : {root + "/incoming", root + "/quarantine"}) {
    std::filesystem::create_directories(folder, error);
    if (error) return file_problem("The folder could not be made", folder, error.value());
  }
  std::unique_ptr<Files> files(new Files(std::move(root)));
  files->root_descriptor_ =
      Descriptor(::open(files->root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!files->root_descriptor_.is_open()) {
    return file_problem("The folder could not be opened", files->root_, errno);
  }
  TRY_DO(sync_folder(files->root_));
  TRY_DO(sync_folder(std::filesystem::path(files->root_).parent_path().string()));
  return files;
}

std::string Files::path_of(std::string_view name) const {
  return name.starts_with('/') ? std::string(name) : fmt::format("{}/{}", root_, name);
}

std::string Files::new_incoming_path() {
  const std::lock_guard lock(mutex_);
  return fmt::format("{}/incoming/{}.part", root_, ++incoming_);
}

// Makes it with those above it. Gives the ones that may not be on the disk yet: they may also be
// another thread's, which has not synced them.
Result<std::vector<std::string>> Files::make_folders(const std::string& name) {
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
      const std::string path = path_of(folder);
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

std::string Files::first_name_of(std::string_view study_uid, std::string_view sop_instance_uid) {
  return fmt::format("{}/{}/{}.dcm", day_now(), study_uid, sop_instance_uid);
}

Result<NewFile> Files::place(std::string_view study_uid, std::string_view sop_instance_uid,
                             const std::function<int(const std::string& path)>& make) {
  const std::string folder = fmt::format("{}/{}", day_now(), study_uid);
  for (int attempt = 0; attempt < names_tried_max; ++attempt) {
    TRY(auto folders, make_folders(folder));
    const std::string name = attempt == 0
                                 ? fmt::format("{}/{}.dcm", folder, sop_instance_uid)
                                 : fmt::format("{}/{}-{}.dcm", folder, sop_instance_uid, attempt);
    const std::string path = path_of(name);
    const int descriptor = make(path);
    if (descriptor >= 0) return NewFile{name, Descriptor(descriptor), std::move(folders)};
    if (errno == ENOENT) {  // the folder was removed meanwhile with its last file
      const std::lock_guard lock(mutex_);
      forget(folder);
    } else if (errno != EEXIST) {
      return file_problem("The file could not be made", path, errno);
    }
  }
  return problem(ProblemKind::conflict,
                 fmt::format("There are {} files of instance {} in {} already", names_tried_max,
                             sop_instance_uid, folder));
}

Result<NewFile> Files::create(std::string_view study_uid, std::string_view sop_instance_uid,
                              std::string_view bytes) {
  TRY(NewFile file, place(study_uid, sop_instance_uid, [](const std::string& path) {
        return ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      }));
  if (auto written = write_all(file.descriptor.get(), bytes, path_of(file.name)); !written) {
    remove(file.name);
    return std::unexpected(std::move(written).error());
  }
  return file;
}

Result<NewFile> Files::adopt(std::string_view study_uid, std::string_view sop_instance_uid,
                             const std::string& incoming_path, Descriptor descriptor) {
  TRY(NewFile file, place(study_uid, sop_instance_uid, [&](const std::string& path) {
        // Unlike rename(2), link(2) never replaces a file; but not every file system has it.
        if (::link(incoming_path.c_str(), path.c_str()) == 0) return ::dup(descriptor.get());
        if (errno != EPERM && errno != EOPNOTSUPP) return -1;
        const Descriptor taken(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
        if (!taken.is_open()) return -1;
        if (::rename(incoming_path.c_str(), path.c_str()) != 0) return -1;
        return ::dup(descriptor.get());
      }));
  ::unlink(incoming_path.c_str());
  return file;
}

Result<void> Files::sync(std::span<const NewFile> files) {
  if (files.size() > files_synced_singly_max) {
    TRY_DO(sync_file_system());
  } else {
    for (const NewFile& file : files) {
      if (::fsync(file.descriptor.get()) != 0) {
        return file_problem("The file could not be synced", path_of(file.name), errno);
      }
      TRY_DO(sync_folder(path_of(parent_of(file.name))));
      for (const std::string& folder : file.folders) {
        TRY_DO(sync_folder(path_of(parent_of(folder))));
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

Result<void> Files::sync_all() {
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

Result<void> Files::sync_file_system() {
  if (::syncfs(root_descriptor_.get()) == 0) return {};
  return file_problem("The disk could not be synced", root_, errno);
}

void Files::forget(const std::string& folder) {
  folders_.erase(folder);
  synced_folders_.erase(folder);
  ++folders_removed_;
}

void Files::remove(std::string_view name) {
  if (name.starts_with('/')) return;
  ::unlink(path_of(name).c_str());
  const std::string folder = parent_of(name);
  if (::rmdir(path_of(folder).c_str()) != 0) return;
  const std::lock_guard lock(mutex_);
  forget(folder);
}

}  // namespace lightbox::ingest
