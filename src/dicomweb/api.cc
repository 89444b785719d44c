#include "dicomweb/api.h"

#include <algorithm>
#include <thread>

#include "dicomweb/routes.h"
#include "http/router.h"

namespace lightbox::dicomweb {
namespace {

const http::Router& router() {
  static const http::Router built = http::Router::of(routes());
  return built;
}

// Threads of the lane: they wait for syncs, which are shared.
constexpr std::size_t lane_threads = 8;
// They wait for other archives.
constexpr std::size_t fetch_threads = 32;

}  // namespace

Api::Api(ApiOptions options, ingest::Archive& archive)
    : options_(std::move(options)),
      archive_(archive),
      // An upload has one piece of work in the lane at a time.
      lane_({.threads = lane_threads,
             .waiting_max = options_.limits.stow_requests_max + options_.limits.connections_max,
             .priority = http::Lane::Priority::normal,
             .what_waits = "uploads and deletions",
             .limit_name = "stow_requests_max",
             .advice = "try again later"}),
      search_lane_({.threads = 2,
                    .waiting_max = options_.limits.slow_searches_max,
                    .priority = http::Lane::Priority::low,
                    .what_waits = "long searches",
                    .limit_name = "slow_searches_max",
                    .advice = "try again later, or ask for less"}),
      pixel_lane_({.threads = std::max(1U, std::thread::hardware_concurrency()),
                   .waiting_max = options_.limits.rendering_requests_max,
                   .priority = http::Lane::Priority::low,
                   .what_waits = "frames to be decoded",
                   .limit_name = "rendering_requests_max",
                   .advice = "try again later"}),
      fetch_lane_({.threads = fetch_threads,
                   .waiting_max = options_.limits.fetch_requests_max,
                   .priority = http::Lane::Priority::normal,
                   .what_waits = "requests for images of other archives",
                   .limit_name = "fetch_requests_max",
                   .advice = "try again later"}) {}

bool Api::is_ours(const http::Request& request) {
  const std::string_view path = request.path;
  return path == "/dicomweb" || path.starts_with("/dicomweb/") || path == "/wado";
}

bool Api::is_streamed(const http::Request& request) {
  if (request.method != http::Method::post || !is_ours(request)) return false;
  std::string allowed;
  const auto match = router().match(request.method, request.path, allowed);
  return match && routes()[match->index].is_streamed;
}

boost::asio::awaitable<http::Response> Api::answer(const http::Request& request) {
  return answer_any(request, nullptr);
}

boost::asio::awaitable<http::Response> Api::answer_streamed(const http::Request& request,
                                                            http::BodyReader& body) {
  return answer_any(request, &body);
}

boost::asio::awaitable<http::Response> Api::answer_any(const http::Request& request,
                                                       http::BodyReader* body) {
  http::Response response;
  std::string allowed;
  if (auto admitted = http::admit(options_.origins, request); !admitted) {
    response = options_.problem_response(admitted.error(), &request);
  } else if (http::is_preflight(request)) {
    co_return http::preflight_response(options_.origins, request);
  } else if (auto match = router().match(request.method, request.path, allowed); match) {
    Call call{.api = *this,
              .request = request,
              .body = body,
              .captures = std::move(match->captures),
              .base = http::own_origin(options_.origins, request) + "/dicomweb"};
    response = co_await routes()[match->index].handler(call);
  } else {
    if (request.method == http::Method::options && !allowed.empty()) {
      response.status = 204;
    } else {
      response = options_.problem_response(match.error(), &request);
    }
    if (!allowed.empty()) response.fields.emplace_back("Allow", allowed);
  }
  http::add_cors_fields(options_.origins, request, response);
  co_return response;
}

}  // namespace lightbox::dicomweb
