#pragma once

#include "cli/settings.h"

namespace lightbox::cli {

// Runs the server until SIGTERM or SIGINT; returns the process's exit status.
int serve(const Settings& settings);

}  // namespace lightbox::cli
