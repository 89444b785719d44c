#pragma once

// Where objects are while they arrive, when they are too large for memory: dicom/incoming/ of the
// data folder, wherever the archive's files are kept. Safe from any thread.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

namespace lightbox::ingest {

inline constexpr const char* incoming_folder_name = "incoming";

class IncomingFolder {
 public:
  // Makes it, and empties it: nothing of an earlier run was acknowledged.
  static Result<std::unique_ptr<IncomingFolder>> open(const std::string& data_directory);
  [[nodiscard]] std::string new_path();

 private:
  explicit IncomingFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
  std::atomic<std::uint64_t> count_ = 0;
};

}  // namespace lightbox::ingest
