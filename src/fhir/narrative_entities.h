#pragma once

#include <cstdint>
#include <string_view>

namespace lightbox::fhir {

// The code point of HTML 4's entities ("nbsp") and XML's, named without & and ;. 0: no such entity.
[[nodiscard]] std::uint32_t html_entity(std::string_view name);

}  // namespace lightbox::fhir
