#include "rest/outcome.h"

#include "base/log.h"
#include "fhir/json.h"
#include "fhir/json_text.h"
#include "fhir/xml_write.h"
#include "http/status.h"

namespace lightbox::rest {
namespace {

std::string_view name(Severity severity) {
  switch (severity) {
    case Severity::fatal:
      return "fatal";
    case Severity::error:
      return "error";
    case Severity::warning:
      return "warning";
    case Severity::information:
      return "information";
  }
  return "error";
}

// What a message quotes from a request may be no UTF-8; an answer always is.
std::string as_utf8(std::string_view text) {
  std::string valid;
  while (true) {
    const std::size_t end = fhir::find_invalid_utf8(text);
    valid += text.substr(0, end);
    if (end == text.size()) return valid;
    valid += "\xEF\xBF\xBD";  // U+FFFD
    text.remove_prefix(end + 1);
  }
}

void append_issue(const Issue& issue, std::string& out) {
  out += R"({"severity":")";
  out += name(issue.severity);
  out += R"(","code":")";
  out += issue.code;
  out += R"(","diagnostics":)";
  fhir::write_json_string(as_utf8(issue.diagnostics), out);
  if (!issue.expression.empty()) {
    out += R"(,"expression":[)";
    fhir::write_json_string(issue.expression, out);
    out += ']';
  }
  out += '}';
}

// What the server itself has stored or written, so its size has been limited already.
Result<std::string> to_xml(std::string_view json, bool is_pretty) {
  const Limits limits{.json_depth_max = 256, .json_nodes_max = json.size() + 1};
  auto document = fhir::parse_json(json, limits);
  auto xml = document ? fhir::write_xml(*document->root(), is_pretty ? fhir::XmlStyle::pretty
                                                                     : fhir::XmlStyle::compact)
                      : Result<std::string>(std::move(document).error());
  if (xml) return xml;
  log(LogLevel::error, "xml_response", {{"what", xml.error().issues.front().diagnostics}});
  return problem(ProblemKind::internal, "The answer cannot be written as XML; it can as JSON");
}

}  // namespace

void append_outcome(std::span<const Issue> issues, std::string& out) {
  out += R"({"resourceType":"OperationOutcome","issue":[)";
  bool is_first = true;
  for (const Issue& issue : issues) {
    if (!is_first) out += ',';
    is_first = false;
    append_issue(issue, out);
  }
  out += "]}";
}

http::Response json_response(int status, std::string body, const Negotiated& wants) {
  http::Response response{.status = status, .fields = {}, .body = std::move(body)};
  if (wants.format == Format::xml && !response.body.empty()) {
    auto xml = to_xml(response.body, wants.is_pretty);
    if (!xml) return problem_response(xml.error(), wants);
    response.body = std::move(*xml);
  } else if (wants.is_pretty && !response.body.empty()) {
    response.body = fhir::prettify_json(response.body);
  }
  response.fields.emplace_back("Content-Type", wants.content_type);
  response.fields.emplace_back("Vary", "Accept");
  return response;
}

void append_information(std::string diagnostics, std::string& out) {
  const Issue issue{.severity = Severity::information,
                    .code = "informational",
                    .diagnostics = std::move(diagnostics),
                    .expression = {}};
  append_outcome({&issue, 1}, out);
}

http::Response problem_response(const Problem& problem, const Negotiated& wants) {
  std::string body;
  append_outcome(problem.issues, body);
  auto response = json_response(http::status_of(problem.kind), std::move(body), wants);
  // RFC 9110 10.2.3: when it makes sense to try again.
  if (problem.kind == ProblemKind::unavailable || problem.kind == ProblemKind::throttled) {
    response.fields.emplace_back("Retry-After", "1");
  }
  return response;
}

}  // namespace lightbox::rest
