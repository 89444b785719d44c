#pragma once

// ImagingStudy/$refresh: other archives are looked at now, rather than when their turn comes.

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "rest/operation.h"

namespace lightbox::imaging {

// Has the newest days of a source looked at soon; of all, when it is "". False: there is no such
// source.
using Refresh = std::function<bool(std::string_view source)>;

Result<http::Response> refresh(rest::OperationCall& call, const Refresh& refresh);

}  // namespace lightbox::imaging
