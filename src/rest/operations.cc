// For the operator: /healthz, /readyz and /metrics (Prometheus text format 0.0.4).

#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <unistd.h>

#include "base/clock.h"
#include "base/version.h"
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

void append_sample(std::string_view name, std::string_view type, std::string_view help,
                   std::string_view labels, std::uint64_t value, std::string& out) {
  fmt::format_to(std::back_inserter(out), "# HELP {0} {1}\n# TYPE {0} {2}\n{0}{3} {4}\n", name,
                 help, type, labels, value);
}

void append_metric(std::string_view name, std::string_view type, std::string_view help,
                   std::uint64_t value, std::string& out) {
  append_sample(fmt::format("lightbox_{}", name), type, help, "", value, out);
}

// Of what has never been, nothing is fresh.
std::string seconds_since(std::int64_t at_ms) {
  return at_ms == 0 ? "+Inf" : fmt::format("{:.3f}", static_cast<double>(now_ms() - at_ms) / 1000);
}

// One metric of all sources (docs/pacs.md).
template <typename ValueOf>
void append_source_metric(std::string_view name, std::string_view help,
                          const std::vector<store::SourceState>& states, ValueOf&& value_of,
                          std::string& out) {
  if (states.empty()) return;
  fmt::format_to(std::back_inserter(out),
                 "# HELP lightbox_source_{0} {1}\n# TYPE lightbox_source_{0} gauge\n", name, help);
  for (const store::SourceState& state : states) {
    fmt::format_to(std::back_inserter(out), "lightbox_source_{}{{source=\"{}\"}} {}\n", name,
                   state.source, value_of(state));
  }
}

void append_source_metrics(const std::vector<store::SourceState>& states, std::string& out) {
  const auto append = [&](std::string_view name, std::string_view help, auto&& value_of) {
    append_source_metric(name, help, states, value_of, out);
  };
  append("studies", "Studies that another archive holds.",
         [](const auto& state) { return std::to_string(state.studies); });
  append("staleness_seconds", "Since its newest days were looked at.",
         [](const auto& state) { return seconds_since(state.polled_ms); });
  append("walk_age_seconds", "Since all of it was looked at.",
         [](const auto& state) { return seconds_since(state.walked_ms); });
  append("failing", "1 when it could not be asked the last time.",
         [](const auto& state) { return state.failed_ms > 0 ? 1 : 0; });
}

// By the names that Prometheus's client libraries give them.
void append_process_metrics(const Api& api, std::string& out) {
  append_sample("lightbox_build_info", "gauge", "The version.",
                fmt::format(R"({{version="{}"}})", version), 1, out);
  append_sample("process_start_time_seconds", "gauge", "When the process started.", "",
                static_cast<std::uint64_t>(api.started_at_s()), out);
  // proc(5): the second number is resident pages.
  std::ifstream memory("/proc/self/statm");
  std::uint64_t all_pages = 0;
  std::uint64_t resident_pages = 0;
  if (memory >> all_pages >> resident_pages) {
    append_sample("process_resident_memory_bytes", "gauge", "Memory of the process.", "",
                  resident_pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)), out);
  }
  std::error_code error;
  const auto disk = std::filesystem::space(api.options().data_directory, error);
  if (!error) {
    append_metric("disk_free_bytes", "gauge", "What the data folder's disk has left.",
                  disk.available, out);
  }
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
    append_metric("dicom_instances_elsewhere", "gauge",
                  "Instances of which only other archives have the images.", archive->remote, body);
    append_metric("dicom_fetched_bytes", "gauge", "Of copies of other archives' images.",
                  archive->fetched_bytes, body);
  }
  if (const auto states = call.api.store().dicom().source_states()) {
    append_source_metrics(*states, body);
  }
  append_metric("store_writable", "gauge", "0 after a failed sync to disk.",
                call.api.store().writable() ? 1 : 0, body);
  append_process_metrics(call.api, body);
  co_return text_response(200, std::move(body), prometheus_text);
}

}  // namespace lightbox::rest
