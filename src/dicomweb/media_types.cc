#include "dicomweb/media_types.h"

#include <algorithm>
#include <array>

#include "http/text.h"

namespace lightbox::dicomweb {
namespace {

struct Row {
  std::string_view transfer_syntax;
  std::string_view media_type;
  bool is_default = false;
  bool is_lossy = false;
};
// The rows with a default first in their media type.
constexpr std::array rows{
    Row{"1.2.840.10008.1.2.4.70", "image/jpeg", true},
    Row{"1.2.840.10008.1.2.4.50", "image/jpeg", false, true},
    Row{"1.2.840.10008.1.2.4.51", "image/jpeg", false, true},
    Row{"1.2.840.10008.1.2.4.53", "image/jpeg", false, true},  // retired
    Row{"1.2.840.10008.1.2.4.55", "image/jpeg", false, true},  // retired
    Row{"1.2.840.10008.1.2.4.57", "image/jpeg"},
    Row{"1.2.840.10008.1.2.5", "image/dicom-rle", true},
    Row{"1.2.840.10008.1.2.4.80", "image/jls", true},
    Row{"1.2.840.10008.1.2.4.81", "image/jls", false, true},
    Row{"1.2.840.10008.1.2.4.90", "image/jp2", true},
    Row{"1.2.840.10008.1.2.4.91", "image/jp2", false, true},
    Row{"1.2.840.10008.1.2.4.92", "image/jpx", true},
    Row{"1.2.840.10008.1.2.4.93", "image/jpx", false, true},
    Row{"1.2.840.10008.1.2.4.110", "image/jxl", true},
    Row{"1.2.840.10008.1.2.4.111", "image/jxl", false, true},
    Row{"1.2.840.10008.1.2.4.112", "image/jxl", false, true},
    Row{"1.2.840.10008.1.2.4.201", "image/jphc", true},
    Row{"1.2.840.10008.1.2.4.202", "image/jphc"},
    Row{"1.2.840.10008.1.2.4.203", "image/jphc", false, true},
    Row{"1.2.840.10008.1.2.4.100", "video/mpeg", true, true},
    Row{"1.2.840.10008.1.2.4.100.1", "video/mpeg", false, true},
    Row{"1.2.840.10008.1.2.4.101", "video/mpeg", false, true},
    Row{"1.2.840.10008.1.2.4.101.1", "video/mpeg", false, true},
    Row{"1.2.840.10008.1.2.4.102", "video/mp4", true, true},
    Row{"1.2.840.10008.1.2.4.102.1", "video/mp4", false, true},
    Row{"1.2.840.10008.1.2.4.103", "video/mp4", false, true},
    Row{"1.2.840.10008.1.2.4.103.1", "video/mp4", false, true},
    Row{"1.2.840.10008.1.2.4.104", "video/mp4", false, true},
    Row{"1.2.840.10008.1.2.4.104.1", "video/mp4", false, true},
    Row{"1.2.840.10008.1.2.4.105", "video/mp4", false, true},
    Row{"1.2.840.10008.1.2.4.105.1", "video/mp4", false, true},
    Row{"1.2.840.10008.1.2.4.106", "video/mp4", false, true},
    Row{"1.2.840.10008.1.2.4.106.1", "video/mp4", false, true},
    Row{"1.2.840.10008.1.2.4.107", "video/H265", true, true},
    Row{"1.2.840.10008.1.2.4.108", "video/H265", false, true},
};

const Row* find(std::string_view transfer_syntax) {
  const auto found = std::ranges::find(rows, transfer_syntax, &Row::transfer_syntax);
  return found == rows.end() ? nullptr : &*found;
}

}  // namespace

std::string_view media_type_of(std::string_view transfer_syntax) {
  const Row* row = find(transfer_syntax);
  return row == nullptr ? octet_stream : row->media_type;
}

std::string_view default_transfer_syntax(std::string_view media_type) {
  if (media_type == octet_stream || media_type == "application/dicom") {
    return explicit_little_endian;
  }
  const auto found = std::ranges::find_if(rows, [&](const Row& row) {
    return row.is_default && http::equals_ignoring_case(row.media_type, media_type);
  });
  return found == rows.end() ? std::string_view{} : found->transfer_syntax;
}

bool is_lossy(std::string_view transfer_syntax) {
  const Row* row = find(transfer_syntax);
  return row != nullptr && row->is_lossy;
}

bool is_for_the_web(std::string_view transfer_syntax) {
  return transfer_syntax != "1.2.840.10008.1.2" && transfer_syntax != "1.2.840.10008.1.2.2";
}

std::string content_type_of(std::string_view media_type, std::string_view transfer_syntax) {
  std::string text(media_type);
  text += "; transfer-syntax=";
  text += transfer_syntax;
  return text;
}

}  // namespace lightbox::dicomweb
