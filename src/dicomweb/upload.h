#pragma once

// What the parts of a STOW request become. One thread at a time.

#include <cstddef>
#include <string_view>

#include "base/result.h"
#include "dicomweb/batch.h"
#include "http/message.h"

namespace lightbox::dicomweb {

class Upload {
 public:
  explicit Upload(Batch& batch) : batch_(batch) {}
  virtual ~Upload() = default;
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;

  // A problem ends the request; what is wrong with one object goes to the batch instead.
  virtual Result<void> begin_part(const http::Fields& fields) = 0;
  virtual Result<void> append(std::string_view bytes) = 0;
  virtual Result<void> end_part() = 0;
  // After the last part, before the batch is stored for the last time. May block.
  virtual Result<void> finish() { return {}; }
  // Whether taking so many bytes may wait for the disk. Else none of the calls above does.
  [[nodiscard]] virtual bool blocks(std::size_t bytes) const = 0;

 protected:
  [[nodiscard]] Batch& batch() { return batch_; }
  [[nodiscard]] const Batch& batch() const { return batch_; }

 private:
  Batch& batch_;
};

}  // namespace lightbox::dicomweb
