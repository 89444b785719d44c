#include "base/spool.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

namespace lightbox {

Spool::Spool(std::string folder, std::size_t memory_bytes_max)
    : folder_(std::move(folder)), memory_bytes_max_(memory_bytes_max) {}

Result<void> Spool::append(std::string_view bytes) {
  const bool is_of_file = blocks(bytes.size());
  if (is_of_file && !file_.is_open()) TRY_DO(spill());
  if (is_of_file) {
    TRY_DO(write_all(file_.get(), bytes, folder_));
  } else {
    memory_ += bytes;
  }
  bytes_ += bytes.size();
  return {};
}

// Not O_TMPFILE, which not every file system has.
Result<void> Spool::spill() {
  std::string path = folder_ + "/spool-XXXXXX";
  file_ = Descriptor(::mkostemp(path.data(), O_CLOEXEC));
  if (!file_.is_open()) return file_problem("No file could be made", folder_, errno);
  ::unlink(path.c_str());
  TRY_DO(write_all(file_.get(), memory_, folder_));
  memory_ = {};
  return {};
}

Result<std::size_t> Spool::read(std::uint64_t offset, char* out, std::size_t room) const {
  if (offset >= bytes_) return std::size_t{0};
  if (!file_.is_open()) return memory_.copy(out, room, offset);
  while (true) {
    const ssize_t count = ::pread(file_.get(), out, room, static_cast<off_t>(offset));
    if (count > 0) return static_cast<std::size_t>(count);
    if (count < 0 && errno == EINTR) continue;
    return file_problem("It could not be read back", folder_, count < 0 ? errno : EIO);
  }
}

Result<void> Spool::copy(std::uint64_t offset, std::uint64_t length,
                         const std::function<Result<void>(std::string_view bytes)>& sink) const {
  if (!file_.is_open()) return sink(std::string_view(memory_).substr(offset, length));
  constexpr std::uint64_t piece_bytes_max = 256 * 1024;
  std::string piece(std::min(length, piece_bytes_max), '\0');
  while (length != 0) {
    TRY(const std::size_t count,
        read(offset, piece.data(), std::min<std::uint64_t>(length, piece.size())));
    if (count == 0) return file_problem("It could not be read back", folder_, EIO);
    TRY_DO(sink(std::string_view(piece).substr(0, count)));
    offset += count;
    length -= count;
  }
  return {};
}

}  // namespace lightbox
