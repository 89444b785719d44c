#pragma once

// The HTTP side of `lightbox serve`: which part of it answers a request.

#include <memory>

#include "cli/settings.h"
#include "dicomweb/api.h"
#include "http/server.h"
#include "imaging/operations.h"
#include "pacs/sources.h"
#include "rest/api.h"
#include "web/api.h"

namespace lightbox::cli {

// The parts that answer; filled before the server starts, and kept until it has stopped.
struct HttpParts {
  std::unique_ptr<rest::Api> rest;
  std::unique_ptr<dicomweb::Api> dicomweb;
  std::unique_ptr<web::Api> web;
};

// /dicomweb is DICOMweb's, the study browser has its files, all else is FHIR's. `parts` must
// outlive the server.
[[nodiscard]] http::Handler handler_of(const HttpParts& parts);
[[nodiscard]] http::Streamed streamed_of(const HttpParts& parts);

// An OperationOutcome, in the format that the request asks for.
[[nodiscard]] http::Response problem_response(const Problem& problem, const http::Request* request);

// `sources`, or nullptr, must outlive it.
[[nodiscard]] std::unique_ptr<dicomweb::Api> make_dicomweb(const rest::ApiOptions& options,
                                                           ingest::Archive& archive,
                                                           pacs::Sources* sources);

// Of $thumbnail: pictures are DICOMweb's.
[[nodiscard]] imaging::Thumbnail thumbnail_of(const HttpParts& parts);

// The study browser, and the viewer that the settings name: see web::Api::create.
Result<std::unique_ptr<web::Api>> make_web(const Settings& settings);

}  // namespace lightbox::cli
