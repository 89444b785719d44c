#pragma once

// Files by their descriptors: what POSIX has, with failures as Problems. Knows no layout.

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace lightbox {

// An open descriptor, closed with it. Belongs to one thread at a time.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  Descriptor(Descriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~Descriptor();
  [[nodiscard]] int get() const { return descriptor_; }
  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }

 private:
  int descriptor_ = -1;
};

// What errno says of a file: insufficient_storage when the disk or quota is full, else unavailable.
[[nodiscard]] Problem file_problem(std::string_view what, const std::string& path,
                                   int system_errno);

// All of it, where the descriptor stands. Fails as file_problem; `path` is for the message.
Result<void> write_all(int descriptor, std::string_view bytes, const std::string& path);

}  // namespace lightbox
