#pragma once

// The sources of the configuration, as commands use them and `lightbox serve` follows them.

#include <memory>
#include <string>

#include "base/result.h"
#include "cli/settings.h"
#include "imaging/refresh.h"
#include "ingest/archive.h"
#include "pacs/sources.h"

namespace lightbox::cli {

// nullptr when there are none. Fails as pacs::Sources::start, and with `invalid` when a source
// sends by C-MOVE and DIMSE is off.
Result<std::unique_ptr<pacs::Sources>> start_sources(const Settings& settings,
                                                     ingest::Archive& archive);

// `not_found`, with those that there are.
Result<const pacs::SourceOptions*> find_source(const Settings& settings, const std::string& name);

// Of ImagingStudy/$refresh; `sources`, or nullptr, must outlive it.
[[nodiscard]] imaging::Refresh refresh_of(pacs::Sources* sources);

// Of a source that sends by C-MOVE, when DIMSE is off.
[[nodiscard]] Problem needs_dimse(const pacs::SourceOptions& source);

}  // namespace lightbox::cli
