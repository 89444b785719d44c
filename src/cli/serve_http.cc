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
                                             ingest::Archive& archive, pacs::Sources* sources) {
  dicomweb::ApiOptions its_options{
      .origins = options.origins, .limits = options.limits, .problem_response = problem_response};
  if (sources != nullptr) {
    its_options.pass_on = [sources](const http::Request& request, const std::string& study_uid,
                                    std::string path, std::string base) {
      return sources->pass_on(request, study_uid, std::move(path), std::move(base));
    };
  }
  return std::make_unique<dicomweb::Api>(std::move(its_options), archive);
}

imaging::Thumbnail thumbnail_of(const HttpParts& parts) {
  return [&parts](const http::Request& request, std::string study_uid) {
    return parts.dicomweb->thumbnail(request, std::move(study_uid));
  };
}

Result<std::unique_ptr<web::Api>> make_web(const Settings& settings) {
  return web::Api::create({.origins = settings.api_options().origins,
                           .viewer_url = settings.get("viewer_url").value,
                           .viewer_directory = settings.get("ohif").value,
                           .problem_response = problem_response});
}

}  // namespace lightbox::cli
