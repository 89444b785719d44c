#pragma once

// GET requests to a DICOMweb server, by libcurl: one connection that is kept open, bounded answers,
// no redirects (a token must not go elsewhere). What is answered is a value; what the answer means
// is the caller's business.
//
// Belongs to one thread at a time.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "pacs/http_head.h"
#include "pacs/source.h"

namespace lightbox::pacs {

// Takes an answer of status 2xx.
class HttpBody {
 public:
  virtual ~HttpBody() = default;
  // Once, before the first bytes. A problem ends the request and is handed on.
  virtual Result<void> begin(const HttpHead& head) = 0;
  virtual Result<void> take(std::string_view bytes) = 0;
};

class HttpClient {
 public:
  // `is_stopped` ends a request within a second. Both must outlive it.
  HttpClient(const SourceOptions& source, const std::function<bool()>& is_stopped);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Fails, always naming the URL: unavailable (no connection, silence for timeout_ms, an answer
  // that is cut off, 408, 5xx but 501 and 505), throttled (429), forbidden (401, 403), not_found
  // (404, 410), not_acceptable (406), invalid (all other statuses but 2xx), and what the body fails
  // with.
  Result<HttpHead> get(const std::string& url, const std::string& accept, HttpBody& body);

  // What the last answer's Retry-After asked for; 0: nothing.
  [[nodiscard]] std::int64_t retry_after_ms() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lightbox::pacs
