#include "dicomweb/instance_upload.h"

#include <fmt/format.h>
#include <utility>

#include "http/media_type.h"
#include "http/text.h"

namespace lightbox::dicomweb {
namespace {

std::string_view field(const http::Fields& fields, std::string_view wanted) {
  for (const auto& [name, value] : fields) {
    if (http::equals_ignoring_case(name, wanted)) return value;
  }
  return {};
}

// RFC 7578 4.2: form-data; name="…"; filename="…".
bool is_file(const http::Fields& fields) {
  return field(fields, "Content-Disposition").find("filename") != std::string_view::npos;
}

Result<void> check_type(std::string_view content_type) {
  if (content_type.empty()) return {};
  const auto type = http::parse_media_type(content_type);
  if (type && (type->name == "application/dicom" || type->name == "application/octet-stream")) {
    return {};
  }
  return problem(ProblemKind::not_supported,
                 fmt::format("A part has the Content-Type '{}'; it must be application/dicom",
                             content_type.substr(0, 100)));
}

}  // namespace

Result<void> InstanceUpload::begin_part(const http::Fields& fields) {
  object_.reset();
  if (parts_ == Parts::form) {
    if (is_file(fields)) object_ = batch().receive();
    return {};
  }
  if (auto checked = check_type(field(fields, "Content-Type")); !checked) {
    batch().push_failed(std::move(checked).error());
    return {};
  }
  object_ = batch().receive();
  return {};
}

Result<void> InstanceUpload::append(std::string_view bytes) {
  if (!object_) return {};
  if (auto appended = object_->append(bytes); !appended) {
    object_.reset();
    batch().push_failed(std::move(appended).error());
  }
  return {};
}

Result<void> InstanceUpload::end_part() {
  if (object_) batch().push(*std::exchange(object_, std::nullopt));
  return {};
}

bool InstanceUpload::blocks(std::size_t bytes) const {
  return object_ && object_->size() + bytes > memory_bytes_max_;
}

}  // namespace lightbox::dicomweb
