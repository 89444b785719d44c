#pragma once

// The DIMSE server, as `lightbox serve` wires it.

#include <memory>

#include "base/result.h"
#include "cli/settings.h"
#include "dimse/server.h"
#include "ingest/archive.h"

namespace lightbox::cli {

// For associations, whoever opens them.
[[nodiscard]] dimse::TlsFiles tls_files(const Settings& settings);

// `invalid` when a setting of DIMSE is not what it must be; `forbidden` when the server would be
// open to other machines although nothing says who may come.
Result<dimse::ServerOptions> dimse_options(const Settings& settings);

// nullptr when it is off. As dimse::Server::start.
Result<std::unique_ptr<dimse::Server>> start_dimse(dimse::ServerOptions options,
                                                   ingest::Archive& archive);

}  // namespace lightbox::cli
