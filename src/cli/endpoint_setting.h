#pragma once

// Settings that are ADDRESS:PORT, or off.

#include <optional>
#include <string_view>

#include "base/result.h"
#include "cli/settings.h"
#include "dimse/options.h"

namespace lightbox::cli {

// nullopt: off. `invalid` when it is neither.
Result<std::optional<dimse::Endpoint>> endpoint_setting(const Settings& settings,
                                                        std::string_view name);

// `invalid`: that the setting has this value, and where from; `right` is what it must be.
[[nodiscard]] Problem wrong_setting(std::string_view name, const Setting& setting,
                                    std::string_view right);

}  // namespace lightbox::cli
