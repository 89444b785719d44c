#include "web/api.h"

#include <fmt/format.h>

#include "http/compression.h"
#include "web/files.h"

namespace lightbox::web {
namespace {

// Only what this server serves; WebAssembly for the decoders of images, which make workers and
// pictures from blobs; `style` elements never, style properties by script are no matter of CSP.
constexpr std::string_view page_policy =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; style-src "
    "'self'; img-src 'self' blob: data:; connect-src 'self'; font-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
// OHIF's bundles evaluate code, and its styles are elements; still nothing goes elsewhere.
constexpr std::string_view viewer_policy =
    "default-src 'self' blob: data:; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; frame-ancestors 'self'";

constexpr std::size_t gunzipped_bytes_max = std::size_t{64} * 1024 * 1024;

void add_security_fields(std::string_view policy, http::Response& response) {
  response.fields.emplace_back("Content-Security-Policy", policy);
  response.fields.emplace_back("X-Content-Type-Options", "nosniff");
  // URLs hold the UIDs of studies.
  response.fields.emplace_back("Referrer-Policy", "no-referrer");
}

// RFC 9110 13.1.2, by weak comparison.
bool is_known(const http::Request& request, std::string_view etag) {
  const std::string known = request.field_list("If-None-Match");
  return known == "*" || known.find(etag) != std::string::npos;
}

http::Response with_validator(const http::Request& request, std::string_view etag,
                              std::string_view cache_control) {
  http::Response response{.status = is_known(request, etag) ? 304 : 200, .fields = {}, .body = {}};
  response.fields.emplace_back("ETag", etag);
  response.fields.emplace_back("Cache-Control", cache_control);
  return response;
}

http::Response file_response(const http::Request& request, const File& file) {
  http::Response response = with_validator(
      request, file.etag, file.is_immutable() ? "public, max-age=31536000, immutable" : "no-cache");
  response.fields.emplace_back("Vary", "Accept-Encoding");
  if (response.status == 304) return response;
  add_security_fields(page_policy, response);
  response.fields.emplace_back("Content-Type", file.content_type);
  if (http::accepts_gzip(request.field_list("Accept-Encoding"))) {
    response.fields.emplace_back("Content-Encoding", "gzip");
    response.body = file.gzipped;
  } else if (auto plain = http::gunzip(file.gzipped, gunzipped_bytes_max)) {
    response.body = std::move(*plain);
  }
  return response;
}

http::Response viewer_response(const http::Request& request, const ViewerFile& file) {
  http::Response response = with_validator(request, file.etag, "no-cache");
  if (response.status == 304) return response;
  add_security_fields(viewer_policy, response);
  response.fields.emplace_back("Content-Type", file.content_type);
  response.body = file.body;
  return response;
}

bool is_read(const http::Request& request) {
  return request.method == http::Method::get || request.method == http::Method::head;
}

// As text in JSON: what a URL may not have is refused by the settings.
std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace

Api::Api(ApiOptions options, Viewer viewer)
    : options_(std::move(options)), viewer_(std::move(viewer)) {}

Result<std::unique_ptr<Api>> Api::create(ApiOptions options) {
  Viewer viewer;
  if (!options.viewer_directory.empty()) {
    TRY(viewer, Viewer::open(options.viewer_directory));
  }
  return std::unique_ptr<Api>(new Api(std::move(options), std::move(viewer)));
}

bool Api::is_ours(const http::Request& request) const {
  const std::string_view path = request.path;
  return path == "/" || path == "/page.json" || path.starts_with("/assets/") ||
         find_file(path) != nullptr || viewer_.has(path);
}

std::string Api::page_json() const {
  std::string url = options_.viewer_url;
  if (url.empty() && viewer_.is_open()) url = "/viewer?StudyInstanceUIDs={study}";
  return url.empty() ? "{}" : fmt::format(R"({{"viewer":{}}})", json_text(url));
}

http::Response Api::answer_admitted(const http::Request& request) const {
  if (!is_read(request)) {
    http::Response response = options_.problem_response(
        problem(ProblemKind::method_not_allowed,
                fmt::format("{} is not possible here", http::name(request.method))),
        &request);
    response.fields.emplace_back("Allow", "GET, HEAD");
    return response;
  }
  if (request.path == "/page.json") {
    return {.status = 200,
            .fields = {{"Content-Type", "application/json"}, {"Cache-Control", "no-cache"}},
            .body = page_json()};
  }
  if (const File* file = find_file(request.path)) return file_response(request, *file);
  auto file = viewer_.read(request.path);
  if (file) return viewer_response(request, *file);
  return options_.problem_response(file.error(), &request);
}

boost::asio::awaitable<http::Response> Api::answer(const http::Request& request) {
  const auto admitted = http::check_host(options_.origins, request);
  if (!admitted) co_return options_.problem_response(admitted.error(), &request);
  co_return answer_admitted(request);
}

}  // namespace lightbox::web
