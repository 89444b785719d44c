#pragma once

// The resources of files: NDJSON, a single resource, or a Bundle, whose entries are loaded.
//
// In a Bundle, references to another entry's fullUrl (urn:uuid:…) become references to that entry's
// resource. A resource without an id gets one that is a digest of its content, so that loading it
// again finds it again.

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "fhir/resource.h"

namespace lightbox::cli {

struct SourceProgress {
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_total = 0;
};

struct ResourceSink {
  // A checked resource. Failing ends the whole load.
  std::function<Result<void>(const fhir::Resource&, const std::string& where)> accept;
  // One that was refused; `where` is "FILE line 3" or "FILE entry[2]".
  std::function<void(const Problem&, const std::string& where)> refuse;
  std::function<void(const SourceProgress&)> progress;
};

// Fails when a file cannot be read; what the files hold goes to the sink.
Result<void> read_resources(const std::vector<std::string>& files, const Limits& limits,
                            const ResourceSink& sink);

}  // namespace lightbox::cli
