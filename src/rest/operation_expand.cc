// ValueSet/$expand (R4, valueset-operation-expand.html).

#include <chrono>
#include <fmt/format.h>

#include "base/new_id.h"
#include "fhir/resource.h"
#include "rest/outcome.h"
#include "rest/terminology.h"

namespace lightbox::rest {
namespace {

struct Asked {
  fhir::ExpansionFilter filter;
  std::size_t offset = 0;
  std::optional<std::size_t> count;
  bool is_paged = false;
  bool with_designations = false;
};

Result<Asked> asked_of(const OperationInput& input) {
  Asked asked;
  asked.filter.text = input.text("filter").value_or("");
  TRY(const auto active, input.boolean("activeOnly"));
  asked.filter.active_only = active.value_or(false);
  TRY(const auto designations, input.boolean("includeDesignations"));
  asked.with_designations = designations.value_or(false);
  TRY(const auto nested, input.boolean("excludeNested"));
  if (nested && !*nested) {
    return problem(ProblemKind::invalid, "not-supported",
                   "excludeNested is false, but this server gives flat expansions only");
  }
  TRY(const auto offset, input.number("offset"));
  TRY(asked.count, input.number("count"));
  asked.offset = offset.value_or(0);
  asked.is_paged = offset || asked.count;
  return asked;
}

void append_member(std::string_view name, std::string_view text, std::string& out) {
  if (text.empty()) return;
  if (!out.ends_with('{')) out += ',';
  out += fmt::format(R"("{}":)", name);
  fhir::write_json_string(text, out);
}

void append_code(const fhir::ExpandedCode& code, const Asked& asked, std::string& out) {
  out += '{';
  append_member("system", code.system, out);
  if (code.is_abstract) out += out.ends_with('{') ? R"("abstract":true)" : R"(,"abstract":true)";
  if (code.is_inactive) out += out.ends_with('{') ? R"("inactive":true)" : R"(,"inactive":true)";
  append_member("version", code.version, out);
  append_member("code", code.code, out);
  append_member("display", code.display, out);
  if (asked.with_designations && !code.designations.empty()) {
    out += fmt::format(R"(,"designation":[{}])", fmt::join(code.designations, ","));
  }
  out += '}';
}

// R4: the parameters that made the expansion what it is.
std::string used_parameters(const Asked& asked) {
  ParametersWriter used;
  if (!asked.filter.text.empty()) used.add("filter", "valueString", asked.filter.text);
  if (asked.filter.active_only) used.add("activeOnly", true);
  if (asked.with_designations) used.add("includeDesignations", true);
  if (asked.is_paged) {
    used.add_raw("offset", fmt::format(R"("valueInteger":{})", asked.offset));
    if (asked.count) used.add_raw("count", fmt::format(R"("valueInteger":{})", *asked.count));
  }
  return used.text();
}

std::string value_set_json(const fhir::ValueSetContent& content,
                           const std::vector<fhir::ExpandedCode>& codes, const Asked& asked) {
  const fhir::Json* resource = content.document.root();
  const std::string_view status = resource == nullptr ? "active" : resource->string("status");
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now().time_since_epoch());
  std::string out = R"({"resourceType":"ValueSet")";
  append_member("url", content.url, out);
  append_member("version", content.version, out);
  append_member("name", content.name, out);
  append_member("title", content.title, out);
  append_member("status", status.empty() ? "active" : status, out);
  out += fmt::format(R"(,"expansion":{{"identifier":"urn:uuid:{}","timestamp":"{}","total":{})",
                     new_id(), fhir::format_instant(now.count()), codes.size());
  if (asked.is_paged) out += fmt::format(R"(,"offset":{})", asked.offset);
  if (const auto used = used_parameters(asked); !used.empty()) {
    out += fmt::format(R"(,"parameter":[{}])", used);
  }
  const std::size_t begin = std::min(asked.offset, codes.size());
  const std::size_t end =
      begin + std::min(asked.count.value_or(codes.size()), codes.size() - begin);
  for (std::size_t i = begin; i < end; ++i) {
    out += i == begin ? R"(,"contains":[)" : ",";
    append_code(codes[i], asked, out);
  }
  if (end > begin) out += ']';
  return out + "}}";
}

Result<http::Response> expand(const OperationCall& call) {
  TRY(const auto asked, asked_of(call.input));
  const auto terminology = terminology_of(call.call.api);
  TRY(const auto content, value_set_asked(call, terminology));
  TRY(const auto codes, terminology.expand(*content, asked.filter));
  return json_response(200, value_set_json(*content, codes, asked), call.call.wants);
}

}  // namespace

boost::asio::awaitable<Result<http::Response>> value_set_expand(OperationCall& call) {
  std::function<Result<http::Response>()> work = [&call] { return expand(call); };
  auto pending = in_slow_lane(call, std::move(work));
  co_return co_await std::move(pending);
}

}  // namespace lightbox::rest
