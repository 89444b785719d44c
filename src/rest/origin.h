#pragma once

// Who may talk to us from a browser: the Host check (421) and CORS (design, "safety"). No web page
// that a user visits may read or change patients' data on an unprotected local server.

#include <string>

#include "base/result.h"
#include "http/message.h"
#include "rest/api.h"

namespace lightbox::rest {

// misdirected unless Host is localhost, an IP address, public_url's host or an allowed host.
Result<void> check_host(const ApiOptions& options, const http::Request& request);

// forbidden when a page of an origin that is not allowed asks for a change.
Result<void> check_origin(const ApiOptions& options, const http::Request& request);

// Whether this is a CORS preflight (Fetch, 4.8), and its answer.
[[nodiscard]] bool is_preflight(const http::Request& request);
[[nodiscard]] http::Response preflight_response(const ApiOptions& options,
                                                const http::Request& request);

// Access-Control-Allow-Origin and what goes with it, when the origin is allowed.
void add_cors_fields(const ApiOptions& options, const http::Request& request,
                     http::Response& response);

}  // namespace lightbox::rest
