#include "dicomweb/bulk_spool.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace lightbox::dicomweb {
namespace {

Problem failed(std::string_view what, int error) {
  const bool is_full = error == ENOSPC || error == EDQUOT;
  return problem(is_full ? ProblemKind::insufficient_storage : ProblemKind::unavailable,
                 fmt::format("Bulk data could not be {}: {}", what, std::strerror(error)));
}

}  // namespace

BulkSpool::BulkSpool(std::string folder, std::size_t memory_bytes_max)
    : folder_(std::move(folder)), memory_bytes_max_(memory_bytes_max) {}

BulkSpool::~BulkSpool() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void> BulkSpool::append(std::string_view bytes) {
  bytes_ += bytes.size();
  if (blocks(bytes.size())) {
    if (descriptor_ < 0) TRY_DO(spill());
    return write(bytes);
  }
  memory_ += bytes;
  return {};
}

Result<void> BulkSpool::spill() {
  std::string path = folder_ + "/bulk-XXXXXX";
  descriptor_ = ::mkostemp(path.data(), O_CLOEXEC);
  if (descriptor_ < 0) return failed("kept in a file", errno);
  ::unlink(path.c_str());
  TRY_DO(write(memory_));
  memory_ = {};
  return {};
}

Result<void> BulkSpool::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("kept in a file", errno);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> BulkSpool::copy(std::uint64_t offset, std::uint64_t length,
                             const dicom::ByteSink& sink) const {
  if (descriptor_ < 0) return sink(std::string_view(memory_).substr(offset, length));
  constexpr std::size_t slice_bytes_max = 256 * 1024;
  std::string slice;
  while (length != 0) {
    slice.resize(static_cast<std::size_t>(std::min<std::uint64_t>(length, slice_bytes_max)));
    const ssize_t count =
        ::pread(descriptor_, slice.data(), slice.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return failed("read back", count < 0 ? errno : EIO);
    TRY_DO(sink(std::string_view(slice).substr(0, static_cast<std::size_t>(count))));
    offset += static_cast<std::uint64_t>(count);
    length -= static_cast<std::uint64_t>(count);
  }
  return {};
}

}  // namespace lightbox::dicomweb
