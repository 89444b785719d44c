#include "rest/terminology.h"

#include <fmt/format.h>

#include "fhir/resource.h"

namespace lightbox::rest {
namespace {

using fhir::Json;
using fhir::Terminology;

// Resources with one url that are looked at for a version.
constexpr std::size_t same_url_max = 100;

std::string text_of(const store::StoredResource& resource) {
  std::string text;
  store::append_resource(resource, text);
  return text;
}

fhir::Criterion has_token(const fhir::ResourceType& type, std::string_view parameter,
                          std::string code) {
  fhir::Criterion criterion;
  criterion.parameter = type.search_parameter(parameter);
  criterion.any_of.emplace_back(fhir::TokenValue{.system = {}, .code = std::move(code)});
  return criterion;
}

// The last written first.
fhir::SearchQuery query_for(const fhir::ResourceType& type, std::string_view url,
                            std::string_view version) {
  fhir::SearchQuery query;
  query.type = &type;
  query.criteria.push_back(has_token(type, "url", std::string(fhir::strip_uid(url))));
  if (!version.empty())
    query.criteria.push_back(has_token(type, "version", fhir::normalise(version)));
  query.sort.push_back(
      {.column = fhir::SortKey::Column::last_updated, .descending = true, .steps = {}});
  query.count = version.empty() ? 1 : same_url_max;
  return query;
}

// What a literal reference names: ValueSet/[id].
Result<std::optional<std::string>> find_by_id(Api& api, const fhir::ResourceType& type,
                                              std::string_view reference) {
  const std::string prefix = fmt::format("{}/", type.name);
  if (!reference.starts_with(prefix)) return std::optional<std::string>();
  const auto found = api.store().read(type, reference.substr(prefix.size()));
  if (found) return std::optional(text_of(*found));
  const bool is_absent =
      found.error().kind == ProblemKind::not_found || found.error().kind == ProblemKind::gone;
  if (is_absent) return std::optional<std::string>();
  return found.error();
}

Result<std::optional<std::string>> find_stored(Api& api, Terminology::Kind kind,
                                               std::string_view url, std::string_view version) {
  const auto* type = fhir::Definitions::r4().resource_type(
      kind == Terminology::Kind::code_system ? "CodeSystem" : "ValueSet");
  const Limits& limits = api.options().limits;
  TRY(const auto page, api.store().search(query_for(*type, url, version),
                                          {.time_us = limits.search_timeout_ms * 1000}));
  for (const auto& match : page.matches) {
    std::string text = text_of(match);
    if (version.empty()) return std::optional(std::move(text));
    TRY(const auto document, fhir::parse_json(text, limits));
    if (document.root()->string("version") == version) return std::optional(std::move(text));
  }
  return version.empty() ? find_by_id(api, *type, url) : std::optional<std::string>();
}

// A tree of its own, of a resource that is part of the request.
Result<fhir::JsonDocument> copy_of(const Json& resource) {
  std::string text;
  fhir::write_json(resource, text);
  return fhir::parse_json(text);
}

Problem nothing_named(const OperationCall& call) {
  return problem(
      ProblemKind::invalid, "required",
      fmt::format("${} needs to know which {}: its url, the resource itself, or "
                  "{}/[id]/${}",
                  call.operation.name, call.type->name, call.type->name, call.operation.name));
}

// The JSON that the call names other than by a url; nullopt: it does not.
Result<std::optional<fhir::JsonDocument>> document_asked(const OperationCall& call) {
  if (call.level == OperationLevel::instance) {
    TRY(const auto stored, call.call.api.store().read(*call.type, call.id));
    TRY(auto document, fhir::parse_json(text_of(stored), call.call.api.options().limits));
    return std::optional(std::move(document));
  }
  const Json* given = call.operation.resource_parameter.empty()
                          ? nullptr
                          : call.input.value(call.operation.resource_parameter);
  if (given == nullptr) return std::optional<fhir::JsonDocument>();
  if (given->string("resourceType") != call.type->name) {
    return problem(
        ProblemKind::invalid, "invalid",
        fmt::format("The resource is of type '{}'; ${} here takes a {}",
                    given->string("resourceType"), call.operation.name, call.type->name));
  }
  TRY(auto document, copy_of(*given));
  return std::optional(std::move(document));
}

std::string canonical_of(const OperationCall& call, const std::string& url,
                         std::string_view version_name) {
  const auto version = call.input.text(version_name);
  const bool has_version = url.find('|') != std::string::npos;
  return version && !has_version ? url + "|" + *version : url;
}

CodeAsked from_coding(const Json& coding) {
  return {.system = std::string(coding.string("system")),
          .version = std::string(coding.string("version")),
          .code = std::string(coding.string("code")),
          .display = std::string(coding.string("display"))};
}

}  // namespace

Terminology terminology_of(Api& api) {
  return Terminology(
      [&api](Terminology::Kind kind, std::string_view url, std::string_view version) {
        return find_stored(api, kind, url, version);
      },
      api.options().limits);
}

Result<std::vector<CodeAsked>> codes_asked(const OperationInput& input) {
  std::vector<CodeAsked> codes;
  int forms = 0;
  if (const auto code = input.text("code")) {
    ++forms;
    codes.push_back({.system = input.text("system").value_or(""),
                     .version = {},
                     .code = *code,
                     .display = input.text("display").value_or("")});
  }
  if (const Json* coding = input.value("coding")) {
    ++forms;
    codes.push_back(from_coding(*coding));
  }
  if (const Json* codeable = input.value("codeableConcept")) {
    ++forms;
    const Json* codings = codeable->find("coding");
    for (const Json* one = codings == nullptr ? nullptr : codings->first; one != nullptr;
         one = one->next) {
      codes.push_back(from_coding(*one));
    }
  }
  std::erase_if(codes, [](const CodeAsked& code) { return code.code.empty(); });
  if (forms > 1) {
    return problem(ProblemKind::invalid, "invalid",
                   "Give one of code (with system), coding and codeableConcept, not several");
  }
  if (codes.empty()) {
    return problem(ProblemKind::invalid, "required",
                   "There is no code: give code and system, a coding or a codeableConcept");
  }
  return codes;
}

Result<Terminology::ValueSetPointer> value_set_asked(const OperationCall& call,
                                                     const Terminology& terminology) {
  TRY(auto document, document_asked(call));
  if (document) return fhir::read_value_set(std::move(*document));
  const auto url = call.input.text("url");
  if (!url) return nothing_named(call);
  return terminology.value_set(canonical_of(call, *url, "valueSetVersion"));
}

Result<Terminology::CodeSystemPointer> code_system_asked(const OperationCall& call,
                                                         const Terminology& terminology,
                                                         std::string_view url_name) {
  TRY(auto document, document_asked(call));
  if (document) return fhir::read_code_system(std::move(*document));
  const auto url = call.input.text(url_name);
  if (!url) return nothing_named(call);
  return terminology.code_system(canonical_of(call, *url, "version"));
}

void ParametersWriter::add(std::string_view name, std::string_view value_name,
                           std::string_view text) {
  std::string json = fmt::format(R"("{}":)", value_name);
  fhir::write_json_string(text, json);
  add_raw(name, json);
}

void ParametersWriter::add(std::string_view name, bool value) {
  add_raw(name, value ? R"("valueBoolean":true)" : R"("valueBoolean":false)");
}

void ParametersWriter::add_raw(std::string_view name, std::string_view json) {
  if (!text_.empty()) text_ += ',';
  text_ += R"({"name":)";
  fhir::write_json_string(name, text_);
  text_ += ',';
  text_ += json;
  text_ += '}';
}

}  // namespace lightbox::rest
