#include "http/admission.h"

namespace lightbox::http {

Admission::Verdict Admission::admit(const std::string& address) {
  const std::lock_guard lock(mutex_);
  if (open_.load() >= limits_.connections_max) return Verdict::too_many;
  std::size_t& of_address = open_of_address_[address];
  if (of_address >= limits_.connections_per_address_max) {
    if (of_address == 0) open_of_address_.erase(address);
    return Verdict::too_many_of_address;
  }
  ++of_address;
  ++open_;
  return Verdict::admitted;
}

void Admission::leave(const std::string& address) {
  const std::lock_guard lock(mutex_);
  --open_;
  const auto found = open_of_address_.find(address);
  if (--found->second == 0) open_of_address_.erase(found);
}

bool Admission::hold_bytes(std::size_t count) {
  const std::size_t before = bytes_held_.fetch_add(count);
  if (before + count <= limits_.requests_in_flight_bytes_max) return true;
  bytes_held_.fetch_sub(count);
  return false;
}

}  // namespace lightbox::http
