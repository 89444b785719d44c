#pragma once

// The Identifier of C-MOVE and C-GET (PS3.4 C.4.2.1.4 and C.4.3.1.3) as a query of the index. Pure.

#include <expected>

#include "dicom/data_set.h"
#include "dimse/extended_negotiation.h"
#include "dimse/find_query.h"
#include "dimse/status.h"
#include "query/search.h"

namespace lightbox::dimse {

// All instances that are to be sent. `data_set_does_not_match` with the element when the Identifier
// is not of unique keys: one value for each level above that of the retrieval (which may be missing
// when it is relational), a list of UIDs at that level. Patient ID, also of the Study Root, and its
// issuer are compared; other keys must be empty, since leaving them out would send more than was
// asked for.
std::expected<query::Query, Status> parse_retrieve(const dicom::DataSet& identifier,
                                                   QueryModel model, const FindOptions& options);

}  // namespace lightbox::dimse
