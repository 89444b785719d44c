#include "dimse/outgoing.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmnet/dcmlayer.h>
#include <fcntl.h>
#include <utility>

namespace lightbox::dimse {

Outgoing::Outgoing(std::size_t associations_max, std::unique_ptr<DcmTransportLayer> secure_layer)
    : associations_max_(associations_max), secure_layer_(std::move(secure_layer)) {}
Outgoing::~Outgoing() = default;

std::unique_ptr<Outgoing::Place> Outgoing::enter() {
  if (++count_ + callers_ > associations_max_) {
    --count_;
    return nullptr;
  }
  return std::make_unique<Place>(*this);
}

Outgoing::Place::~Place() {
  if (has_line_) {
    const std::lock_guard lock(outgoing_.mutex_);
    outgoing_.lines_.erase(line_);
  }
  --outgoing_.count_;
}

Line* Outgoing::Place::watch(int descriptor, const std::string& address) {
  const int own = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  const std::lock_guard lock(outgoing_.mutex_);
  line_ = outgoing_.lines_.emplace(outgoing_.lines_.end(), own, address);
  has_line_ = true;
  return &*line_;
}

void Outgoing::enforce_deadlines() {
  const std::lock_guard lock(mutex_);
  for (Line& line : lines_) line.enforce_deadline();
}

void Outgoing::shut_all() {
  const std::lock_guard lock(mutex_);
  for (Line& line : lines_) line.shut();
}

}  // namespace lightbox::dimse
