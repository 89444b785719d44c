#pragma once

// The options that resources were indexed with, as the text of a row of index_options: the zone and
// what is indexed word by word ("60 narrative"), then a line for each own base. Pure.

#include <string>
#include <string_view>

#include "fhir/index.h"

namespace lightbox::store {

[[nodiscard]] std::string options_text(const fhir::IndexOptions& options);
[[nodiscard]] fhir::IndexOptions options_of(std::string_view text);

}  // namespace lightbox::store
