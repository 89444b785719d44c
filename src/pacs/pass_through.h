#pragma once

// Images that have stayed in a source: what is asked for by WADO-RS (PS3.18 10.4) is asked of the
// source, and its answer handed on while it comes. The source's own URLs in text become ours.
//
// Safe from any thread. Its end is that of all requests: those that wait fail, and bodies break
// off.

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>

#include "base/result.h"
#include "http/message.h"
#include "pacs/source.h"
#include "pacs/transfers.h"

namespace lightbox::pacs {

class PassThrough {
 public:
  explicit PassThrough(const SourceOptions& source);  // of DICOMweb

  // What the source has at `path` below its wado_url ("/studies/1.2/series/1.3"), with the
  // request's query, Accept and Range; nothing else of the request gets there. `own_base`:
  // "http://localhost:8080/dicomweb", in place of the source's URLs.
  //
  // The response is that of the source: 200, 206, or 416 without a body. A body that breaks off at
  // the source breaks off here. Fails, naming the source, with not_found (404, 410, 204),
  // not_acceptable (406), throttled (429, or too many wait here), not_supported (501, 505), invalid
  // (all other 4xx), and unavailable: no connection, silence, 5xx, and also 401 and 403, since it
  // is this server that the source refuses.
  boost::asio::awaitable<Result<http::Response>> retrieve(const http::Request& request,
                                                          std::string path, std::string own_base);

 private:
  class Answers;

  std::shared_ptr<Answers> answers_;  // also of requests that it does not outlive
  Transfers transfers_;
};

}  // namespace lightbox::pacs
