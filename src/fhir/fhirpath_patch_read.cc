// A Parameters resource as typed patch operations (R4, fhirpatch.html).

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>

#include "fhir/fhirpath_patch.h"
#include "fhir/resource.h"
#include "fhir/validate.h"

namespace lightbox::fhir {
namespace {

using Kind = FhirPathPatchOperation::Kind;

constexpr std::array<std::string_view, 5> type_names = {"add", "insert", "delete", "replace",
                                                        "move"};
constexpr std::array<std::string_view, 7> part_names = {"type",  "path",   "name",       "value",
                                                        "index", "source", "destination"};

class Reader {
 public:
  Reader(const Json& parameter, const Place& place, Findings& findings)
      : parameter_(parameter), place_(place), findings_(findings) {}

  FhirPathPatchOperation read() {
    list_parts();
    read_type();
    read_path();
    switch (operation_.kind) {
      case Kind::add:
        operation_.name = text("name", "valueString", "the name of the element to add");
        read_value();
        break;
      case Kind::insert:
        operation_.index = number("index");
        read_value();
        break;
      case Kind::delete_:
        break;
      case Kind::replace:
        read_value();
        break;
      case Kind::move:
        operation_.source = number("source");
        operation_.destination = number("destination");
        break;
    }
    return std::move(operation_);
  }

 private:
  struct Part {
    const Json* json = nullptr;
    std::ptrdiff_t index = 0;
  };

  void list_parts() {
    const Json* parts = parameter_.find("part");
    std::ptrdiff_t index = 0;
    for (const Json* part = parts != nullptr ? parts->first : nullptr; part != nullptr;
         part = part->next, ++index) {
      const Place place{&place_, "part", index};
      const std::string_view name = part->string("name");
      const auto known = std::ranges::find(part_names, name);
      if (known == part_names.end()) {
        findings_.add("value", place,
                      fmt::format("an operation has no part {}: expected type, path, name, value, "
                                  "index, source or destination",
                                  quoted(name)));
        continue;
      }
      Part& slot = parts_[static_cast<std::size_t>(known - part_names.begin())];
      if (slot.json != nullptr) {
        findings_.add("structure", place, fmt::format("the part {} is there twice", name));
      }
      slot = {part, index};
    }
  }

  [[nodiscard]] const Part& part(std::string_view name) const {
    return parts_[static_cast<std::size_t>(std::ranges::find(part_names, name) -
                                           part_names.begin())];
  }

  void missing(std::string_view name, std::string_view expected) {
    findings_.add("required", place_,
                  fmt::format("the operation has no part {}: expected {}", name, expected));
  }

  // The part's value[x], whatever its type, when JSON writes it as `kind`.
  const Json* primitive(std::string_view name, Json::Kind kind, std::string_view member,
                        std::string_view expected) {
    const Part& found = part(name);
    if (found.json == nullptr) {
      missing(name, expected);
      return nullptr;
    }
    for (const Json* child = found.json->first; child != nullptr; child = child->next) {
      if (child->key.starts_with("value") && child->is(kind)) return child;
    }
    findings_.add("value", Place{&place_, "part", found.index},
                  fmt::format("the part {} has no {}: expected {}", name, member, expected));
    return nullptr;
  }

  std::string text(std::string_view name, std::string_view member, std::string_view expected) {
    const Json* value = primitive(name, Json::Kind::string, member, expected);
    return value != nullptr ? std::string(value->text) : std::string();
  }

  std::size_t number(std::string_view name) {
    constexpr std::string_view expected = "a number from 0";
    const Json* value = primitive(name, Json::Kind::number, "valueInteger", expected);
    if (value == nullptr) return 0;
    std::size_t number = 0;
    const auto [end, error] =
        std::from_chars(value->text.data(), value->text.data() + value->text.size(), number);
    if (error != std::errc{} || end != value->text.data() + value->text.size()) {
      findings_.add("value", Place{&place_, "part", part(name).index},
                    fmt::format("the part {} is {}: expected {}", name, value->text, expected));
    }
    return number;
  }

  void read_type() {
    constexpr std::string_view expected = "add, insert, delete, replace or move";
    const std::string type = text("type", "valueCode", expected);
    if (type.empty()) return;
    const auto known = std::ranges::find(type_names, type);
    if (known == type_names.end()) {
      findings_.add("value", Place{&place_, "part", part("type").index},
                    fmt::format("the type is {}: expected {}", quoted(type), expected));
      return;
    }
    operation_.kind = static_cast<Kind>(known - type_names.begin());
  }

  void read_path() {
    operation_.path_text = text("path", "valueString", "a FHIRPath, such as Patient.birthDate");
    if (operation_.path_text.empty()) return;
    auto path = FhirPath::parse(operation_.path_text);
    if (path) {
      operation_.path = std::move(*path);
      return;
    }
    findings_.add(path.error().issues.front().code, Place{&place_, "part", part("path").index},
                  path.error().issues.front().diagnostics);
  }

  void read_value() {
    operation_.value = part("value").json;
    if (operation_.value == nullptr) missing("value", "a value[x], or parts for its elements");
  }

  const Json& parameter_;
  const Place& place_;
  Findings& findings_;
  FhirPathPatchOperation operation_;
  std::array<Part, part_names.size()> parts_;
};

}  // namespace

Result<FhirPathPatch> read_fhirpath_patch(const Json& parameters, const Limits& limits) {
  if (!parameters.is(Json::Kind::object) || parameters.string("resourceType") != "Parameters") {
    return problem(ProblemKind::invalid, "structure",
                   fmt::format("A FHIRPath Patch is a Parameters resource, not {}{}",
                               described(parameters.kind),
                               parameters.is(Json::Kind::array)
                                   ? "; a JSON Patch has the type application/json-patch+json"
                                   : ""));
  }
  auto invalid = validate(parameters, {}, limits);
  if (!invalid.empty()) return Problem{ProblemKind::invalid, std::move(invalid)};
  const Json* list = parameters.find("parameter");
  if (list != nullptr && list->size > limits.patch_operations_max) {
    return problem(ProblemKind::invalid, "too-costly",
                   fmt::format("The patch has {} operations; at most {} are taken at once "
                               "(patch_operations_max)",
                               list->size, limits.patch_operations_max));
  }
  FhirPathPatch operations;
  Findings findings(limits.issues_max);
  const Place root{nullptr, "Parameters"};
  std::ptrdiff_t index = 0;
  for (const Json* parameter = list != nullptr ? list->first : nullptr; parameter != nullptr;
       parameter = parameter->next, ++index) {
    const Place place{&root, "parameter", index};
    if (const auto name = parameter->string("name"); name != "operation") {
      findings.add("value", place,
                   fmt::format("the parameter is called {}: expected operation", quoted(name)));
      continue;
    }
    operations.push_back(Reader(*parameter, place, findings).read());
  }
  auto issues = std::move(findings).take();
  if (!issues.empty()) return Problem{ProblemKind::invalid, std::move(issues)};
  return operations;
}

}  // namespace lightbox::fhir
