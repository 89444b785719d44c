#pragma once

#include <string_view>

namespace lightbox::fhir {

// True for the names of HTML 4's entities ("nbsp") and XML's; without & and ;.
[[nodiscard]] bool is_html_entity(std::string_view name);

}  // namespace lightbox::fhir
