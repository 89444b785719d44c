#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dicom/part10.h"

namespace lightbox::dicom {
namespace {

Problem past_the_end(std::uint64_t size, std::uint64_t end) {
  return problem(ProblemKind::invalid, "structure",
                 fmt::format("the object is truncated: it has {} bytes, and bytes up to {} are "
                             "needed",
                             size, end));
}

bool is_past(std::uint64_t size, std::uint64_t offset, std::size_t count) {
  return offset > size || count > size - offset;
}

}  // namespace

Result<void> MemorySource::read(std::uint64_t offset, std::span<char> out) {
  if (is_past(bytes_.size(), offset, out.size())) {
    return past_the_end(bytes_.size(), offset + out.size());
  }
  if (!out.empty()) std::memcpy(out.data(), bytes_.data() + offset, out.size());
  return {};
}

Result<std::unique_ptr<Source>> FileSource::open(const std::string& path) {
  Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!descriptor.is_open()) {
    if (errno == ENOENT || errno == ENOTDIR) {
      return problem(ProblemKind::not_found, fmt::format("The file {} is missing", path));
    }
    return file_problem("The file could not be opened", path, errno);
  }
  return own(std::move(descriptor));
}

Result<std::unique_ptr<Source>> FileSource::own(Descriptor descriptor) {
  TRY(FileSource source, of(descriptor.get()));
  source.owned_ = std::move(descriptor);
  return std::make_unique<FileSource>(std::move(source));
}

Result<FileSource> FileSource::of(int descriptor) {
  struct stat status{};
  if (fstat(descriptor, &status) != 0) {
    return problem(ProblemKind::internal,
                   fmt::format("cannot read the file's size: {}", std::strerror(errno)));
  }
  return FileSource(descriptor, static_cast<std::uint64_t>(status.st_size));
}

Result<void> FileSource::read(std::uint64_t offset, std::span<char> out) {
  if (is_past(size_, offset, out.size())) return past_the_end(size_, offset + out.size());
  while (!out.empty()) {
    const ssize_t count = pread(descriptor_, out.data(), out.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      return problem(ProblemKind::internal,
                     fmt::format("cannot read the file: {}", std::strerror(errno)));
    }
    if (count == 0) return past_the_end(offset, offset + out.size());  // it has shrunk
    out = out.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

}  // namespace lightbox::dicom
