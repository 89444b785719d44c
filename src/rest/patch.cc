// patch: PATCH [base]/[type]/[id] (R4, http.html#patch; RFC 5789), with JSON Patch (RFC 6902) or
// FHIRPath Patch (R4, fhirpatch.html).
//
// 400: the patch document is malformed, or what it makes of the resource fails basic validation: R4
// has the result processed "as an Update operation", which answers that with 400. 422: the patch is
// well-formed but cannot be applied (RFC 5789, section 2.2, "unprocessable request"); so is a JSON
// Patch `test` that does not hold, and a change of what identifies the resource. Nothing is changed
// then. A patch that leaves the content as it was makes no version; the answer is the one that is
// there.

#include <fmt/format.h>

#include "fhir/fhirpath_patch.h"
#include "fhir/json_edit.h"
#include "fhir/json_patch.h"
#include "fhir/resource.h"
#include "fhir/xml_read.h"
#include "rest/condition.h"
#include "rest/outcome.h"
#include "rest/respond.h"
#include "rest/routes.h"

namespace lightbox::rest {
namespace {

// How often a patch without If-Match is applied again because another write came in between. Of n
// clients that patch one resource at once, one gets through in each of the writer's batches, so
// this is generous; past it 409.
constexpr int attempts_max = 200;

// A patch document, read once and applied to one version or to several.
struct Patch {
  fhir::JsonDocument document;  // what the operations point into
  PatchFormat format = PatchFormat::json_patch;
  fhir::JsonPatch json;
  fhir::FhirPathPatch fhirpath;
};

Result<Patch> read_patch(const Call& call) {
  TRY(const PatchFormat format, patch_format(call.request));
  const Limits& limits = call.api.options().limits;
  if (call.request.body.empty()) {
    return problem(ProblemKind::invalid, "required",
                   "The request has no body; it must be a JSON Patch or a FHIRPath Patch");
  }
  const auto parse = format == PatchFormat::fhirpath_xml ? fhir::parse_xml : fhir::parse_json;
  TRY(auto document, parse(call.request.body, limits));
  Patch patch{.document = std::move(document), .format = format, .json = {}, .fhirpath = {}};
  const fhir::Json& root = *patch.document.root();
  if (format == PatchFormat::json_patch) {
    TRY(patch.json, fhir::read_json_patch(root, limits));
  } else {
    TRY(patch.fhirpath, fhir::read_fhirpath_patch(root, limits));
  }
  return patch;
}

Problem must_stay(const fhir::ResourceType& type, std::string_view what, std::string_view was) {
  return problem(
      ProblemKind::unprocessable, "business-rule",
      fmt::format("A patch must leave {} as it is, '{}'. Nothing was changed", what, was),
      fmt::format("{}.{}", type.name, what));
}

// R4, http.html#patch: the server ensures that the narrative is not clinically unsafe afterwards. A
// narrative that was generated from the content, and is not patched with it, no longer says what
// the content says: it is removed. One with content of its own cannot be mended without its author.
Result<void> keep_narrative_safe(fhir::Json& patched, const fhir::Json& before) {
  const auto is_content = [](const fhir::Json& member) {
    return member.key != "text" && member.key != "meta";
  };
  const fhir::Json* text = before.find("text");
  fhir::Json** link = fhir::link_to(patched, "text");
  if (text == nullptr || *link == nullptr || !fhir::equal_json(*text, **link)) return {};
  bool is_changed = false;
  const auto compare = [&](const fhir::Json& one, const fhir::Json& other) {
    for (const fhir::Json* member = one.first; member != nullptr; member = member->next) {
      const fhir::Json* same = other.find(member->key);
      const bool is_same = same != nullptr && fhir::equal_json(*member, *same);
      is_changed = is_changed || (is_content(*member) && !is_same);
    }
  };
  compare(before, patched);
  compare(patched, before);
  const std::string_view status = text->string("status");
  if (!is_changed || status == "empty") return {};
  if (status == "additional") {
    return problem(
        ProblemKind::unprocessable, "business-rule",
        "The narrative has content of its own (text.status is additional), which would no "
        "longer agree with what is patched: patch or remove text, too. Nothing was changed",
        fmt::format("{}.text", before.string("resourceType")));
  }
  fhir::take_at(patched, link);
  return {};
}

// The patched version as it would be stored.
Result<store::Operation> apply(const Call& call, const Patch& patch,
                               const store::StoredResource& current) {
  const Limits& limits = call.api.options().limits;
  std::string text;
  fhir::append_resource({.type = current.type->name,
                         .id = current.id,
                         .version = current.version,
                         .updated_ms = current.updated_ms},
                        current.body, text);
  TRY(auto before, fhir::parse_json(text, limits));
  TRY(auto document, fhir::parse_json(text, limits));
  if (patch.format == PatchFormat::json_patch) {
    TRY(document, fhir::apply_json_patch(patch.json, std::move(document), limits));
  } else {
    TRY(document, fhir::apply_fhirpath_patch(patch.fhirpath, std::move(document), limits));
  }
  fhir::Json& root = *document.root();
  if (root.string("resourceType") != current.type->name) {
    return must_stay(*current.type, "resourceType", current.type->name);
  }
  if (root.string("id") != current.id) return must_stay(*current.type, "id", current.id);
  auto issues = fhir::validate(root, {}, limits);
  if (!issues.empty()) return Problem{ProblemKind::invalid, std::move(issues)};
  TRY_DO(keep_narrative_safe(root, *before.root()));
  std::string body = fhir::to_stored(root);
  if (body.size() > limits.body_bytes_max) {
    return problem(ProblemKind::unprocessable, "too-long",
                   fmt::format("The patched resource would have {} bytes; at most {} are stored "
                               "(body_bytes_max). Nothing was changed",
                               body.size(), limits.body_bytes_max));
  }
  return store::Operation{
      .kind = store::Operation::Kind::put,
      .type = current.type,
      .id = current.id,
      .body = std::move(body),
      .index = fhir::index_resource(*current.type, root, call.api.index_options()),
      .preconditions = {.if_match = store::VersionSet::of(current.version)}};
}

// The version to patch.
Result<store::StoredResource> read_current(const Call& call,
                                           const store::Preconditions& conditions) {
  TRY(const auto* type, call.type(0));
  TRY(auto current, call.api.store().read(*type, call.captures[1]));
  TRY_DO(conditions.check(*type, current.id, {current.version, true}));
  return current;
}

http::Response answer(const Call& call, const store::Operation& operation,
                      const store::OperationResult& result) {
  return written_response(call, {.status = 200, .operation = &operation, .result = result});
}

http::Response refusal(const Call& call, const Problem& problem) {
  auto response = problem_response(problem, call.wants);
  if (problem.kind == ProblemKind::unsupported_media_type) {
    response.fields.emplace_back("Accept-Patch", patch_media_types);
  }
  return response;
}

Problem too_much_traffic(const Call& call) {
  return problem(ProblemKind::conflict,
                 fmt::format("{}/{} was changed by others each of the {} times that the patch was "
                             "applied; nothing was changed by it. Try again",
                             call.captures[0], call.captures[1], attempts_max));
}

}  // namespace

boost::asio::awaitable<http::Response> patch(Call& call) {
  const auto conditions = preconditions(call.request);
  if (!conditions) co_return refusal(call, conditions.error());
  const auto patch = read_patch(call);
  if (!patch) co_return refusal(call, patch.error());
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    const auto current = read_current(call, *conditions);
    if (!current) co_return refusal(call, current.error());
    auto operation = apply(call, *patch, *current);
    if (!operation) co_return refusal(call, operation.error());
    if (operation->body == current->body) {
      const store::OperationResult unchanged{.outcome = store::OperationResult::Outcome::unchanged,
                                             .version = current->version,
                                             .updated_ms = current->updated_ms};
      co_return answer(call, *operation, unchanged);
    }
    auto result = co_await commit(call, *operation);
    if (result) co_return answer(call, *operation, *result);
    // Another write came first; whether the client's If-Match allows its version, shows then.
    if (result.error().kind != ProblemKind::precondition_failed) {
      co_return refusal(call, result.error());
    }
  }
  co_return refusal(call, too_much_traffic(call));
}

}  // namespace lightbox::rest
