#include "ingest/open_files.h"

#include <fcntl.h>
#include <functional>
#include <sys/stat.h>

namespace lightbox::ingest {
namespace {

Descriptor duplicate(const Descriptor& descriptor) {
  return Descriptor(::fcntl(descriptor.get(), F_DUPFD_CLOEXEC, 0));
}

bool is_on_disk(const Descriptor& descriptor) {
  struct stat status = {};
  return ::fstat(descriptor.get(), &status) == 0 && status.st_nlink > 0;
}

}  // namespace

OpenFiles::Open& OpenFiles::slot_of(const std::string& name) {
  return slots_[std::hash<std::string>()(name) % slots_.size()];
}

Descriptor OpenFiles::find(const std::string& name) {
  const std::lock_guard lock(mutex_);
  Open& open = slot_of(name);
  if (open.name != name) return {};
  if (is_on_disk(open.descriptor)) return duplicate(open.descriptor);
  open = {};
  return {};
}

std::uint64_t OpenFiles::turn() {
  const std::lock_guard lock(mutex_);
  return turn_;
}

void OpenFiles::keep(const std::string& name, const Descriptor& descriptor, std::uint64_t turn) {
  Descriptor kept = duplicate(descriptor);
  const std::lock_guard lock(mutex_);
  if (turn == turn_ && kept.is_open()) slot_of(name) = {name, std::move(kept)};
}

void OpenFiles::forget(const std::string& name) {
  const std::lock_guard lock(mutex_);
  ++turn_;
  Open& open = slot_of(name);
  if (open.name == name) open = {};
}

}  // namespace lightbox::ingest
