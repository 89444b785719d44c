#include "rest/bundle_request.h"

#include <array>
#include <fmt/format.h>

#include "fhir/index.h"
#include "fhir/resource.h"
#include "fhir/xml_read.h"
#include "rest/respond.h"

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

Result<BundleEntry> parse_entry(const Call& call, const fhir::Json& json, fhir::Json* resource,
                                std::size_t index) {
  const fhir::Json* request = json.find("request");
  BundleEntry entry;
  entry.index = index;
  entry.resource = resource;
  entry.method = method_of(request->string("method"));
  entry.full_url = json.string("fullUrl");
  entry.if_match = request->string("ifMatch");
  entry.if_none_match = request->string("ifNoneMatch");
  entry.if_modified_since = request->string("ifModifiedSince");
  entry.if_none_exist = request->string("ifNoneExist");
  entry.url = request->string("url");
  if (entry.url.starts_with(call.base + "/")) entry.url.remove_prefix(call.base.size());
  if (entry.url.starts_with('/')) entry.url.remove_prefix(1);
  const auto question = entry.url.find('?');
  entry.path = entry.url.substr(0, question);
  if (question != std::string_view::npos) entry.query = entry.url.substr(question + 1);
  if (entry.path.empty() || entry.path == "/") {
    return problem(ProblemKind::invalid, "value",
                   fmt::format("request.url is '{}'; it must be relative to the base, such as "
                               "Patient or Patient/1",
                               request->string("url")),
                   entry_expression(index) + ".request.url");
  }
  return entry;
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
    if (is_object && entry->find("request") == nullptr) {
      return problem(ProblemKind::invalid, "required",
                     "An entry of a batch or transaction needs a request (bdl-3)",
                     entry_expression(resources.size()) + ".request");
    }
    resources.push_back(is_object ? detach(*entry, "resource") : nullptr);
  }
  if (auto issues = fhir::validate(root, {}, limits); !issues.empty()) {
    return Problem{.kind = ProblemKind::invalid, .issues = std::move(issues)};
  }
  bundle.entries.reserve(resources.size());
  for (fhir::Json* entry = is_list ? entries->first : nullptr; entry; entry = entry->next) {
    const std::size_t index = bundle.entries.size();
    TRY(auto parsed, parse_entry(call, *entry, resources[index], index));
    bundle.entries.push_back(parsed);
  }
  return bundle;
}

PreferReturn bundle_prefer(const Call& call) {
  const std::string prefer = call.request.field_list("Prefer");
  return prefer.find("return") == std::string::npos ? PreferReturn::minimal
                                                    : call.wants.prefer_return;
}

http::Request to_http_request(const Call& call, const BundleEntry& entry) {
  http::Request request;
  request.method = entry.method;
  request.path = fmt::format("/baseR4/{}", entry.path);
  request.query = entry.query;
  request.target = fmt::format("/baseR4/{}", entry.url);
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
    add("If-Modified-Since", http_date(since->low));
  }
  if (entry.resource != nullptr && !entry.is_read()) {
    add("Content-Type", "application/fhir+json");
    fhir::write_json(*entry.resource, request.body);
  }
  return request;
}

}  // namespace lightbox::rest
