#pragma once

// `lightbox pull`: the studies of an archive that is elsewhere, with their images, into a stopped
// data folder (docs/pacs.md).

#include <optional>
#include <string>
#include <vector>

#include "cli/settings.h"
#include "ingest/archive.h"
#include "ingest/projector.h"

namespace lightbox::cli {

struct PullCommand {
  std::string source;
  std::string from;  // a day; "": the oldest
  std::string to;    // a day; "": today
  std::vector<std::string> modalities;
  bool with_images = false;
};

// Pulls, and returns the process's exit status: 0 when everything that the source shows is here, 2
// when something differs or the command is wrong, 1 when it could not go on or was stopped.
int pull_studies(const PullCommand& command, const Settings& settings,
                 const ingest::ProjectorOptions& projector);

}  // namespace lightbox::cli
