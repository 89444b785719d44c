#pragma once

// The bytes of a data set in order, for the reader: a window of them in memory that moves on, what
// lies between being skipped without being read. Values stay where they are: the window is a chunk
// of an arena, and a new one is taken when it ends. Used by one thread.
//
//   |<-- chunk -->|<-- chunk ------>|              |<-- window -------->|
//   values that were kept            (skipped)      at_            end_

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dicom/part10.h"

namespace lightbox::dicom {

// The bytes that a Part10 keeps.
using Arena = std::vector<std::unique_ptr<char[]>>;

class Input {
 public:
  // Begins at `offset`. At most `bytes_max` are held in memory, as limit dicom_header_bytes_max.
  Input(std::uint64_t offset, std::size_t bytes_max);
  virtual ~Input() = default;
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  // Of the next byte, from the beginning of the object (deflated: of the inflated data set).
  [[nodiscard]] std::uint64_t offset() const {
    return window_offset_ + static_cast<std::uint64_t>(at_ - begin_);
  }
  // Whether `count` bytes follow; they are then in the window, at data().
  Result<bool> has(std::size_t count) {
    if (count <= static_cast<std::size_t>(end_ - at_)) return true;
    return fill(count);
  }
  [[nodiscard]] char* data() { return at_; }
  [[nodiscard]] std::size_t available() const { return static_cast<std::size_t>(end_ - at_); }
  // Past bytes that are in the window; `keep`: someone keeps a view of them.
  void advance(std::size_t count) { at_ += count; }
  std::string_view keep(std::size_t count) {
    const std::string_view kept(at_, count);
    at_ += count;
    has_kept_ = true;
    return kept;
  }
  // Past bytes that need not be in the window. How many of them are missing: 0.
  Result<std::uint64_t> skip(std::uint64_t count);
  // What follows is looked at only, nothing kept, and there may be much of it; until stop_walking.
  void start_walking() { is_walking_ = true; }
  void stop_walking();

  // How many bytes follow; nullopt when nobody knows.
  [[nodiscard]] virtual std::optional<std::uint64_t> left() const = 0;

  [[nodiscard]] Arena take_arena() && { return std::move(arena_); }

 protected:
  // Up to `room` bytes from `offset`, at least `least` unless there are no more: how many.
  virtual Result<std::size_t> load(std::uint64_t offset, char* to, std::size_t least,
                                   std::size_t room) = 0;
  // Leaves out bytes from `offset`, which is past those loaded; how many are missing.
  virtual Result<std::uint64_t> leave_out(std::uint64_t offset, std::uint64_t count) = 0;

 private:
  Result<bool> fill(std::size_t count);
  Result<char*> take_chunk(std::size_t size, std::unique_ptr<char[]>& replaced);

  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  Arena arena_;
  std::unique_ptr<char[]> walked_;  // the window while walking, used again and again
  std::size_t walked_size_ = 0;
  bool is_walking_ = false;
  bool has_kept_ = true;  // of the newest chunk
  std::size_t chunk_size_ = 0;
  std::size_t read_ahead_;
  char* begin_ = nullptr;
  char* at_ = nullptr;
  char* end_ = nullptr;
  std::uint64_t window_offset_ = 0;
};

// Of a source as it lies there, from `offset`.
[[nodiscard]] std::unique_ptr<Input> make_stored_input(Source& source, std::uint64_t offset,
                                                       const Limits& limits);
// Inflates the rest of a source, from `offset` (PS3.5 A.5). `too_large` past
// dicom_inflated_bytes_max.
[[nodiscard]] std::unique_ptr<Input> make_inflated_input(Source& source, std::uint64_t offset,
                                                         const Limits& limits);

}  // namespace lightbox::dicom
