#pragma once

// ImagingStudy/$refresh: other archives are looked at now, rather than when their turn comes; or a
// study of theirs.

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "rest/operation.h"

namespace lightbox::imaging {

// Has a source looked at soon, or all, when it is "": the studies that are named, or its newest
// days. False: there is no such source. `invalid` when what is named is none, `throttled` when too
// many wait.
struct RefreshRequest {
  std::string source;
  std::string study_uid;         // "": none is named so
  std::string accession_number;  // likewise
};
using Refresh = std::function<Result<bool>(const RefreshRequest&)>;

Result<http::Response> refresh(rest::OperationCall& call, const Refresh& refresh);

}  // namespace lightbox::imaging
