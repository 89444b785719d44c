#pragma once

// Where the archive's files are kept. All that Lightbox does with the bytes of stored objects goes
// through Files, so another place, such as an S3-compatible store, is one more implementation,
// given to Archive::open. This says nothing of what is in them, nor of the index; a folder of the
// disk (folder.h) is what there is.
//
// A name is a relative path: "2026/11/25/<StudyInstanceUID>/<SOPInstanceUID>.dcm", in a key as in a
// file system. Files that are kept in place have absolute paths, and are none of a place's.
//
// Safe from any thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "dicom/part10.h"

namespace lightbox::ingest {

// A file that was written and is not known to be durable yet.
struct NewFile {
  std::string name;
  // What sync() of a folder needs; elsewhere empty.
  Descriptor descriptor = {};
  std::vector<std::string> folders =
      {};  // above it, of which it is not known that they are durable
};

class Files {
 public:
  Files() = default;
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
  virtual ~Files() = default;

  // Makes a file of these bytes. `conflict` when the name is taken, which is then unchanged (with
  // S3: If-None-Match); insufficient_storage; unavailable.
  virtual Result<NewFile> create(const std::string& name, std::string_view bytes) = 0;
  // As create(), of a file of this machine, which goes when it has been taken: `path` below
  // dicom/incoming/, open as `descriptor`. When it fails, the file stays.
  virtual Result<NewFile> adopt(const std::string& name, const std::string& path,
                                const Descriptor& descriptor) = 0;
  // When it returns they are durable: their bytes and their names. insufficient_storage;
  // unavailable.
  virtual Result<void> sync(std::span<const NewFile> files) = 0;
  // All that was made before. unavailable.
  virtual Result<void> sync_all() = 0;
  // Under another name, in place of what is there; durable when it returns.
  virtual Result<void> move(const std::string& from, const std::string& to) = 0;
  // Nothing happens when there is no such file. False when it could not be removed: it is left to
  // check.
  virtual bool remove(const std::string& name) = 0;

  // not_found; unavailable.
  [[nodiscard]] virtual Result<std::unique_ptr<dicom::Source>> open(
      const std::string& name) const = 0;
  // Every file whose name begins with `folder`, "" or such as "quarantine/", in any order, until
  // `each` returns false. unavailable.
  virtual Result<void> walk(
      const std::string& folder,
      const std::function<bool(std::string_view name, std::uint64_t bytes)>& each) const = 0;
  // For people: a path, an address.
  [[nodiscard]] virtual std::string location_of(std::string_view name) const = 0;
};

[[nodiscard]] inline bool is_in_place(std::string_view file) { return file.starts_with('/'); }

// The name that make_instance_file() tries first, without a suffix.
[[nodiscard]] std::string first_name_of(std::string_view study_uid,
                                        std::string_view sop_instance_uid);
// A new file of an instance, by the day (UTC): `make` is called with
// "2026/11/25/<study>/<instance>.dcm" and `suffix`, and while that is taken with "…-1.dcm",
// "…-2.dcm", …
Result<NewFile> make_instance_file(
    std::string_view study_uid, std::string_view sop_instance_uid, std::string_view suffix,
    const std::function<Result<NewFile>(const std::string& name)>& make);

}  // namespace lightbox::ingest
