#pragma once

// `lightbox load`: NDJSON and Bundles, straight into a store or into a running server.

#include <string>
#include <vector>

#include "base/limits.h"
#include "fhir/index.h"

namespace lightbox::cli {

struct LoadOptions {
  std::vector<std::string> files;  // "-" is standard input
  std::string data;                // one of data and to_url
  std::string to_url;              // "http://localhost:8080/baseR4"
  unsigned connections = 16;       // to the server
  Limits limits;
  fhir::IndexOptions index;
};

// Loads everything that is good, lists what is refused and why on standard error, and returns the
// process's exit status: 0 when nothing was refused. Loading the same files again changes nothing.
int load(const LoadOptions& options);

}  // namespace lightbox::cli
