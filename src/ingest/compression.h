#pragma once

// Objects that are kept compressed without loss, in zstd's seekable format
// (https://github.com/facebook/zstd, contrib/seekable_format): what zstd -d makes of such a file
// are exactly the bytes that arrived.
//
//   frames   zstd frames, each of the next 262,144 bytes of the content, with its checksum; the
//            last has the rest
//   table    a skippable frame: the lengths of each frame, compressed and not; how many there are
//
// So a part of the content is read by inflating the frames that cover it. Memory is bounded by a
// few frames and the table, whatever the file says of itself. Knows no DICOM.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dicom/part10.h"

namespace lightbox::ingest {

// Of the names of such files: "1.2.3.dcm.zst".
inline constexpr std::string_view compressed_suffix = ".zst";
[[nodiscard]] inline bool is_compressed(std::string_view name) {
  return name.ends_with(compressed_suffix);
}

enum class Compressed : std::uint8_t { yes, too_large };
// Gives `sink` the compressed form of all of `content`, in pieces; it is not empty. `too_large`
// when that needs more than `bytes_max`: then `sink` had a part of it. Fails as both do. Any
// thread.
Result<Compressed> compress(dicom::Source& content, std::uint64_t bytes_max,
                            const std::function<Result<void>(std::string_view bytes)>& sink);

// The content of a compressed file, with one inflated frame at hand. What is damaged is `internal`,
// with `location` in the diagnostics.
class CompressedSource : public dicom::Source {
 public:
  // Reads the table. Fails as `stored` does; `internal` when it is not such a file, whole.
  static Result<std::unique_ptr<dicom::Source>> open(std::unique_ptr<dicom::Source> stored,
                                                     std::string location);
  ~CompressedSource() override;

  [[nodiscard]] std::uint64_t size() const override { return content_bytes_; }
  Result<void> read(std::uint64_t offset, std::span<char> out) override;

 private:
  struct Context;
  CompressedSource(std::unique_ptr<dicom::Source> stored, std::string location);
  Result<void> read_table();
  Result<void> read_entries(std::uint64_t table_offset, std::size_t frames,
                            std::size_t entry_bytes);
  Result<void> read_stored(std::uint64_t offset, std::span<char> out);
  [[nodiscard]] std::size_t content_bytes_of(std::size_t frame) const;
  Result<void> inflate(std::size_t frame, std::span<char> out);
  [[nodiscard]] Problem damaged(std::string_view what) const;

  std::unique_ptr<dicom::Source> stored_;
  std::string location_;
  std::unique_ptr<Context> context_;
  std::vector<std::uint64_t> frame_offsets_;  // where each begins, and the last ends
  std::uint64_t content_bytes_ = 0;
  std::size_t frame_bytes_ = 0;  // of content: of every frame but the last
  std::string compressed_;       // the frame that is being inflated
  std::string inflated_;         // frame `inflated_frame_`
  std::size_t inflated_frame_;
};

}  // namespace lightbox::ingest
