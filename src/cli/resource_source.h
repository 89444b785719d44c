#pragma once

// The resources of files: NDJSON, or a single resource or a Bundle as JSON or XML; a Bundle's
// entries are loaded (cli/bundle_entries.h). Each file may be compressed with gzip.
//
// A resource without an id gets one that is a digest of its content, so that loading it again finds
// it again. One line of NDJSON, and a file that is one resource or Bundle over several lines, may
// have `body_bytes_max` bytes.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

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
  // One that was refused, or a file that could not be read to its end; `where` is "FILE",
  // "FILE line 3" or "FILE line 3 entry[2]".
  std::function<void(const Problem&, const std::string& where)> refuse;
  std::function<void(const SourceProgress&)> progress;
};

// Fails, before anything else, when a file cannot be opened: with an issue for each of them.
Result<void> check_files(const std::vector<std::string>& files);

// What the files hold goes to the sink. Fails when `accept` does.
Result<void> read_resources(const std::vector<std::string>& files, const Limits& limits,
                            const ResourceSink& sink);

}  // namespace lightbox::cli
