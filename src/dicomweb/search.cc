// Search of studies, series and instances (QIDO-RS, PS3.18 10.6). Like a search of FHIR it is tried
// on the connection's own thread, and one that turns out long is started again in a lane of its
// own.

#include <fmt/format.h>

#include "dicom/json.h"
#include "dicomweb/native_model.h"
#include "dicomweb/routes.h"
#include "dicomweb/search_request.h"
#include "dicomweb/store_request.h"
#include "store/dicom_snapshot.h"

namespace lightbox::dicomweb {
namespace {

using query::Level;

// What was found, in the form that is asked for.
struct Answers {
  query::Found found;
  std::string body;
};

constexpr std::string_view boundary = "lightbox-search-answers";

// Each result is a part (PS3.18 8.7.3.2).
Result<void> append_xml(std::string_view json, const Limits& limits, std::string& out) {
  TRY(const auto parsed, dicom::ParsedJson::parse(json, limits));
  out += fmt::format("--{}\r\nContent-Type: application/dicom+xml\r\n\r\n", boundary);
  out += write_native_model(parsed.data_set());
  out += "\r\n";
  return {};
}

Result<Answers> run(Api& api, const SearchRequest& request, ResponseFormat format,
                    store::Effort effort) {
  TRY(auto snapshot, api.archive().store().dicom().snapshot(effort));
  Answers answers;
  Result<void> written;
  std::string one;
  const bool is_json = format == ResponseFormat::json;
  if (is_json) answers.body += '[';
  const auto take = [&](const query::Match& match) {
    if (is_json) {
      if (answers.body.size() > 1) answers.body += ',';
      request.form.append(match, answers.body);
      return true;
    }
    one.clear();
    request.form.append(match, one);
    written = append_xml(one, api.limits(), answers.body);
    return written.has_value();
  };
  TRY(answers.found, query::search(snapshot, request.query, take));
  TRY_DO(std::move(written));
  answers.body += is_json ? std::string("]") : fmt::format("--{}--\r\n", boundary);
  return answers;
}

Result<ResponseForm> form_of(const http::Request& request, const std::string& accept) {
  if (accept.empty()) return response_form(request);
  http::Request with_accept;
  with_accept.fields.emplace_back("Accept", accept);
  return response_form(with_accept);
}

// PS3.18 8.3.4.4.1; how many there are is said where it is known.
std::string rest_text(const SearchRequest& request, std::uint64_t rest) {
  if (request.query.rest == query::Query::Rest::looked_for) {
    return "There are additional results that can be requested";
  }
  return fmt::format("There are {} additional results that can be requested", rest);
}

http::Response respond(const Call& call, const SearchRequest& request, const ResponseForm& form,
                       Answers answers) {
  http::Response response{
      .status = 200, .fields = {{"Cache-Control", "no-store"}, {"Vary", "Accept"}}, .body = {}};
  const auto warn = [&](std::string_view text) {
    response.fields.emplace_back("Warning", fmt::format("299 {}: {}", call.base, text));
  };
  if (answers.found.rest > 0) warn(rest_text(request, answers.found.rest));
  for (const std::string& warning : request.warnings) warn(warning);
  if (answers.found.matches == 0) {
    response.status = 204;
    return response;
  }
  response.fields.emplace_back(
      "Content-Type",
      form.format == ResponseFormat::json
          ? form.content_type
          : fmt::format(R"(multipart/related; type="application/dicom+xml"; boundary={})",
                        boundary));
  response.body = std::move(answers.body);
  return response;
}

boost::asio::awaitable<http::Response> search(Call& call, Level level) {
  const auto capture = [&](std::size_t index) {
    return index < call.captures.size() ? call.captures[index] : std::string();
  };
  const SearchResource resource{.level = level, .study_uid = capture(0), .series_uid = capture(1)};
  const auto parameters = http::decode_form(call.request.query);
  if (!parameters) co_return call.problem_response(parameters.error());
  const Limits& limits = call.api.limits();
  const auto request = search_request(resource, *parameters, call.base, limits);
  if (!request) co_return call.problem_response(request.error());
  const auto form = form_of(call.request, request->accept);
  if (!form) co_return call.problem_response(form.error());

  auto answers = run(call.api, *request, form->format, {.time_us = limits.search_inline_us});
  if (!answers && answers.error().kind == ProblemKind::too_costly) {
    const store::Effort effort{.time_us = limits.search_timeout_ms * 1000};
    std::function<Result<Answers>()> work = [&call, &request, &form, effort] {
      return run(call.api, *request, form->format, effort);
    };
    auto pending = call.api.search_lane().run<Answers>(std::move(work));
    answers = co_await std::move(pending);
  }
  if (!answers) co_return call.problem_response(answers.error());
  co_return respond(call, *request, *form, std::move(*answers));
}

}  // namespace

boost::asio::awaitable<http::Response> search_studies(Call& call) {
  return search(call, Level::study);
}

boost::asio::awaitable<http::Response> search_series(Call& call) {
  return search(call, Level::series);
}

boost::asio::awaitable<http::Response> search_instances(Call& call) {
  return search(call, Level::instance);
}

}  // namespace lightbox::dicomweb
