#include "fhir/fhirpath_evaluate.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "fhir/fhirpath_value.h"
#include "fhir/validate.h"

namespace lightbox::fhir {
namespace {

using Node = FhirPathNode;

}  // namespace

Result<FhirPathCollection> FhirPath::evaluate(const Json& resource, const Limits& limits) const {
  std::size_t steps = 0;
  return evaluate(resource, limits, steps);
}

Result<FhirPathCollection> FhirPath::evaluate(const Json& resource, const Limits& limits,
                                              std::size_t& steps) const {
  FhirPathEvaluator evaluator(*tree_, resource, limits);
  auto result = evaluator.run(start_);
  steps += evaluator.steps();
  return result;
}

Result<FhirPathCollection> FhirPathEvaluator::run(std::uint32_t start) {
  TRY(root_, root());
  return evaluate(start, Scope{root_});
}

Problem FhirPathEvaluator::wrong(std::string what) {
  return problem(ProblemKind::unprocessable, "processing", std::move(what));
}

Result<void> FhirPathEvaluator::spend(std::size_t steps) {
  steps_ += steps;
  if (steps_ <= limits_.fhirpath_steps_max) return {};
  return problem(ProblemKind::unprocessable, "too-costly",
                 fmt::format("the FHIRPath expression is too much work on this resource: more than "
                             "{} steps (fhirpath_steps_max)",
                             limits_.fhirpath_steps_max));
}

FhirPathCollection FhirPathEvaluator::one(FhirPathValue value) {
  Collection collection;
  collection.push_back(std::move(value));
  return collection;
}

FhirPathCollection FhirPathEvaluator::boolean(std::optional<bool> value) {
  return value ? one(make_boolean(*value)) : Collection{};
}

// hl7.org/fhirpath/N1/#singleton-evaluation-of-collections: one value that is no boolean is true.
Result<std::optional<bool>> FhirPathEvaluator::truth(const Collection& value,
                                                     std::string_view what) {
  if (value.empty()) return std::optional<bool>();
  if (value.size() > 1) {
    return wrong(fmt::format("{} needs one boolean, not {} values", what, value.size()));
  }
  if (value.front().kind != FhirPathValue::Kind::boolean) return std::optional(true);
  return std::optional(value.front().text() == "true");
}

Result<FhirPathCollection> FhirPathEvaluator::evaluate(std::uint32_t at, const Scope& scope) {
  TRY_DO(spend(1));
  const Node& node = tree_.nodes[at];
  switch (node.kind) {
    case Node::Kind::empty:
      return Collection{};
    case Node::Kind::literal:
      return one(make_value(node.value_kind, node.text));
    case Node::Kind::this_:
      return one(scope.self);
    case Node::Kind::index:
      return one(make_integer(scope.index));
    case Node::Kind::variable:
      return variable(node);
    case Node::Kind::name:
      return name(node, scope);
    case Node::Kind::call:
      return call(node, scope);
    case Node::Kind::indexer:
      return indexer(node, scope);
    case Node::Kind::unary_minus:
      return negated(node, scope);
    case Node::Kind::binary:
      return binary(node, scope);
    case Node::Kind::type_operator:
      return type_operator(node, scope);
  }
  return Collection{};
}

// R4 fhirpath.html#variables.
Result<FhirPathCollection> FhirPathEvaluator::variable(const Node& node) {
  const std::string_view name = node.text;
  if (name == "resource" || name == "rootResource" || name == "context") return one(root_);
  if (name == "sct") return one(make_string("http://snomed.info/sct"));
  if (name == "loinc") return one(make_string("http://loinc.org"));
  if (name == "ucum") return one(make_string("http://unitsofmeasure.org"));
  if (name.starts_with("vs-")) {
    return one(make_string("http://hl7.org/fhir/ValueSet/" + std::string(name.substr(3))));
  }
  if (name.starts_with("ext-")) {
    return one(
        make_string("http://hl7.org/fhir/StructureDefinition/" + std::string(name.substr(4))));
  }
  return wrong(
      fmt::format("FHIRPath: there is no variable %{}; what there is: %resource, "
                  "%rootResource, %context, %sct, %loinc, %ucum",
                  name));
}

Result<FhirPathCollection> FhirPathEvaluator::name(const Node& node, const Scope& scope) {
  if (node.focus != Node::no_focus) {
    TRY(const Collection input, evaluate(node.focus, scope));
    return members(input, node.text);
  }
  // A path may begin with the type that it is for; on another type it finds nothing.
  const bool is_type_name = node.text.front() >= 'A' && node.text.front() <= 'Z';
  if (is_type_name && is_type(scope.self.type_name(), node.text)) return one(scope.self);
  if (is_type_name && is_known_type(node.text)) return Collection{};
  return members(one(scope.self), node.text);
}

Result<FhirPathCollection> FhirPathEvaluator::call(const Node& node, const Scope& scope) {
  const Function* function = find_function(node.text);
  if (function == nullptr) {
    return wrong(fmt::format("FHIRPath: the function {}() is not supported", node.text));
  }
  if (node.arguments.size() < function->least || node.arguments.size() > function->most) {
    const std::string range = function->most > function->least
                                  ? fmt::format("{} to {}", function->least, function->most)
                                  : fmt::format("{}", function->least);
    return wrong(fmt::format("FHIRPath: {}() takes {} arguments, not {}", node.text, range,
                             node.arguments.size()));
  }
  Collection input;
  if (node.focus == Node::no_focus) {
    input = one(scope.self);
  } else {
    TRY(input, evaluate(node.focus, scope));
  }
  return (this->*function->run)(Call{node, input, scope});
}

Result<FhirPathCollection> FhirPathEvaluator::indexer(const Node& node, const Scope& scope) {
  TRY(Collection input, evaluate(node.focus, scope));
  TRY(const Collection index, evaluate(node.arguments[0], scope));
  if (index.size() != 1 || index.front().kind != FhirPathValue::Kind::integer) {
    return wrong("FHIRPath: an index in [] is one integer");
  }
  std::size_t at = 0;
  const std::string_view text = index.front().text();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), at);
  if (error != std::errc{} || at >= input.size()) return Collection{};
  return one(std::move(input[at]));
}

