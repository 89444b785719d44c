#pragma once

// Where `lightbox import` puts objects: into a stopped data folder, or a running server.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/import.h"
#include "ingest/archive.h"

namespace lightbox::cli {

// The bytes of an object that is no file of its own: an entry of an archive.
class ReceivedObject {
 public:
  virtual ~ReceivedObject() = default;
  virtual Result<void> append(std::string_view bytes) = 0;
};

// One object on its way.
struct ImportObject {
  std::string name;         // as it is shown: "scan/1.dcm", "cd.zip: scan/1.dcm"
  std::uint64_t bytes = 0;  // that count for the progress: the file's size
  std::string path;         // a file; "" when it was received
  std::unique_ptr<ReceivedObject> received;
};

// All members but finish() are safe from any thread.
class ImportTarget {
 public:
  virtual ~ImportTarget() = default;
  [[nodiscard]] virtual std::unique_ptr<ReceivedObject> receive() = 0;
  // One fate for each, in order; those that are accepted are durable.
  [[nodiscard]] virtual std::vector<ingest::Admitted> add(std::vector<ImportObject> objects) = 0;
  // How many objects add() likes to have at once.
  [[nodiscard]] virtual std::size_t batch_max() const = 0;
  // After the last add(): makes FHIR resources of what has come, telling how many studies are left.
  virtual Result<void> finish(const std::function<void(std::uint64_t studies)>& left) = 0;
};

Result<std::unique_ptr<ImportTarget>> open_archive_target(const ImportOptions& options);
Result<std::unique_ptr<ImportTarget>> open_stow_target(const ImportOptions& options);

}  // namespace lightbox::cli
