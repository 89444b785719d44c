#pragma once

// What an import finds where it is told to look.

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cli/archive_entries.h"
#include "cli/import_tally.h"
#include "cli/import_target.h"

namespace lightbox::cli {

// Of the files below the paths, archives and media directories as they are: counted beforehand, for
// the time that is left.
struct ImportTotal {
  std::atomic<std::uint64_t> files = 0;
  std::atomic<std::uint64_t> bytes = 0;
  std::atomic<bool> is_known = false;
};

class ImportSource {
 public:
  // `deliver` gives false when nothing more is wanted.
  using Deliver = std::function<bool(ImportObject)>;

  ImportSource(const ImportOptions& options, ImportTarget& target, ImportTally& tally)
      : options_(options), target_(target), tally_(tally) {}

  // Fails when a path does not exist, or cannot be imported in that way: before anything is.
  Result<void> check_paths() const;
  void count(ImportTotal& total, const std::atomic<bool>& is_stopped) const;
  // Everything below the paths. Media directories that are named are followed, archives that are
  // named are opened: by the calling thread.
  // Fails when the disk does.
  Result<void> find_all(const Deliver& deliver);
  // Of one file that was found: what is not DICOM is passed over, an archive is opened, a media
  // directory's files are looked for.
  Result<void> open(ImportObject object, const Deliver& deliver);

  [[nodiscard]] std::uint64_t files_done() const { return files_done_; }
  [[nodiscard]] std::uint64_t bytes_done() const { return bytes_done_; }

 private:
  Result<void> read_archive(const std::string& path, const Deliver& deliver);
  Result<bool> read_entry(ArchiveEntries& entries, const std::string& name, const Deliver& deliver);
  bool follow(const std::string& media_directory, const std::vector<std::string>& files,
              const Deliver& deliver);
  void look_for_media_files(const std::string& media_directory);
  void done(std::uint64_t bytes) {
    ++files_done_;
    bytes_done_ += bytes;
  }

  const ImportOptions& options_;
  ImportTarget& target_;
  ImportTally& tally_;
  std::atomic<std::uint64_t> files_done_ = 0;
  std::atomic<std::uint64_t> bytes_done_ = 0;
};

}  // namespace lightbox::cli
