#include "http/origin.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include "http/text.h"

namespace lightbox::http {
namespace {

// "localhost" of "localhost:8080", "::1" of "[::1]:8080".
std::string_view host_name(std::string_view host) {
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    return end == std::string_view::npos ? host : host.substr(1, end - 1);
  }
  return host.substr(0, host.find(':'));
}

// What stands after the name: nothing, or ':' and a number. Links are made of it.
bool has_sound_port(std::string_view host) {
  const auto name_end = host.starts_with('[') ? host.find(']') + 1 : host.find(':');
  const auto rest = host.substr(std::min(name_end, host.size()));
  return rest.empty() || (rest.starts_with(':') && rest.size() <= 6 &&
                          rest.find_first_not_of("0123456789", 1) == std::string_view::npos);
}

std::string_view authority(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  return url.substr(0, url.find('/'));
}

// An IP address cannot be a name that an attacker's DNS points at us.
bool is_ip_address(std::string_view name) {
  boost::system::error_code error;
  boost::asio::ip::make_address(std::string(name), error);
  return !error;
}

bool is_own_origin(const OriginRules& rules, const Request& request, std::string_view origin) {
  return authority(origin) == request.field("Host") ||
         (!rules.public_url.empty() && authority(origin) == authority(rules.public_url));
}

bool is_allowed_origin(const OriginRules& rules, const Request& request, std::string_view origin) {
  if (origin.empty()) return false;
  return is_own_origin(rules, request, origin) ||
         std::ranges::any_of(rules.cors_origins, [&](const std::string& allowed) {
           return allowed == "*" || allowed == origin;
         });
}

}  // namespace

std::string own_origin(const OriginRules& rules, const Request& request) {
  if (!rules.public_url.empty()) return rules.public_url;
  const auto host = request.field("Host");
  return fmt::format("http://{}", host.empty() ? "localhost" : host);
}

Result<void> check_host(const OriginRules& rules, const Request& request) {
  const auto host = request.field("Host");
  const auto name = host_name(host);
  // HTTP/1.0 has no Host; a browser always sends one.
  if (name.empty()) return {};
  if (!has_sound_port(host)) {
    return problem(ProblemKind::misdirected,
                   fmt::format("The Host '{}' is not a name or address with a port", host));
  }
  if (equals_ignoring_case(name, "localhost") || is_ip_address(name)) return {};
  if (!rules.public_url.empty() &&
      equals_ignoring_case(name, host_name(authority(rules.public_url)))) {
    return {};
  }
  for (const auto& allowed : rules.allowed_hosts) {
    if (equals_ignoring_case(name, allowed)) return {};
  }
  return problem(ProblemKind::misdirected,
                 fmt::format("This server does not answer for the host '{}'; set public_url or "
                             "allowed_hosts if it should",
                             host));
}

Result<void> check_origin(const OriginRules& rules, const Request& request) {
  const auto origin = request.field("Origin");
  const bool is_change = request.method != Method::get && request.method != Method::head &&
                         request.method != Method::options;
  if (origin.empty() || !is_change || is_allowed_origin(rules, request, origin)) return {};
  return problem(
      ProblemKind::forbidden,
      fmt::format("Pages of the origin '{}' may not use this server; set cors_origins if "
                  "they should",
                  origin));
}

Result<void> admit(const OriginRules& rules, const Request& request) {
  TRY_DO(check_host(rules, request));
  return check_origin(rules, request);
}

bool is_preflight(const Request& request) {
  return request.method == Method::options && !request.field("Origin").empty() &&
         !request.field("Access-Control-Request-Method").empty();
}

Response preflight_response(const OriginRules& rules, const Request& request) {
  Response response{.status = 204, .fields = {}, .body = {}};
  if (!is_allowed_origin(rules, request, request.field("Origin"))) {
    response.status = 403;
    return response;
  }
  add_cors_fields(rules, request, response);
  response.fields.emplace_back("Access-Control-Allow-Methods",
                               "GET, HEAD, POST, PUT, PATCH, DELETE");
  const auto headers = request.field("Access-Control-Request-Headers");
  response.fields.emplace_back(
      "Access-Control-Allow-Headers",
      headers.empty() ? "Accept, Content-Type, If-Match, If-None-Match, If-Modified-Since, Prefer"
                      : std::string(headers));
  response.fields.emplace_back("Access-Control-Max-Age", "600");
  return response;
}

void add_cors_fields(const OriginRules& rules, const Request& request, Response& response) {
  const auto origin = request.field("Origin");
  if (origin.empty()) return;
  const auto vary = std::ranges::find(
      response.fields, "Vary", [](const auto& field) -> std::string_view { return field.first; });
  if (vary == response.fields.end()) {
    response.fields.emplace_back("Vary", "Origin");
  } else {
    vary->second += ", Origin";
  }
  if (!is_allowed_origin(rules, request, origin)) return;
  response.fields.emplace_back("Access-Control-Allow-Origin", origin);
  response.fields.emplace_back("Access-Control-Expose-Headers",
                               "ETag, Last-Modified, Location, Content-Location, Warning");
}

}  // namespace lightbox::http
