#pragma once

// The files in a zip or tar archive, one after the other, read by libarchive; never written
// anywhere by their names. Bombs end at limits.archive_*_max.
//
// One thread at a time.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/result.h"

namespace lightbox::cli {

class ArchiveEntries {
 public:
  // `invalid` when it is no archive or cannot be opened.
  static Result<ArchiveEntries> open(const std::string& path, const Limits& limits);
  ArchiveEntries(ArchiveEntries&&) noexcept;
  ArchiveEntries& operator=(ArchiveEntries&&) noexcept;
  ~ArchiveEntries();

  // The next file's name; nullopt at the end. `invalid` when the archive is broken and `too_large`
  // past a limit: then nothing more can be read of it.
  Result<std::optional<std::string>> next();
  // The next bytes of that file, valid until the next call; empty at its end. `invalid` when it is
  // damaged or encrypted: the next file may be well.
  Result<std::string_view> read();

  // Of the archive's own bytes.
  [[nodiscard]] std::uint64_t bytes_read() const;

 private:
  struct Impl;
  explicit ArchiveEntries(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lightbox::cli
