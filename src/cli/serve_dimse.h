#pragma once

// The DIMSE server, as `lightbox serve` wires it.

#include <memory>

#include "base/result.h"
#include "cli/settings.h"
#include "dimse/server.h"
#include "ingest/archive.h"

namespace lightbox::cli {

// nullptr when it is off. `forbidden` when it would be open to other machines although nothing says
// who may come.
Result<std::unique_ptr<dimse::Server>> start_dimse(const Settings& settings,
                                                   ingest::Archive& archive);

// `invalid` when a setting of DIMSE is not what it must be.
Result<dimse::ServerOptions> dimse_options(const Settings& settings);

}  // namespace lightbox::cli
