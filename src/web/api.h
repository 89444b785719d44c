#pragma once

// The study browser over HTTP: GET / and its files, /page.json (what it cannot learn from the FHIR
// and DICOMweb APIs), and, when there is a folder of OHIF's files, the viewer at /viewer… Knows
// neither FHIR nor DICOM.

#include <boost/asio/awaitable.hpp>
#include <string>

#include "base/result.h"
#include "http/message.h"
#include "http/origin.h"
#include "http/server.h"
#include "web/viewer.h"

namespace lightbox::web {

struct ApiOptions {
  http::OriginRules origins;
  // Where "Open in OHIF" leads, with {study} for the UID; empty: to `viewer_directory`'s, if any.
  std::string viewer_url;
  std::string viewer_directory;
  http::ProblemResponse problem_response;
};

// Thread-safe.
class Api {
 public:
  // `not_found` when the viewer's folder has no index.html.
  static Result<std::unique_ptr<Api>> create(ApiOptions options);

  // Whether a request is for this rather than for another part of the server.
  [[nodiscard]] bool is_ours(const http::Request& request) const;
  boost::asio::awaitable<http::Response> answer(const http::Request& request);

 private:
  Api(ApiOptions options, Viewer viewer);
  [[nodiscard]] http::Response answer_admitted(const http::Request& request) const;
  [[nodiscard]] std::string page_json() const;

  ApiOptions options_;
  Viewer viewer_;
};

}  // namespace lightbox::web
