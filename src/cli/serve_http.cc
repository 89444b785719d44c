#include "cli/serve_http.h"

#include "rest/negotiate.h"
#include "rest/outcome.h"

namespace lightbox::cli {

http::Handler handler_of(const HttpParts& parts) {
  return [&parts](const http::Request& request) {
    if (dicomweb::Api::is_ours(request)) return parts.dicomweb->answer(request);
    return parts.web->is_ours(request) ? parts.web->answer(request) : parts.rest->answer(request);
  };
}

http::Streamed streamed_of(const HttpParts& parts) {
  return {.wants = dicomweb::Api::is_streamed,
          .answer = [&parts](const http::Request& request, http::BodyReader& body) {
            return parts.dicomweb->answer_streamed(request, body);
          }};
}

http::Response problem_response(const Problem& problem, const http::Request* request) {
  return rest::problem_response(problem,
                                request ? rest::negotiate_leniently(*request) : rest::Negotiated{});
}

std::unique_ptr<dicomweb::Api> make_dicomweb(const rest::ApiOptions& options,
                                             ingest::Archive& archive) {
  return std::make_unique<dicomweb::Api>(dicomweb::ApiOptions{.origins = options.origins,
                                                              .limits = options.limits,
                                                              .problem_response = problem_response},
                                         archive);
}

Result<std::unique_ptr<web::Api>> make_web(const Settings& settings) {
  return web::Api::create({.origins = settings.api_options().origins,
                           .viewer_url = settings.get("viewer_url").value,
                           .viewer_directory = settings.get("ohif").value,
                           .problem_response = problem_response});
}

}  // namespace lightbox::cli
