#include "rest/api.h"

#include <chrono>
#include <fmt/format.h>

#include "http/router.h"
#include "rest/outcome.h"
#include "rest/published.h"
#include "rest/routes.h"

namespace lightbox::rest {
namespace {

const http::Router& router() {
  static const http::Router built = http::Router::of(routes());
  return built;
}

// OPTIONS that is no preflight: what the resource allows (RFC 9110 9.3.7).
http::Response options_response(std::string allowed) {
  http::Response response{.status = 204, .fields = {}, .body = {}};
  // RFC 5789, section 3.1.
  if (allowed.find("PATCH") != std::string::npos) {
    response.fields.emplace_back("Accept-Patch", patch_media_types);
  }
  response.fields.emplace_back("Allow", std::move(allowed));
  return response;
}

std::string base_url(const ApiOptions& options, const http::Request& request) {
  return http::own_origin(options.origins, request) + "/baseR4";
}

}  // namespace

boost::asio::awaitable<http::Response> answer_route(Api& api, const http::Request& request) {
  std::string allowed;
  if (request.path == "*")
    co_return options_response("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  auto match = router().match(request.method, request.path, allowed);
  if (!match) {
    if (request.method == http::Method::options && !allowed.empty()) {
      co_return options_response(std::move(allowed));
    }
    auto response = problem_response(match.error(), negotiate_leniently(request));
    if (!allowed.empty()) response.fields.emplace_back("Allow", std::move(allowed));
    co_return response;
  }
  auto parameters = http::decode_form(request.query);
  if (!parameters) {
    co_return problem_response(parameters.error(), negotiate_leniently(request));
  }
  // What is not FHIR (/healthz, /metrics) is plain text, whatever the client would like.
  const bool is_fhir = routes()[match->index].pattern.starts_with("/baseR4");
  auto wants = is_fhir ? negotiate(request, *parameters) : Result<Negotiated>(Negotiated{});
  if (!wants) co_return problem_response(wants.error(), negotiate_leniently(request));

  Call call{.api = api,
            .request = request,
            .captures = std::move(match->captures),
            .parameters = std::move(*parameters),
            .wants = *wants,
            .base = base_url(api.options(), request)};
  co_return co_await routes()[match->index].handler(call);
}

Api::Api(ApiOptions options, fhir::IndexOptions index, store::Store& store,
         std::vector<Operation> more)
    : options_(std::move(options)),
      index_(std::move(index)),
      store_(store),
      operations_(std::move(more)),
      slow_lane_({.threads = 2,
                  .waiting_max = options_.limits.slow_searches_max,
                  .priority = http::Lane::Priority::low,
                  .what_waits = "long searches and great Bundles",
                  .limit_name = "slow_searches_max",
                  .advice = "try again later, or narrow the search"}),
      started_at_s_(std::chrono::duration_cast<std::chrono::seconds>(
                        std::chrono::system_clock::now().time_since_epoch())
                        .count()) {
  const auto basic = basic_operations();
  operations_.insert(operations_.begin(), basic.begin(), basic.end());
}

boost::asio::awaitable<http::Response> Api::answer(const http::Request& request) {
  http::Response response;
  if (auto admitted = http::admit(options_.origins, request); !admitted) {
    response = problem_response(admitted.error(), negotiate_leniently(request));
  } else if (http::is_preflight(request)) {
    co_return http::preflight_response(options_.origins, request);
  } else {
    response = co_await answer_route(*this, request);
  }
  http::add_cors_fields(options_.origins, request, response);
  co_return response;
}

Result<const fhir::ResourceType*> Call::type(std::size_t index) const {
  const auto* found = fhir::Definitions::r4().resource_type(captures[index]);
  if (found != nullptr) return found;
  return problem(ProblemKind::not_found, "not-supported",
                 fmt::format("'{}' is not a resource type of FHIR R4", captures[index]));
}

Publisher publisher_of(const Call& call) { return {call.base, call.api.operations()}; }

fhir::IndexOptions Call::search_options() const {
  fhir::IndexOptions options = api.index_options();
  options.own_bases.push_back(base + "/");
  return options;
}

std::vector<std::string> own_bases(const ApiOptions& options, std::uint16_t port) {
  std::vector<std::string> bases;
  if (!options.origins.public_url.empty()) bases.push_back(options.origins.public_url + "/baseR4/");
  const auto add = [&](std::string_view host) {
    bases.push_back(fmt::format("http://{}:{}/baseR4/", host, port));
  };
  add("localhost");
  add("127.0.0.1");
  add("[::1]");
  for (const auto& host : options.origins.allowed_hosts) add(host);
  return bases;
}

}  // namespace lightbox::rest
