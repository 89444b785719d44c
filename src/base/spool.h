#pragma once

// Bytes that are needed for a while: in memory while they are few, then in a file without a name,
// which goes with the descriptor, also by a crash. Belongs to one thread at a time.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/result.h"

namespace lightbox {

class Spool {
 public:
  // `folder`: where the file is made.
  Spool(std::string folder, std::size_t memory_bytes_max);

  [[nodiscard]] std::uint64_t size() const { return bytes_; }
  // Whether to append so many bytes means to write to the disk.
  [[nodiscard]] bool blocks(std::size_t bytes) const {
    return file_.is_open() || memory_.size() + bytes > memory_bytes_max_;
  }
  // insufficient_storage; unavailable.
  Result<void> append(std::string_view bytes);
  // Of what lies from `offset` on, `room` bytes at most into `out`: how many; 0 at the end.
  // unavailable.
  Result<std::size_t> read(std::uint64_t offset, char* out, std::size_t room) const;
  // All of [offset, offset + length), in pieces. unavailable; else what `sink` fails with.
  Result<void> copy(std::uint64_t offset, std::uint64_t length,
                    const std::function<Result<void>(std::string_view bytes)>& sink) const;

 private:
  Result<void> spill();

  std::string folder_;
  std::size_t memory_bytes_max_;
  std::string memory_;  // all of it, while there is no file
  Descriptor file_;
  std::uint64_t bytes_ = 0;
};

}  // namespace lightbox
