#include "rest/operation_input.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "fhir/resource.h"
#include "fhir/xml_read.h"
#include "rest/api.h"
#include "rest/negotiate.h"
#include "rest/operation.h"

namespace lightbox::rest {
namespace {

using fhir::Json;

bool is_about_the_answer(std::string_view name) { return name == "_format" || name == "_pretty"; }

std::string list_of(std::string_view names) {
  std::string list;
  for (const auto name : split_list(names, ' ')) {
    if (!list.empty()) list += ", ";
    list += name;
  }
  return list.empty() ? "none" : list;
}

// value[x] or resource of Parameters.parameter.
const Json* value_of(const Json& parameter) {
  for (const Json* member = parameter.first; member != nullptr; member = member->next) {
    if (member->key.starts_with("value") || member->key == "resource") return member;
  }
  return nullptr;
}

bool is_primitive(const Json& value) {
  return value.is(Json::Kind::string) || value.is(Json::Kind::number) ||
         value.is(Json::Kind::boolean);
}

Problem wrong(std::string_view name, std::string_view text, std::string_view what) {
  return problem(ProblemKind::invalid, "value",
                 fmt::format("The parameter {} is '{}'; it must be {}", name, text, what));
}

}  // namespace

Result<OperationInput> OperationInput::read(const Call& call, const Operation& operation) {
  OperationInput input;
  for (const auto& [name, value] : call.parameters) {
    if (is_about_the_answer(name)) continue;
    input.given_.push_back({.name = name, .text = value, .value = nullptr});
  }
  if (call.request.method == http::Method::post && !call.request.body.empty()) {
    TRY_DO(input.read_body(call, operation));
  }
  TRY_DO(input.check_names(operation));
  return input;
}

Result<void> OperationInput::read_body(const Call& call, const Operation& operation) {
  TRY(const Format format, content_format(call.request));
  const Limits& limits = call.api.options().limits;
  if (operation.body == OperationBody::unchecked && format == Format::xml) {
    TRY(document_, fhir::parse_xml(call.request.body, limits));
  } else if (operation.body == OperationBody::unchecked) {
    TRY(auto parsed, fhir::parse_json_with_duplicates(call.request.body, limits));
    document_ = std::move(parsed.document);
    duplicate_keys_ = std::move(parsed.duplicate_keys);
  } else {
    const auto parse = format == Format::xml ? fhir::parse_resource_xml : fhir::parse_resource;
    TRY(auto resource, parse(call.request.body, limits));
    document_ = std::move(resource.document);
  }
  const Json& root = *document_.root();
  if (root.string("resourceType") == "Parameters") return take_parameters(root);
  if (operation.body == OperationBody::parameters) {
    return problem(ProblemKind::invalid, "invalid",
                   fmt::format("The body of ${} must be a Parameters resource", operation.name));
  }
  given_.push_back(
      {.name = std::string(operation.resource_parameter), .text = {}, .value = document_.root()});
  return {};
}

Result<void> OperationInput::take_parameters(const Json& parameters) {
  const Json* list = parameters.find("parameter");
  if (list == nullptr) return {};
  if (!list->is(Json::Kind::array)) {
    return problem(ProblemKind::invalid, "structure", "Parameters.parameter must be a list",
                   "Parameters.parameter");
  }
  std::size_t place = 0;
  for (const Json* item = list->first; item != nullptr; item = item->next, ++place) {
    const std::string_view name = item->string("name");
    const Json* value = item->is(Json::Kind::object) ? value_of(*item) : nullptr;
    if (name.empty() || value == nullptr) {
      return problem(ProblemKind::invalid, "required",
                     "A parameter must have a name, and a value or a resource",
                     fmt::format("Parameters.parameter[{}]", place));
    }
    given_.push_back({.name = std::string(name),
                      .text = is_primitive(*value) ? std::string(value->text) : std::string(),
                      .value = value});
  }
  return {};
}

Result<void> OperationInput::check_names(const Operation& operation) const {
  const auto known = split_list(operation.parameters, ' ');
  for (const Given& given : given_) {
    const auto is_it = [&](std::string_view name) {
      return name == given.name ||
             (name.ends_with('*') && name.substr(0, name.size() - 1) == given.name);
    };
    const auto found = std::ranges::find_if(known, is_it);
    if (found == known.end()) {
      return problem(ProblemKind::invalid, "not-supported",
                     fmt::format("'{}' is not a parameter of ${} here; it has {}", given.name,
                                 operation.name, list_of(operation.parameters)));
    }
    const auto times = std::ranges::count(given_, given.name, &Given::name);
    if (times > 1 && !found->ends_with('*')) {
      return problem(ProblemKind::invalid, "invalid",
                     fmt::format("The parameter {} may be given once only", given.name));
    }
  }
  return {};
}

std::optional<std::string> OperationInput::text(std::string_view name) const {
  const auto found = std::ranges::find(given_, name, &Given::name);
  if (found == given_.end()) return std::nullopt;
  if (found->value != nullptr && !is_primitive(*found->value)) return std::nullopt;
  return found->text;
}

std::vector<std::string> OperationInput::texts(std::string_view name) const {
  std::vector<std::string> found;
  for (const Given& given : given_) {
    if (given.name == name) found.push_back(given.text);
  }
  return found;
}

Result<std::optional<bool>> OperationInput::boolean(std::string_view name) const {
  const auto given = text(name);
  if (!given) return std::optional<bool>();
  if (*given != "true" && *given != "false") return wrong(name, *given, "true or false");
  return std::optional(*given == "true");
}

Result<std::optional<std::size_t>> OperationInput::number(std::string_view name) const {
  const auto given = text(name);
  if (!given) return std::optional<std::size_t>();
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(given->data(), given->data() + given->size(), value);
  if (error != std::errc{} || end != given->data() + given->size()) {
    return wrong(name, *given, "a whole number from 0");
  }
  return std::optional(value);
}

std::vector<const Json*> OperationInput::values(std::string_view name) const {
  std::vector<const Json*> found;
  for (const Given& given : given_) {
    if (given.name != name || given.value == nullptr || !given.value->is(Json::Kind::object)) {
      continue;
    }
    found.push_back(given.value);
  }
  return found;
}

const Json* OperationInput::value(std::string_view name) const {
  const auto found = std::ranges::find_if(given_, [&](const Given& given) {
    return given.name == name && given.value != nullptr && given.value->is(Json::Kind::object);
  });
  return found == given_.end() ? nullptr : found->value;
}

}  // namespace lightbox::rest
