#pragma once

// An HTTP request and response as values. Knows nothing of FHIR.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace lightbox::http {

// RFC 9110 methods that the server knows.
enum class Method : unsigned char { get, head, post, put, patch, delete_, options, other };
[[nodiscard]] std::string_view name(Method method);

using Fields = std::vector<std::pair<std::string, std::string>>;
using Parameters = std::vector<std::pair<std::string, std::string>>;

struct Request {
  Method method = Method::get;
  std::string target;  // as it came: "/baseR4/Patient?name=a"
  std::string path;    // still percent-encoded: "/baseR4/Patient"
  std::string query;   // without '?', still encoded
  Fields fields;
  std::string body;  // decoded when it came with Content-Encoding: gzip
  std::string remote_address;
  bool is_tls = false;
  // In place of If-Modified-Since where milliseconds matter: of a request that did not come by
  // HTTP.
  std::optional<std::int64_t> modified_since_ms = std::nullopt;

  // The first field of that name (case-insensitive), or "".
  [[nodiscard]] std::string_view field(std::string_view name) const;
  // All fields of that name joined with ", " (RFC 9110 5.3), or "".
  [[nodiscard]] std::string field_list(std::string_view name) const;
};

class ResponseBody;

struct Response {
  int status = 200;
  Fields fields;     // Content-Length, Date and Connection are the server's
  std::string body;  // a HEAD's body is counted and not sent
  // What Last-Modified says in whole seconds. Not sent.
  std::optional<std::int64_t> modified_ms = std::nullopt;
  // In place of `body`: one that is made while it is sent (response_body.h). Shared, since
  // responses are values.
  std::shared_ptr<ResponseBody> stream = nullptr;
};

// Percent-decoding ('+' stays itself; in a query or form '+' is a space). `invalid` on a bad
// escape, a NUL, or what is not UTF-8 after decoding.
Result<std::string> decode_path_segment(std::string_view encoded);
// name=value&…; a name without '=' has an empty value; empty pairs are skipped.
Result<Parameters> decode_form(std::string_view encoded);
// Encodes for use in a query value: unreserved characters and those that are readable there stay.
void append_encoded(std::string_view text, std::string& out);

}  // namespace lightbox::http
