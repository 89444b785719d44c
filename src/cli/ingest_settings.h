#pragma once

// What the settings say about the archive and its projection; `serve`, `import` and `check` use it.

#include <cstdint>

#include "cli/settings.h"
#include "fhir/index.h"
#include "ingest/archive.h"
#include "ingest/projector.h"

namespace lightbox::cli {

[[nodiscard]] ingest::ArchiveOptions archive_options(const Settings& settings);

// `index` must be the store's. `port` is HTTP's, for the Endpoint's address. `invalid` when a list
// has an item of the wrong form or a time zone is not known.
Result<ingest::ProjectorOptions> projector_options(const Settings& settings,
                                                   const fhir::IndexOptions& index,
                                                   std::uint16_t port);

}  // namespace lightbox::cli
