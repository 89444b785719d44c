#include "rest/bundle_response.h"

#include <fmt/format.h>

#include "base/new_id.h"
#include "fhir/json.h"
#include "fhir/resource.h"
#include "http/response_head.h"

namespace lightbox::rest {
namespace {

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
  // R4, bundle-definitions.html: the status code, with its phrase or without.
  const std::string_view reason = http::reason(answer.status);
  fmt::format_to(std::back_inserter(out), R"("response":{{"status":"{}{}{}")", answer.status,
                 reason.empty() ? "" : " ", reason);
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
  }
  if (response.modified_ms) answer.last_modified = fhir::format_instant(*response.modified_ms);
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
