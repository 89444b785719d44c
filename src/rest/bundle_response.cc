#include "rest/bundle_response.h"

#include <fmt/format.h>

#include "fhir/json.h"
#include "fhir/resource.h"
#include "rest/condition.h"
#include "rest/new_id.h"
#include "rest/respond.h"

namespace lightbox::rest {
namespace {

// R4: the status code, and its name beside it.
std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return " OK";
    case 201:
      return " Created";
    case 204:
      return " No Content";
    case 304:
      return " Not Modified";
    case 400:
      return " Bad Request";
    case 404:
      return " Not Found";
    case 405:
      return " Method Not Allowed";
    case 409:
      return " Conflict";
    case 410:
      return " Gone";
    case 412:
      return " Precondition Failed";
    case 422:
      return " Unprocessable Entity";
    default:
      return "";
  }
}

void append_member(std::string_view name, std::string_view value, std::string& out) {
  if (value.empty()) return;
  out.append(",\"").append(name).append("\":");
  fhir::write_json_string(value, out);
}

void append_entry(const EntryAnswer& answer, std::string& out) {
  out += '{';
  if (!answer.body.empty() && !answer.is_outcome) {
    out.append("\"resource\":").append(answer.body).append(",");
  }
  fmt::format_to(std::back_inserter(out), R"("response":{{"status":"{}{}")", answer.status,
                 reason_of(answer.status));
  append_member("location", answer.location, out);
  append_member("etag", answer.etag, out);
  append_member("lastModified", answer.last_modified, out);
  if (!answer.body.empty() && answer.is_outcome) out.append(",\"outcome\":").append(answer.body);
  out += "}}";
}

}  // namespace

EntryAnswer to_entry_answer(const BundleEntry& entry, PreferReturn prefer,
                            http::Response response) {
  EntryAnswer answer;
  answer.status = response.status;
  for (const auto& [name, value] : response.fields) {
    if (name == "Location") answer.location = value;
    if (name == "ETag") answer.etag = value;
    if (name != "Last-Modified") continue;
    if (const auto seconds = parse_http_date(value)) {
      answer.last_modified = fhir::format_instant(*seconds * 1000);
    }
  }
  if (entry.method != http::Method::head) answer.body = std::move(response.body);
  const bool is_write = !entry.is_read() && entry.path.find('$') == std::string_view::npos;
  answer.is_outcome =
      response.status >= 400 || (is_write && prefer == PreferReturn::operation_outcome);
  return answer;
}

std::string response_bundle(BundleRequest::Type type, std::span<const EntryAnswer> answers) {
  std::size_t bytes = 256;
  for (const EntryAnswer& answer : answers) bytes += answer.body.size() + 256;
  std::string out;
  out.reserve(bytes);
  fmt::format_to(std::back_inserter(out),
                 R"({{"resourceType":"Bundle","id":"{}","type":"{}-response")", new_id(),
                 type == BundleRequest::Type::batch ? "batch" : "transaction");
  char separator = '[';
  if (!answers.empty()) out += R"(,"entry":)";
  for (const EntryAnswer& answer : answers) {
    out += separator;
    separator = ',';
    append_entry(answer, out);
  }
  if (separator == ',') out += ']';
  out += '}';
  return out;
}

}  // namespace lightbox::rest
