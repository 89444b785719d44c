#pragma once

// Bytes received and not yet used up: [0, begin) used, [begin, end) waiting, the rest room.

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace lightbox::http {

class ReadBuffer {
 public:
  [[nodiscard]] std::string_view bytes() const { return {data_.get() + begin_, end_ - begin_}; }
  [[nodiscard]] bool is_empty() const { return begin_ == end_; }

  // Views of bytes() end here.
  void use_up(std::size_t count) {
    begin_ += count;
    if (begin_ != end_) return;
    begin_ = end_ = 0;
    // A long header or a burst of pipelined requests is no reason to keep the memory.
    if (capacity_ > small_capacity) {
      data_.reset();
      capacity_ = 0;
    }
  }

  // At least a quarter of small_capacity of room, by moving or growing. Views of bytes() end here.
  [[nodiscard]] std::span<char> room() {
    constexpr std::size_t room_min = small_capacity / 4;
    if (capacity_ - end_ < room_min) {
      const std::size_t held = end_ - begin_;
      if (capacity_ - held >= room_min && begin_ >= held) {
        std::memcpy(data_.get(), data_.get() + begin_, held);
      } else {
        const std::size_t grown = std::max(small_capacity, std::max(capacity_, held) * 2);
        auto larger = std::make_unique_for_overwrite<char[]>(grown);
        if (held != 0) std::memcpy(larger.get(), data_.get() + begin_, held);
        data_ = std::move(larger);
        capacity_ = grown;
      }
      begin_ = 0;
      end_ = held;
    }
    return {data_.get() + end_, capacity_ - end_};
  }
  void add(std::size_t count) { end_ += count; }

 private:
  static constexpr std::size_t small_capacity = 8 * 1024;

  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace lightbox::http
