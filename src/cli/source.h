#pragma once

// `lightbox source SOURCE`: what the configuration says of another archive, whether it answers, and
// what asking it has come to (docs/pacs.md). It reads the state from a server that runs here, else
// from the data folder.

#include <string>

#include "cli/settings.h"
#include "ingest/projector.h"

namespace lightbox::cli {

// Returns the process's exit status: 0 when the archive answers, 1 when it does not, 2 when there
// is no such source.
int show_source(const std::string& name, const Settings& settings,
                const ingest::ProjectorOptions& projector);

}  // namespace lightbox::cli
