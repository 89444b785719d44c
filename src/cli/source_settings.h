#pragma once

// The tables `[sources.NAME]` of the configuration file (docs/pacs.md). They are of the file only:
// there are no flags and no environment for them.

#include <toml++/toml.h>
#include <vector>

#include "base/result.h"
#include "pacs/source.h"

namespace lightbox::cli {

// In the order of their names. `invalid` with all that is wrong.
Result<std::vector<pacs::SourceOptions>> read_sources(const toml::table& file);

}  // namespace lightbox::cli