Result<FhirPathCollection> FhirPathEvaluator::negated(const Node& node, const Scope& scope) {
  TRY(const Collection input, evaluate(node.focus, scope));
  if (input.empty()) return Collection{};
  return arithmetic("-", one(make_integer(0)), input);
}

Result<FhirPathCollection> FhirPathEvaluator::type_operator(const Node& node, const Scope& scope) {
  TRY(const Collection input, evaluate(node.focus, scope));
  return node.text == "is" ? is_of_type(input, node.type) : of_type(input, node.type);
}

Result<FhirPathCollection> FhirPathEvaluator::of_type(const Collection& input,
                                                      std::string_view type) {
  if (!is_known_type(type))
    return wrong(fmt::format("FHIRPath: {} is no type of R4", quoted(type)));
  Collection found;
  std::ranges::copy_if(input, std::back_inserter(found), [&](const FhirPathValue& value) {
    return is_type(value.type_name(), type);
  });
  return found;
}

Result<FhirPathCollection> FhirPathEvaluator::is_of_type(const Collection& input,
                                                         std::string_view type) {
  if (!is_known_type(type))
    return wrong(fmt::format("FHIRPath: {} is no type of R4", quoted(type)));
  if (input.empty()) return Collection{};
  if (input.size() > 1) {
    return wrong(fmt::format("FHIRPath: is needs one value, not {}", input.size()));
  }
  return boolean(is_type(input.front().type_name(), type));
}

// The argument of ofType(FHIR.Quantity), which is not evaluated.
std::string FhirPathEvaluator::type_argument(const Node& node) const {
  if (node.kind != Node::Kind::name) return {};
  if (node.focus == Node::no_focus) return node.text;
  const std::string space = type_argument(tree_.nodes[node.focus]);
  return space.empty() ? space : space + "." + node.text;
}

}  // namespace lightbox::fhir
