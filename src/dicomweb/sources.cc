// The other archives whose studies are known here, and what asking them has come to (docs/pacs.md).
// Not of PS3.18.

#include <chrono>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "dicom/json.h"
#include "dicomweb/routes.h"
#include "store/dicom_index.h"

namespace lightbox::dicomweb {
namespace {

void append_instant(std::string_view name, std::int64_t at_ms, std::string& out) {
  if (at_ms == 0) return;
  const std::chrono::sys_time<std::chrono::milliseconds> at{std::chrono::milliseconds(at_ms)};
  out += fmt::format(R"(,"{}":"{:%Y-%m-%dT%H:%M:%S}Z")", name,
                     std::chrono::floor<std::chrono::seconds>(at));
}

void append_source(const store::SourceState& state, std::string& out) {
  out += R"({"source":)";
  dicom::append_json_string(state.source, out);
  out += fmt::format(R"(,"studies":{})", state.studies);
  append_instant("polled", state.polled_ms, out);
  append_instant("walked", state.walked_ms, out);
  append_instant("failed", state.failed_ms, out);
  if (!state.failure.empty()) {
    out += R"(,"failure":)";
    dicom::append_json_string(state.failure, out);
  }
  out += '}';
}

}  // namespace

boost::asio::awaitable<http::Response> list_sources(Call& call) {
  const auto states = call.api.archive().store().dicom().source_states();
  if (!states) co_return call.problem_response(states.error());
  std::string body = "[";
  for (const store::SourceState& state : *states) {
    if (body.size() > 1) body += ',';
    append_source(state, body);
  }
  body += ']';
  co_return http::Response{
      .status = 200,
      .fields = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
      .body = std::move(body)};
}

}  // namespace lightbox::dicomweb
