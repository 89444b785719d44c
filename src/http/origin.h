#pragma once

// Who may talk to us from a browser: the Host check (421) and CORS (design, "safety"). No web page
// that a user visits may read or change patients' data on an unprotected local server.

#include <string>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace lightbox::http {

// What the operator says about it.
struct OriginRules {
  std::string public_url;                  // "https://host"; empty: "http://" and the Host field
  std::vector<std::string> allowed_hosts;  // beside localhost, IP addresses and public_url's host
  std::vector<std::string> cors_origins;   // "https://app.example", or "*"
};

// "https://host", or what the request came by: in front of every path of an answer.
[[nodiscard]] std::string own_origin(const OriginRules& rules, const Request& request);

// misdirected unless Host is localhost, an IP address, public_url's host or an allowed host.
Result<void> check_host(const OriginRules& rules, const Request& request);

// forbidden when a page of an origin that is not allowed asks for a change.
Result<void> check_origin(const OriginRules& rules, const Request& request);

// Both: what every request must pass.
Result<void> admit(const OriginRules& rules, const Request& request);

// Whether this is a CORS preflight (Fetch, 4.8), and its answer.
[[nodiscard]] bool is_preflight(const Request& request);
[[nodiscard]] Response preflight_response(const OriginRules& rules, const Request& request);

// Access-Control-Allow-Origin and what goes with it, when the origin is allowed.
void add_cors_fields(const OriginRules& rules, const Request& request, Response& response);

}  // namespace lightbox::http
