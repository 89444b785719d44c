#pragma once

// Where `lightbox load` puts resources.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "cli/load.h"
#include "fhir/resource.h"

namespace lightbox::cli {

enum class Loaded : unsigned char { created, updated, known };

// Told of each resource when its fate is known, perhaps on another thread; `where` is where it came
// from.
struct LoadReport {
  std::function<void(Loaded)> loaded;
  std::function<void(const Problem&, const std::string& where)> refused;
  // Told the share, 0 to 1, of what is done after the last resource was read.
  std::function<void(double)> indexing;
};

class LoadTarget {
 public:
  virtual ~LoadTarget() = default;
  // Fails only when the whole load cannot go on.
  virtual Result<void> put(const fhir::Resource& resource, const std::string& where) = 0;
  // Waits until all is durable.
  virtual Result<void> finish() = 0;
};

// Straight into a stopped store.
Result<std::unique_ptr<LoadTarget>> open_store_target(const LoadOptions& options,
                                                      LoadReport report);
// PUT to a running server, several at once: If-None-Match: * first; what is there already is
// compared, and replaced only when it differs.
Result<std::unique_ptr<LoadTarget>> open_http_target(const LoadOptions& options, LoadReport report);

}  // namespace lightbox::cli
