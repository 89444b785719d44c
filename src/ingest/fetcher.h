#pragma once

// Who brings the bytes of instances here that only another archive has (pacs/ has the one that
// there is). Safe from any thread.

#include <vector>

#include "base/result.h"
#include "store/dicom_index.h"

namespace lightbox::ingest {

class Fetcher {
 public:
  virtual ~Fetcher() = default;
  // Blocks until the files of these are here. `unavailable`: their archive cannot be asked, or this
  // takes longer than clients wait, and goes on; `not_found`: their archive does not have one any
  // more. When one fails the others are fetched all the same.
  virtual Result<void> fetch(const std::vector<store::StoredFile>& instances) = 0;
};

}  // namespace lightbox::ingest
