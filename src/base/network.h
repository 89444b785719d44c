#pragma once

// Addresses and networks, as the settings have them that say who may come: "10.0.0.5" stands for
// itself, "10.0.0.0/24" and "fd00::/8" for networks.

#include <string>

namespace lightbox {

[[nodiscard]] bool is_network(const std::string& text);
// `address` is numeric. False, too, when one of them is not what it must be.
[[nodiscard]] bool is_in_network(const std::string& address, const std::string& network);

}  // namespace lightbox
