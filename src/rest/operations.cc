// For the operator: /healthz, /readyz and /metrics (Prometheus text format 0.0.4).

#include <fmt/format.h>

#include "rest/outcome.h"
#include "rest/routes.h"
#include "store/dicom_index.h"

namespace lightbox::rest {
namespace {

constexpr std::string_view plain_text = "text/plain; charset=utf-8";
constexpr std::string_view prometheus_text = "text/plain; version=0.0.4; charset=utf-8";

http::Response text_response(int status, std::string body, std::string_view type = plain_text) {
  http::Response response{.status = status, .fields = {}, .body = std::move(body)};
  response.fields.emplace_back("Content-Type", type);
  return response;
}

void append_metric(std::string_view name, std::string_view type, std::string_view help,
                   std::uint64_t value, std::string& out) {
  fmt::format_to(std::back_inserter(out),
                 "# HELP lightbox_{0} {1}\n# TYPE lightbox_{0} {2}\n"
                 "lightbox_{0} {3}\n",
                 name, help, type, value);
}

}  // namespace

boost::asio::awaitable<http::Response> healthz(Call&) { co_return text_response(200, "ok\n"); }

boost::asio::awaitable<http::Response> readyz(Call& call) {
  if (call.api.store().writable()) co_return text_response(200, "ready\n");
  co_return text_response(503, "the store takes no writes: a sync to disk failed; see the log\n");
}

boost::asio::awaitable<http::Response> metrics(Call& call) {
  std::string body;
  if (const auto* server = call.api.server(); server != nullptr) {
    const auto counts = server->counts();
    append_metric("http_connections", "gauge", "Open connections.", counts.connections_open, body);
    append_metric("http_connections_total", "counter", "Connections accepted.",
                  counts.connections_total, body);
    append_metric("http_requests_total", "counter", "Requests answered.", counts.requests_total,
                  body);
    append_metric("http_refused_total", "counter", "Connections and requests refused by a limit.",
                  counts.refused_total, body);
  }
  append_metric("resources", "gauge", "Resources in the store.", call.api.store().resource_count(),
                body);
  if (const auto archive = call.api.store().dicom().counts()) {
    append_metric("dicom_studies", "gauge", "Studies in the archive.", archive->studies, body);
    append_metric("dicom_series", "gauge", "Series in the archive.", archive->series, body);
    append_metric("dicom_instances", "gauge", "Instances in the archive.", archive->instances,
                  body);
    append_metric("dicom_bytes", "gauge", "Bytes of the instances' files.", archive->file_bytes,
                  body);
    append_metric("dicom_studies_waiting", "gauge",
                  "Studies with changes that their resources do not show yet.", archive->changed,
                  body);
    append_metric("dicom_problems", "gauge", "Problems that are listed.", archive->problems, body);
  }
  append_metric("store_writable", "gauge", "0 after a failed sync to disk.",
                call.api.store().writable() ? 1 : 0, body);
  co_return text_response(200, std::move(body), prometheus_text);
}

}  // namespace lightbox::rest
