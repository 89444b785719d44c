#pragma once

// FHIR operations that need the archive, for rest::Api (docs/operations.md):
//   ImagingStudy/[id]/$explain-mapping   where the study's elements come from
//   ImagingStudy/[id]/$thumbnail         a picture of the study
//   ImagingStudy/$refresh                other archives are looked at now
//   Patient/$merge                       two patients are one

#include <functional>
#include <string>
#include <vector>

#include "imaging/refresh.h"
#include "ingest/projector.h"
#include "rest/operation.h"

namespace lightbox::imaging {

// Makes a study's picture, as the request wants it: of whoever can render.
using Thumbnail = std::function<boost::asio::awaitable<Result<http::Response>>(
    const http::Request& request, std::string study_uid)>;

// The projector must outlive them.
[[nodiscard]] std::vector<rest::Operation> operations(ingest::Projector& projector,
                                                      Thumbnail thumbnail, Refresh refresh);

}  // namespace lightbox::imaging
