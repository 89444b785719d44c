#include "base/file.h"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <unistd.h>

namespace lightbox {

Descriptor::~Descriptor() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Problem file_problem(std::string_view what, const std::string& path, int system_errno) {
  const bool is_full = system_errno == ENOSPC || system_errno == EDQUOT;
  return problem(is_full ? ProblemKind::insufficient_storage : ProblemKind::unavailable,
                 fmt::format("{}: {} ({})", what, path, std::strerror(system_errno)));
}

Result<void> write_all(int descriptor, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return file_problem("The file could not be written", path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace lightbox
