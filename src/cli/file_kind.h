#pragma once

// What a file is, by its first bytes. A guess that is quick: whoever reads the file knows.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lightbox::cli {

enum class FileKind : std::uint8_t {
  dicom,            // Part 10, or a bare data set
  media_directory,  // a DICOMDIR (PS3.3 F)
  archive,          // zip or tar, perhaps compressed; gzip, xz, zstd or bzip2 of anything
  other,
};

inline constexpr std::size_t kind_bytes = 1'024;  // so many are enough

[[nodiscard]] FileKind kind_of(std::string_view first_bytes);

// Whether it is named like an archive: ".zip", ".tar", ".tar.gz", ".tgz", …
[[nodiscard]] bool is_archive_name(std::string_view path);

}  // namespace lightbox::cli
