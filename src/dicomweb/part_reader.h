#pragma once

// A STOW request's body to its upload's parts, a piece at a time.

#include <optional>
#include <string_view>

#include "base/limits.h"
#include "base/result.h"
#include "dicomweb/store_request.h"
#include "dicomweb/upload.h"
#include "http/multipart.h"

namespace lightbox::dicomweb {

class PartReader {
 public:
  PartReader(const StoreRequest& request, const Limits& limits, Upload& upload);

  // May block when the upload does. `too_large` past stow_bytes_max; else as http::MultipartReader
  // and the upload say.
  Result<void> take(std::string_view piece);
  // After the last piece: `invalid` when the body is cut short, or has no part.
  Result<void> finish();

 private:
  Result<void> take_parts(std::string_view piece);

  const Limits& limits_;
  Upload& upload_;
  std::optional<http::MultipartReader> parts_;
  std::uint64_t bytes_ = 0;
  bool has_begun_ = false;  // of a body that is one part
};

}  // namespace lightbox::dicomweb
