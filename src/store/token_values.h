#pragma once

// Which values of a token or uri parameter are in use: steps from value to value in the index. The
// systems of one value are told by its rows, so it costs what there are resources with one.

#include <cstddef>
#include <vector>

#include "store/reader.h"

namespace lightbox::store {

// Store's member of the same name.
Result<std::vector<fhir::TokenEntry>> token_values(ReaderPool& readers,
                                                   const fhir::SearchParameter& parameter,
                                                   std::size_t values_max);

}  // namespace lightbox::store
