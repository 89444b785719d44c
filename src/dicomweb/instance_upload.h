#pragma once

// PS3.18 10.5.1.4, "PS3.10 SOP Instances": one DICOM object a part.

#include <optional>
#include <string>

#include "dicomweb/upload.h"

namespace lightbox::dicomweb {

class InstanceUpload final : public Upload {
 public:
  // form: a browser's multipart/form-data, of which the files are objects and all else is skipped.
  enum class Parts : unsigned char { all, form };
  InstanceUpload(Batch& batch, Parts parts, std::size_t memory_bytes_max)
      : Upload(batch), parts_(parts), memory_bytes_max_(memory_bytes_max) {}

  Result<void> begin_part(const http::Fields& fields) override;
  Result<void> append(std::string_view bytes) override;
  Result<void> end_part() override;
  [[nodiscard]] bool blocks(std::size_t bytes) const override;

 private:
  Parts parts_;
  std::size_t memory_bytes_max_;
  std::optional<ingest::Incoming> object_;  // the present part, unless it is skipped
};

}  // namespace lightbox::dicomweb
