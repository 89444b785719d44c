#pragma once

// Files in a folder of the disk, the data folder's dicom/ (files.h says what all places do;
// docs/storage-format.md draws the layout). A folder that holds none any more goes with its last
// file.

#include <mutex>
#include <unordered_set>

#include "ingest/files.h"
#include "ingest/open_files.h"

namespace lightbox::ingest {

class Folder : public Files {
 public:
  // Makes it, and quarantine/ in it.
  static Result<std::unique_ptr<Folder>> at(std::string root);

  Result<NewFile> create(const std::string& name, std::string_view bytes) override;
  Result<NewFile> adopt(const std::string& name, const std::string& path,
                        const Descriptor& descriptor) override;
  Result<void> sync(std::span<const NewFile> files) override;
  Result<void> sync_all() override;
  Result<void> move(const std::string& from, const std::string& to) override;
  bool remove(const std::string& name) override;
  [[nodiscard]] Result<std::unique_ptr<dicom::Source>> open(const std::string& name) const override;
  // But for those of incoming/.
  Result<void> walk(
      const std::string& folder,
      const std::function<bool(std::string_view name, std::uint64_t bytes)>& each) const override;
  [[nodiscard]] std::string location_of(std::string_view name) const override;

 private:
  explicit Folder(std::string root) : root_(std::move(root)) {}
  Result<void> sync_file_system();
  void forget(const std::string& folder);
  Result<std::vector<std::string>> make_folders(const std::string& name);
  // `make` gives a descriptor, or -1 and errno.
  Result<NewFile> place(const std::string& name,
                        const std::function<int(const std::string& path)>& make);

  std::string root_;
  Descriptor root_descriptor_;
  mutable OpenFiles open_files_;
  std::mutex mutex_;
  // Folders that are there, and those of them that are on the disk; forgotten when there are many.
  std::unordered_set<std::string> folders_;
  std::unordered_set<std::string> synced_folders_;
  std::uint64_t folders_removed_ = 0;
};

}  // namespace lightbox::ingest
