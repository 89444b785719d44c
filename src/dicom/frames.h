#pragma once

// Where each frame of an object's pixel data lies, so that it can be read without parsing the
// object again (PS3.5 8 and A.4). Pure but for the source; safe from any thread.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dicom/data_set.h"
#include "dicom/part10.h"

namespace lightbox::dicom {

using Fragment = BulkData::Fragment;

struct FrameIndex {
  Tag tag = 0;  // PixelData, FloatPixelData or DoubleFloatPixelData
  // Of the value; encapsulated: from the first item's tag to the end of the delimitation item.
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  // How many can be told apart: all that Number of Frames says, fewer when the value is too short
  // for them, 0 when the attributes or fragments leave it open. A video has one: its stream.
  std::uint32_t frame_count = 0;
  std::uint64_t frame_bits = 0;  // of a native frame: they follow each other; 0: encapsulated
  // Bytes of the numbers that are big endian; 1: they are little endian.
  std::uint8_t swapped_bytes = 1;
  // Of encapsulated frames.
  std::vector<Fragment> fragments = {};  // without the Basic Offset Table
  std::vector<std::uint32_t> begins =
      {};  // of each frame its first fragment; and where the last ends

  [[nodiscard]] bool is_encapsulated() const { return frame_bits == 0; }
  [[nodiscard]] std::span<const Fragment> fragments_of(std::size_t frame) const {
    return std::span(fragments).subspan(begins[frame], begins[frame + 1] - begins[frame]);
  }
};

// nullopt when it has no pixel data, or is deflated: then there is nothing to be read from the
// file. Fails when `source` does.
Result<std::optional<FrameIndex>> index_frames(const Part10& object, Source& source);

// Frames of a native value that has so many bits; of one frame, where it begins in bits is
// frame * frame_bits. What Rows, Columns, … say; 0 when they say nothing usable.
[[nodiscard]] std::uint64_t native_frame_bits(const DataSet& data_set, Tag pixel_data);

// MPEG-2, MPEG-4 AVC and HEVC (PS3.5 8.2.5 to 8.2.9): the frames are not apart.
[[nodiscard]] bool is_video(std::string_view transfer_syntax);
// Its pixel data is not encapsulated; one that is not known counts as encapsulated.
[[nodiscard]] bool is_native(std::string_view transfer_syntax);

// Encapsulated frames as they are kept: pages of so many frames each, compact.
inline constexpr std::uint32_t frames_per_page = 256;
[[nodiscard]] std::vector<std::string> pages_of(const FrameIndex& index);
// The fragments of a frame, counted within its page. nullopt: the page is damaged, or has no such
// frame.
[[nodiscard]] std::optional<std::vector<Fragment>> find_in_page(std::string_view page,
                                                                std::uint32_t frame);

}  // namespace lightbox::dicom
