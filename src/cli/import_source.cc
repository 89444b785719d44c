#include "cli/import_source.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/file_kind.h"
#include "cli/file_walk.h"
#include "cli/media_directory.h"

namespace lightbox::cli {
namespace {

constexpr std::string_view stays_refused =
    "the files in an archive have no place of their own: import it without --in-place";

// The first bytes of a file. `invalid` with the system's reason.
Result<std::string> first_bytes(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return problem(ProblemKind::invalid, std::strerror(errno));
  std::array<char, kind_bytes> bytes;
  const ssize_t size = ::read(file.get(), bytes.data(), bytes.size());
  if (size < 0) return problem(ProblemKind::invalid, std::strerror(errno));
  return std::string(bytes.data(), static_cast<std::size_t>(size));
}

// A media directory that is damaged is known by its name.
FileKind kind_by(std::string_view bytes, const std::string& path) {
  const FileKind kind = kind_of(bytes);
  return kind == FileKind::other && is_media_directory_name(path) ? FileKind::media_directory
                                                                  : kind;
}
FileKind kind_of_file(const std::string& path) {
  const auto bytes = first_bytes(path);
  return bytes ? kind_by(*bytes, path) : FileKind::other;
}

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

bool is_folder(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error);
}

std::string reason_of(const Problem& problem) { return problem.issues.front().diagnostics; }

// Of one object only: the next ones may be well.
bool is_of_object(const Problem& problem) {
  return problem.kind == ProblemKind::invalid || problem.kind == ProblemKind::too_large;
}

}  // namespace

Result<void> ImportSource::check_paths() const {
  for (const auto& path : options_.paths) {
    if (access(path.c_str(), R_OK) != 0) {
      return problem(ProblemKind::not_found,
                     fmt::format("{} cannot be read: {}", path, std::strerror(errno)));
    }
    if (options_.way == ImportWay::in_place && !is_folder(path) &&
        kind_of_file(path) == FileKind::archive) {
      return problem(ProblemKind::invalid, fmt::format("{}: {}", path, stays_refused));
    }
  }
  return {};
}

void ImportSource::count(ImportTotal& total, const std::atomic<bool>& is_stopped) const {
  FileWalk walk({.file =
                     [&](const std::string&, std::uint64_t bytes) {
                       ++total.files;
                       total.bytes += bytes;
                       return !is_stopped;
                     },
                 .unreadable = [](const std::string&, const std::string&) {}});
  for (const auto& path : options_.paths) {
    if (!is_folder(path) && kind_of_file(path) == FileKind::media_directory) return;
    if (!walk.walk(path)) return;
  }
  total.is_known = true;
}

Result<void> ImportSource::find_all(const Deliver& deliver) {
  FileWalk walk(
      {.file =
           [&](const std::string& path, std::uint64_t bytes) {
             return deliver({.name = path, .bytes = bytes, .path = path, .received = {}});
           },
       .unreadable = [&](const std::string& path,
                         const std::string& reason) { tally_.unreadable(path, reason); }});
  for (const auto& path : options_.paths) {
    FileKind kind = is_folder(path) ? FileKind::other : kind_of_file(path);
    // Cut off in its first bytes.
    if (kind == FileKind::dicom && is_media_directory_name(path)) kind = FileKind::media_directory;
    if (kind == FileKind::archive) {
      TRY_DO(read_archive(path, deliver));
    } else if (kind == FileKind::media_directory) {
      const auto files = media_files(path, options_.archive.limits);
      const bool is_sound = files && !files->empty();
      // The walk meets it again, and then it is listed when it is damaged.
      if (!(is_sound ? follow(path, *files, deliver) : walk.walk(folder_of(path)))) return {};
    } else if (!walk.walk(path)) {
      return {};
    }
  }
  return {};
}

