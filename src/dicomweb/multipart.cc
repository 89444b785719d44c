#include "dicomweb/multipart.h"

#include <utility>

#include "base/new_id.h"

namespace lightbox::dicomweb {

// A random number of 74 bits: no content has it but by intent, and none knows it beforehand.
Multipart::Multipart(std::string_view type) : type_(type), boundary_(new_id()) {}

std::string Multipart::content_type() const {
  return "multipart/related; type=\"" + type_ + "\"; boundary=" + boundary_;
}

std::string Multipart::begin_part(std::string_view content_type, std::string_view location) {
  std::string text = std::exchange(has_parts_, true) ? "\r\n--" : "--";
  text += boundary_;
  text += "\r\nContent-Type: ";
  text += content_type;
  if (!location.empty()) {
    text += "\r\nContent-Location: ";
    text += location;
  }
  text += "\r\n\r\n";
  return text;
}

std::string Multipart::end() const { return "\r\n--" + boundary_ + "--\r\n"; }

}  // namespace lightbox::dicomweb
