#include "cli/file_kind.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "dicom/vr.h"

namespace lightbox::cli {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t preamble_bytes = 128;
constexpr std::string_view media_directory_class = "1.2.840.10008.1.3.10";
constexpr std::array archive_signatures = {"PK\3\4"sv,
                                           "PK\5\6"sv,
                                           "\x1f\x8b"sv,
                                           "\xfd"
                                           "7zXZ\0"sv,
                                           "\x28\xb5\x2f\xfd"sv,
                                           "BZh"sv};
constexpr std::array archive_endings = {".zip"sv,      ".tar"sv,    ".tgz"sv,    ".tar.gz"sv,
                                        ".txz"sv,      ".tar.xz"sv, ".tzst"sv,   ".tar.zst"sv,
                                        ".tar.zstd"sv, ".tbz2"sv,   ".tar.bz2"sv};
constexpr std::size_t tar_signature_at = 257;

unsigned byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

// A data set begins with the file meta information or an element of group 0008 (PS3.5 7.1): little
// or big endian, its VR written or not.
bool is_data_set(std::string_view bytes) {
  if (bytes.size() < 8) return false;
  const bool is_big = bytes[0] == 0;
  const unsigned group = byte_at(bytes, is_big ? 1 : 0);
  if ((group != 2 && group != 8) || byte_at(bytes, is_big ? 0 : 1) != 0) return false;
  const unsigned element = (byte_at(bytes, is_big ? 2 : 3) << 8U) + byte_at(bytes, is_big ? 3 : 2);
  if (element > 0x0100) return false;
  if (dicom::vr_of(bytes.substr(4, 2))) return true;
  // Implicit VR is little endian; the elements that come first are short, and a group's length has
  // four bytes.
  if (is_big || bytes[6] != 0 || bytes[7] != 0) return false;
  const unsigned length = byte_at(bytes, 4) + (byte_at(bytes, 5) << 8U);
  return element == 0 ? length == 4 : length < 1'024 && length % 2 == 0;
}

bool is_media_directory(std::string_view bytes) {
  const std::size_t at = bytes.find("\2\0\2\0UI"sv);
  return at != std::string_view::npos && at + 8 < bytes.size() &&
         bytes.substr(at + 8).starts_with(media_directory_class);
}

}  // namespace

FileKind kind_of(std::string_view first_bytes) {
  if (first_bytes.size() > preamble_bytes &&
      first_bytes.substr(preamble_bytes).starts_with("DICM")) {
    return is_media_directory(first_bytes.substr(preamble_bytes)) ? FileKind::media_directory
                                                                  : FileKind::dicom;
  }
  if (is_data_set(first_bytes)) {
    return is_media_directory(first_bytes) ? FileKind::media_directory : FileKind::dicom;
  }
  if (std::ranges::any_of(archive_signatures, [&](std::string_view signature) {
        return first_bytes.starts_with(signature);
      })) {
    return FileKind::archive;
  }
  if (first_bytes.size() > tar_signature_at &&
      first_bytes.substr(tar_signature_at).starts_with("ustar")) {
    return FileKind::archive;
  }
  return FileKind::other;
}

bool is_archive_name(std::string_view path) {
  std::string name(path.substr(path.rfind('/') + 1));
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::ranges::any_of(archive_endings,
                             [&](std::string_view ending) { return name.ends_with(ending); });
}

}  // namespace lightbox::cli