Result<void> ImportSource::open(ImportObject object, const Deliver& deliver) {
  if (object.received) {
    deliver(std::move(object));
    return {};
  }
  const auto bytes = first_bytes(object.path);
  if (!bytes) {
    done(object.bytes);
    tally_.unreadable(object.name, reason_of(bytes.error()));
    return {};
  }
  switch (kind_by(*bytes, object.path)) {
    case FileKind::dicom:
      done(object.bytes);
      deliver(std::move(object));
      return {};
    case FileKind::archive:
      if (options_.way == ImportWay::copy) return read_archive(object.path, deliver);
      tally_.unreadable(object.name, std::string(stays_refused));
      break;
    case FileKind::media_directory:
      look_for_media_files(object.path);
      tally_.pass_over();
      break;
    case FileKind::other:
      tally_.pass_over();
      break;
  }
  done(object.bytes);
  return {};
}

Result<void> ImportSource::read_archive(const std::string& path, const Deliver& deliver) {
  std::uint64_t read = 0;
  const auto went_on = [&](const ArchiveEntries& entries) {
    bytes_done_ += entries.bytes_read() - read;
    read = entries.bytes_read();
  };
  auto entries = ArchiveEntries::open(path, options_.archive.limits);
  std::uint64_t count = 0;
  while (entries) {
    auto name = entries->next();
    if (!name) {
      // What is compressed and no archive is a file like any other.
      if (count == 0 && !is_archive_name(path)) {
        tally_.pass_over();
      } else {
        tally_.unreadable(path, reason_of(name.error()));
      }
      break;
    }
    if (!*name) break;
    ++count;
    TRY(const bool goes_on, read_entry(*entries, fmt::format("{}: {}", path, **name), deliver));
    went_on(*entries);
    if (!goes_on) return {};
  }
  if (!entries) tally_.unreadable(path, reason_of(entries.error()));
  struct stat status = {};
  if (stat(path.c_str(), &status) == 0 && static_cast<std::uint64_t>(status.st_size) > read) {
    bytes_done_ += static_cast<std::uint64_t>(status.st_size) - read;
  }
  done(0);
  return {};
}

Result<bool> ImportSource::read_entry(ArchiveEntries& entries, const std::string& name,
                                      const Deliver& deliver) {
  ImportObject object{.name = name, .bytes = 0, .path = {}, .received = {}};
  while (true) {
    const auto bytes = entries.read();
    if (!bytes) {
      tally_.unreadable(name, reason_of(bytes.error()));
      return true;
    }
    if (bytes->empty()) break;
    if (object.bytes == 0) {
      if (kind_of(*bytes) != FileKind::dicom) {
        tally_.pass_over();
        return true;
      }
      object.received = target_.receive();
    }
    object.bytes += bytes->size();
    if (auto appended = object.received->append(*bytes); !appended) {
      if (!is_of_object(appended.error())) return std::unexpected(std::move(appended).error());
      tally_.unreadable(name, reason_of(appended.error()));
      return true;
    }
  }
  if (!object.received) {
    tally_.pass_over();  // an empty file
    return true;
  }
  return deliver(std::move(object));
}

bool ImportSource::follow(const std::string& media_directory, const std::vector<std::string>& files,
                          const Deliver& deliver) {
  for (const auto& file : files) {
    struct stat status = {};
    if (stat(file.c_str(), &status) != 0) {
      tally_.unreadable(file,
                        fmt::format("{} refers to it: {}", media_directory, std::strerror(errno)));
      continue;
    }
    if (!deliver({.name = file,
                  .bytes = static_cast<std::uint64_t>(status.st_size),
                  .path = file,
                  .received = {}})) {
      return false;
    }
  }
  return true;
}

void ImportSource::look_for_media_files(const std::string& media_directory) {
  const auto files = media_files(media_directory, options_.archive.limits);
  if (!files) {
    tally_.unreadable(media_directory, reason_of(files.error()));
    return;
  }
  for (const auto& file : *files) {
    if (access(file.c_str(), F_OK) != 0) {
      tally_.unreadable(file,
                        fmt::format("{} refers to it: {}", media_directory, std::strerror(errno)));
    }
  }
}

}  // namespace lightbox::cli
