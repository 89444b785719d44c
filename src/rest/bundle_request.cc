#include "rest/bundle_request.h"

#include <algorithm>
#include <array>
#include <boost/archive/iterators/binary_from_base64.hpp>
#include <boost/archive/iterators/transform_width.hpp>
#include <cctype>
#include <charconv>
#include <fmt/format.h>
#include <iterator>
#include <span>

#include "fhir/index.h"
#include "fhir/resource.h"
#include "fhir/xml_read.h"

namespace lightbox::rest {
namespace {

http::Method method_of(std::string_view name) {
  using enum http::Method;
  for (const http::Method method : {get, head, post, put, patch, delete_}) {
    if (name == http::name(method)) return method;
  }
  return other;
}

// Takes a member out of an object.
fhir::Json* detach(fhir::Json& object, std::string_view name) {
  fhir::Json** link = &object.first;
  while (*link != nullptr && (*link)->key != name) link = &(*link)->next;
  fhir::Json* member = *link;
  if (member == nullptr) return nullptr;
  *link = member->next;
  member->next = nullptr;
  --object.size;
  return member;
}

Result<BundleRequest::Type> type_of(const fhir::Json& root) {
  if (const auto name = root.string("resourceType"); name != "Bundle") {
    return problem(ProblemKind::invalid, "invalid",
                   fmt::format("The body is of resourceType '{}'; what is sent to the base itself "
                               "must be a Bundle of type batch or transaction",
                               name),
                   std::string(name));
  }
  const auto type = root.string("type");
  if (type == "batch") return BundleRequest::Type::batch;
  if (type == "transaction") return BundleRequest::Type::transaction;
  return problem(ProblemKind::unprocessable, "value",
                 fmt::format("Bundle.type is '{}'; what is sent to the base itself must be a batch "
                             "or a transaction. To store it as it is, POST it to [base]/Bundle",
                             type),
                 "Bundle.type");
}

Problem wrong_url(const BundleEntry& entry, std::string_view url) {
  return problem(
      ProblemKind::invalid, "value",
      fmt::format("request.url is '{}'; it must be relative to the base, such as Patient "
                  "or Patient/1",
                  url),
      entry_expression(entry.index) + ".request.url");
}

// `url` relative to the base.
void parse_url(std::string_view text, std::span<const std::string> own_bases, BundleEntry& entry) {
  entry.url = text;
  for (const std::string& base : own_bases) {
    if (entry.url.starts_with(base)) entry.url.remove_prefix(base.size());
  }
  if (entry.url.starts_with('/')) entry.url.remove_prefix(1);
  const auto question = entry.url.find('?');
  entry.path = entry.url.substr(0, question);
  if (question != std::string_view::npos) entry.query = entry.url.substr(question + 1);
  const bool is_search = entry.method == http::Method::get && !entry.query.empty();
  const bool is_absolute =
      entry.path.starts_with('/') || entry.path.find(':') != std::string_view::npos;
  if (is_absolute || (entry.path.empty() && !is_search)) entry.wrong = wrong_url(entry, text);
}

BundleEntry parse_entry(std::span<const std::string> own_bases, const fhir::Json& json,
                        fhir::Json* resource, std::size_t index) {
  BundleEntry entry;
  entry.index = index;
  entry.resource = resource;
  if (!json.is(fhir::Json::Kind::object)) return entry;  // which the validation will say
  const fhir::Json* request = json.find("request");
  if (request == nullptr) {
    entry.wrong = problem(ProblemKind::invalid, "required",
                          "An entry of a batch or transaction needs a request (bdl-3)",
                          entry_expression(index) + ".request");
    return entry;
  }
  if (!request->is(fhir::Json::Kind::object)) return entry;
  entry.method = method_of(request->string("method"));
  entry.full_url = json.string("fullUrl");
  entry.if_match = request->string("ifMatch");
  entry.if_none_match = request->string("ifNoneMatch");
  entry.if_modified_since = request->string("ifModifiedSince");
  entry.if_none_exist = request->string("ifNoneExist");
  parse_url(request->string("url"), own_bases, entry);
  return entry;
}

// The number of the entry that an issue's expression is about.
std::optional<std::size_t> entry_of(std::string_view expression) {
  constexpr std::string_view prefix = "Bundle.entry[";
  std::size_t index = 0;
  if (!expression.starts_with(prefix)) return std::nullopt;
  const char* digits = expression.data() + prefix.size();
  const auto parsed = std::from_chars(digits, expression.data() + expression.size(), index);
  return parsed.ec == std::errc{} ? std::optional(index) : std::nullopt;
}

// Gives findings to the entries that they are about. Those about none are the Bundle's; so are all
// when they are too many to have been listed.
Result<void> share_out(std::vector<Issue> issues, BundleRequest& bundle) {
  Problem whole{.kind = ProblemKind::invalid, .issues = {}};
  std::vector<std::vector<Issue>> of_entries(bundle.entries.size());
  for (Issue& issue : issues) {
    const auto index = entry_of(issue.expression);
    const bool has_entry = index && *index < of_entries.size();
    (has_entry ? of_entries[*index] : whole.issues).push_back(std::move(issue));
  }
  if (!whole.issues.empty()) {
    for (auto& rest : of_entries) std::ranges::move(rest, std::back_inserter(whole.issues));
    return whole;
  }
  for (BundleEntry& entry : bundle.entries) {
    auto& found = of_entries[entry.index];
    if (entry.wrong || found.empty()) continue;
    entry.wrong = Problem{.kind = ProblemKind::invalid, .issues = std::move(found)};
  }
  return {};
}

Result<void> check_entries(const BundleRequest& bundle) {
  Problem all{.kind = ProblemKind::invalid, .issues = {}};
  for (const BundleEntry& entry : bundle.entries) {
    if (!entry.wrong) continue;
    all.issues.insert(all.issues.end(), entry.wrong->issues.begin(), entry.wrong->issues.end());
  }
  if (all.issues.empty()) return {};
  return all;
}

// Without _format and _pretty: the answer is put into a JSON Bundle.
std::string query_of(const BundleEntry& entry) {
  std::string query;
  for (const std::string_view part : split_list(entry.query, '&')) {
    const auto name = part.substr(0, part.find('='));
    if (name == "_format" || name == "_pretty") continue;
    query.append(query.empty() ? "" : "&").append(part);
  }
  return query;
}

// Of a text that was validated.
std::string decode_base64(std::string_view text) {
  using namespace boost::archive::iterators;
  using Bytes = transform_width<binary_from_base64<const char*>, 8, 6>;
  std::string letters;
  for (const char c : text) {
    if (c != '=' && std::isspace(static_cast<unsigned char>(c)) == 0) letters += c;
  }
  const std::size_t count = letters.size() * 6 / 8;
  std::string bytes;
  bytes.reserve(count);
  for (Bytes at(letters.c_str()); bytes.size() < count; ++at) bytes += *at;
  return bytes;
}

}  // namespace

std::string entry_expression(std::size_t index) { return fmt::format("Bundle.entry[{}]", index); }

Result<BundleRequest> parse_bundle_request(const Call& call) {
  TRY(const Format format, content_format(call.request));
  if (call.request.body.empty()) {
    return problem(ProblemKind::invalid, "required",
                   "The request has no body; it must be a Bundle of type batch or transaction");
  }
  const Limits& limits = call.api.options().limits;
  BundleRequest bundle;
  const auto parse = format == Format::xml ? fhir::parse_xml : fhir::parse_json;
  TRY(bundle.document, parse(call.request.body, limits));
  fhir::Json& root = *bundle.document.root();
  TRY(bundle.type, type_of(root));

  // The resources are taken out before the shell is validated: in a batch a bad one fails alone.
  std::vector<fhir::Json*> resources;
  fhir::Json* entries = root.find("entry");
  const bool is_list = entries != nullptr && entries->is(fhir::Json::Kind::array);
  for (fhir::Json* entry = is_list ? entries->first : nullptr; entry; entry = entry->next) {
    const bool is_object = entry->is(fhir::Json::Kind::object);
    resources.push_back(is_object ? detach(*entry, "resource") : nullptr);
  }
  const auto own_bases = call.search_options().own_bases;
  bundle.entries.reserve(resources.size());
  for (fhir::Json* entry = is_list ? entries->first : nullptr; entry; entry = entry->next) {
    const std::size_t index = bundle.entries.size();
    bundle.entries.push_back(parse_entry(own_bases, *entry, resources[index], index));
  }
  TRY_DO(share_out(fhir::validate(root, {}, limits), bundle));
  if (bundle.type == BundleRequest::Type::transaction) TRY_DO(check_entries(bundle));
  return bundle;
}

Result<EntryPatch> patch_of(const BundleEntry& entry) {
  const std::string place = entry_expression(entry.index) + ".resource";
  if (entry.resource == nullptr) {
    return problem(ProblemKind::invalid, "required",
                   "PATCH needs a resource: a Binary with a JSON Patch, or Parameters with a "
                   "FHIRPath Patch",
                   place);
  }
  EntryPatch patch;
  const std::string_view type = entry.resource->string("resourceType");
  if (type == "Parameters") {
    patch.content_type = "application/fhir+json";
    fhir::write_json(*entry.resource, patch.text);
    return patch;
  }
  if (type != "Binary") {
    return problem(ProblemKind::invalid, "invalid",
                   fmt::format("The resource is of resourceType '{}'; a PATCH has a Binary with a "
                               "JSON Patch, or Parameters with a FHIRPath Patch",
                               type),
                   place);
  }
  if (auto issues = fhir::validate(*entry.resource, place); !issues.empty()) {
    return Problem{.kind = ProblemKind::invalid, .issues = std::move(issues)};
  }
  patch.content_type = entry.resource->string("contentType");
  patch.text = decode_base64(entry.resource->string("data"));
  return patch;
}

PreferReturn bundle_prefer(const Call& call) {
  const std::string prefer = call.request.field_list("Prefer");
  return prefer.find("return") == std::string::npos ? PreferReturn::minimal
                                                    : call.wants.prefer_return;
}

Result<http::Request> to_http_request(const Call& call, const BundleEntry& entry) {
  http::Request request;
  request.method = entry.method;
  request.path = fmt::format("/baseR4{}{}", entry.path.empty() ? "" : "/", entry.path);
  request.query = query_of(entry);
  request.target = fmt::format("{}?{}", request.path, request.query);
  request.remote_address = call.request.remote_address;
  request.is_tls = call.request.is_tls;
  const auto add = [&request](std::string_view name, std::string_view value) {
    if (!value.empty()) request.fields.emplace_back(name, value);
  };
  for (const std::string_view name : {"Host", "Authorization"}) add(name, call.request.field(name));
  add("Accept", "application/fhir+json");
  const bool is_strict = call.wants.handling == fhir::Handling::strict;
  static constexpr std::array returns = {"return=representation", "return=minimal",
                                         "return=OperationOutcome"};
  add("Prefer", fmt::format("{}{}", returns[static_cast<std::size_t>(bundle_prefer(call))],
                            is_strict ? ", handling=strict" : ""));
  add("If-Match", entry.if_match);
  add("If-None-Match", entry.if_none_match);
  add("If-None-Exist", entry.if_none_exist);
  if (const auto since = fhir::parse_date(entry.if_modified_since, 0)) {
    request.modified_since_ms = since->low;
  }
  if (entry.method == http::Method::patch) {
    TRY(auto patch, patch_of(entry));
    add("Content-Type", patch.content_type);
    request.body = std::move(patch.text);
  } else if (entry.resource != nullptr && entry.method != http::Method::get &&
             entry.method != http::Method::head) {
    add("Content-Type", "application/fhir+json");
    fhir::write_json(*entry.resource, request.body);
  }
  return request;
}

}  // namespace lightbox::rest
