#pragma once

// HL7 version 2 messages that say where to look, as `lightbox serve` wires them.

#include <memory>
#include <optional>

#include "base/result.h"
#include "cli/settings.h"
#include "hl7/listener.h"
#include "pacs/sources.h"

namespace lightbox::cli {

// nullopt: off. `invalid` when a setting is not what it must be, or there is no source to look at.
Result<std::optional<hl7::ListenerOptions>> hl7_options(const Settings& settings);

// nullptr when it is off, which it is without sources. As hl7::Listener::start; `sources` must
// outlive it.
Result<std::unique_ptr<hl7::Listener>> start_hl7(std::optional<hl7::ListenerOptions> options,
                                                 pacs::Sources* sources);

}  // namespace lightbox::cli
