#pragma once

// `lightbox check` and `lightbox problems`: a stopped data folder's files and index.

#include <string>

#include "ingest/archive.h"
#include "ingest/projector.h"

namespace lightbox::cli {

struct CheckCommand {
  ingest::ArchiveOptions archive;
  bool is_repairing = false;
  bool is_retrying = false;
  bool is_remapping = false;
  unsigned threads = 0;  // 0: one for each core
  ingest::ProjectorOptions projector;
};

// Prints each finding and a summary, and returns the process's exit status: 0 when all is well, 2
// when something was found that is not mended, 1 when it could not go on or was stopped.
int check_archive(const CheckCommand& command);

// A line for each; 0, or 1 when the store cannot be opened.
int list_problems(const std::string& data, const ingest::ProjectorOptions& options);

}  // namespace lightbox::cli
