#pragma once

// Bulk data of one request until its instances can be written: in memory while it is little, then
// in a file without a name below the archive's incoming folder, which goes with the descriptor,
// also by a crash. One thread at a time.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "dicom/write.h"

namespace lightbox::dicomweb {

class BulkSpool {
 public:
  // `folder`: where the file is made.
  BulkSpool(std::string folder, std::size_t memory_bytes_max);
  ~BulkSpool();
  BulkSpool(const BulkSpool&) = delete;
  BulkSpool& operator=(const BulkSpool&) = delete;

  [[nodiscard]] std::uint64_t size() const { return bytes_; }
  [[nodiscard]] bool blocks(std::size_t bytes) const {
    return descriptor_ >= 0 || memory_.size() + bytes > memory_bytes_max_;
  }
  // insufficient_storage; unavailable.
  Result<void> append(std::string_view bytes);
  Result<void> copy(std::uint64_t offset, std::uint64_t length, const dicom::ByteSink& sink) const;

 private:
  Result<void> spill();
  Result<void> write(std::string_view bytes);

  std::string folder_;
  std::size_t memory_bytes_max_;
  std::string memory_;
  int descriptor_ = -1;
  std::uint64_t bytes_ = 0;
};

}  // namespace lightbox::dicomweb
