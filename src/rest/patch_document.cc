#include "rest/patch_document.h"

#include <fmt/format.h>

#include "fhir/json_edit.h"
#include "fhir/resource.h"
#include "fhir/xml_read.h"

namespace lightbox::rest {
namespace {

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

}  // namespace

Result<PatchDocument> read_patch(std::string_view text, PatchFormat format, const Limits& limits) {
  if (text.empty()) {
    return problem(ProblemKind::invalid, "required",
                   "The request has no body; it must be a JSON Patch or a FHIRPath Patch");
  }
  const auto parse = format == PatchFormat::fhirpath_xml ? fhir::parse_xml : fhir::parse_json;
  TRY(auto document, parse(text, limits));
  PatchDocument patch{
      .document = std::move(document), .format = format, .json = {}, .fhirpath = {}};
  const fhir::Json& root = *patch.document.root();
  if (format == PatchFormat::json_patch) {
    TRY(patch.json, fhir::read_json_patch(root, limits));
  } else {
    TRY(patch.fhirpath, fhir::read_fhirpath_patch(root, limits));
  }
  return patch;
}

Result<fhir::JsonDocument> apply_patch(const PatchDocument& patch,
                                       const store::StoredResource& current, const Limits& limits) {
  std::string text;
  store::append_resource(current, text);
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
  return document;
}

Result<store::Operation> patch_operation(const fhir::Json& patched,
                                         const store::StoredResource& current,
                                         const fhir::IndexOptions& index, const Limits& limits) {
  std::string body = fhir::to_stored(patched);
  if (body.size() > limits.body_bytes_max) {
    return problem(ProblemKind::unprocessable, "too-long",
                   fmt::format("The patched resource would have {} bytes; at most {} are stored "
                               "(body_bytes_max). Nothing was changed",
                               body.size(), limits.body_bytes_max));
  }
  return store::Operation{.kind = store::Operation::Kind::put,
                          .type = current.type,
                          .id = current.id,
                          .body = std::move(body),
                          .index = fhir::index_resource(*current.type, patched, index),
                          .preconditions = {.if_match = store::VersionSet::of(current.version)}};
}

}  // namespace lightbox::rest
