#pragma once

// Reads the metadata of instances from one connection; fast when they follow each other by series.
// Belongs to the connection's thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "store/database.h"
#include "store/series_metadata.h"

namespace lightbox::store {

class MetadataReader {
 public:
  explicit MetadataReader(Database& database) : database_(database) {}

  // DICOM JSON; nullopt: the instance is not there. internal: it is damaged.
  Result<std::optional<std::string>> read(std::int64_t instance);

 private:
  Result<void> turn_to(std::int64_t series);

  Database& database_;
  std::int64_t series_ = 0;
  std::shared_ptr<const SeriesMetadata> series_metadata_;
};

}  // namespace lightbox::store
