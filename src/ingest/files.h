#pragma once

// The archive's files: their names, and how they become durable (archive.h draws the layout).
//
// A new file is on the disk when sync() has returned: its bytes, its name, and the folders that
// were made for it. Safe from any thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace lightbox::ingest {

// A file that was written and is not synced yet.
struct NewFile {
  std::string name;  // below the root
  Descriptor descriptor;
  std::vector<std::string> folders;  // above it, of which it is not known that they are on the disk
};

class Files {
 public:
  // `root` is the data folder's dicom/. Makes it and incoming/ and quarantine/, and empties
  // incoming/.
  static Result<std::unique_ptr<Files>> open(std::string root);

  // The name that create() tries first.
  [[nodiscard]] static std::string first_name_of(std::string_view study_uid,
                                                 std::string_view sop_instance_uid);
  // "2026/11/25/<study>/<instance>.dcm" of this day (UTC); a name that is taken gets "-1", "-2", …
  Result<NewFile> create(std::string_view study_uid, std::string_view sop_instance_uid,
                         std::string_view bytes);
  // As create(), of what lies below incoming/ already.
  Result<NewFile> adopt(std::string_view study_uid, std::string_view sop_instance_uid,
                        const std::string& incoming_path, Descriptor descriptor);
  Result<void> sync(std::span<const NewFile> files);
  // All that was made before.
  Result<void> sync_all();
  // Removes it, and its study's folder when that is empty; never a file that is kept in place. What
  // cannot be removed is left to check.
  void remove(std::string_view name);

  // Absolute, when it is not already.
  [[nodiscard]] std::string path_of(std::string_view name) const;
  [[nodiscard]] std::string new_incoming_path();
  [[nodiscard]] const std::string& root() const { return root_; }

 private:
  explicit Files(std::string root) : root_(std::move(root)) {}
  Result<void> sync_file_system();
  void forget(const std::string& folder);
  Result<std::vector<std::string>> make_folders(const std::string& name);
  Result<NewFile> place(std::string_view study_uid, std::string_view sop_instance_uid,
                        const std::function<int(const std::string& path)>& make);

  std::string root_;
  Descriptor root_descriptor_;
  std::mutex mutex_;
  // Folders that are there, and those of them that are on the disk; forgotten when there are many.
  std::unordered_set<std::string> folders_;
  std::unordered_set<std::string> synced_folders_;
  std::uint64_t folders_removed_ = 0;
  std::uint64_t incoming_ = 0;
};

}  // namespace lightbox::ingest
