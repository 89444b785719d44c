#include "fhir/search_filter.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <memory>
#include <optional>
#include <utility>

#include "fhir/filter_operation.h"
#include "fhir/filter_scanner.h"
#include "fhir/search_chain.h"

namespace lightbox::fhir {
namespace {

using Node = std::expected<FilterNode, Issue>;

std::size_t height(const FilterNode& node) {
  std::size_t greatest = 0;
  for (const FilterNode& part : node.nodes) greatest = std::max(greatest, height(part));
  return greatest + 1;
}

FilterNode wrap(FilterNode::Kind kind, FilterNode node) {
  FilterNode outer;
  outer.kind = kind;
  outer.nodes.push_back(std::move(node));
  return outer;
}

// Two tests of one item that a composite parameter is about are that parameter: it has an index.
std::optional<Criterion> as_composite(const ResourceType& type,
                                      const std::vector<std::string_view>& elements,
                                      const FilterNode& node) {
  using Kind = FilterNode::Kind;
  if (node.kind != Kind::all_of || node.nodes.size() != 2) return std::nullopt;
  for (const FilterNode& part : node.nodes) {
    const Criterion& criterion = part.criterion;
    if (part.kind != Kind::criterion || criterion.modifier != Modifier::none ||
        criterion.column != Criterion::Column::index ||
        criterion.comparison != Comparison::parameter || criterion.parameter->is_uid ||
        criterion.parameter->type == SearchType::string ||
        criterion.parameter->type == SearchType::composite) {
      return std::nullopt;
    }
  }
  for (const SearchParameter& parameter : type.search_parameters) {
    if (parameter.components.size() != 2 || parameter.paths.size() != 1 ||
        !std::ranges::equal(elements, parameter.paths[0], {}, {}, &PathStep::name)) {
      continue;
    }
    const FilterNode* parts[2] = {};
    for (int i = 0; i < 2; ++i) {
      for (const FilterNode& part : node.nodes) {
        if (part.criterion.parameter == parameter.components[i].parameter) parts[i] = &part;
      }
    }
    if (parts[0] == nullptr || parts[1] == nullptr || parts[0] == parts[1]) continue;
    // Value sets may have thousands of codes each: not every combination of them.
    constexpr std::size_t combinations_max = 1'000;
    const std::size_t firsts = parts[0]->criterion.any_of.size();
    if (firsts * parts[1]->criterion.any_of.size() > combinations_max) return std::nullopt;
    Criterion made;
    made.parameter = &parameter;
    for (const SearchValue& first : parts[0]->criterion.any_of) {
      for (const SearchValue& second : parts[1]->criterion.any_of) {
        CompositeValue& value =
            std::get<CompositeValue>(made.any_of.emplace_back(CompositeValue{}));
        for (const SearchValue* each : {&first, &second}) {
          std::visit(
              [&]<typename T>(const T& typed) {
                using Part = decltype(CompositeValue::parts)::value_type;
                if constexpr (std::is_constructible_v<Part, const T&>) {
                  value.parts.emplace_back(typed);
                }
              },
              *each);
        }
      }
    }
    return made;
  }
  return std::nullopt;
}

class FilterParser {
 public:
  FilterParser(const ResourceType& type, std::string_view text, const SearchContext& context,
               const Limits& limits, std::size_t& values)
      : type_(&type), scanner_(text), context_(context), limits_(limits), values_(values) {}

  Node parse() {
    Node node = logical(1);
    if (node && !scanner_.at_end()) {
      return fail("invalid", "expected 'and', 'or' or the end of the filter");
    }
    return node;
  }

 private:
  [[nodiscard]] std::unexpected<Issue> fail(std::string_view code, std::string_view what) const {
    return std::unexpected(scanner_.issue(code, what));
  }

  // filter ("and" / "or" filter)*, up to a closing bracket or the end.
  Node logical(std::size_t depth) {
    if (depth > limits_.filter_depth_max) return too_deep();
    Node left = operand(depth);
    if (!left) return left;
    for (bool is_chain = false;; is_chain = true) {
      const bool is_and = scanner_.take_word("and");
      if (!is_and && !scanner_.take_word("or")) return left;
      Node right = operand(depth);
      if (!right) return right;
      const auto kind = is_and ? FilterNode::Kind::all_of : FilterNode::Kind::any_of;
      if (!is_chain || left->kind != kind) {
        left = wrap(kind, std::move(*left));
        if (height(*left) > limits_.filter_depth_max) return too_deep();
      }
      left->nodes.push_back(std::move(*right));
    }
  }

  Node operand(std::size_t depth) {
    if (scanner_.take('(')) return rest_of_parentheses(depth);
    const auto start = scanner_.place();
    if (scanner_.take_word("not")) {
      if (!scanner_.take('(')) {
        scanner_.go_to(start);
        return fail("invalid", "'not' is written with parentheses: not (…)");
      }
      Node inner = rest_of_parentheses(depth);
      if (!inner) return inner;
      return wrap(FilterNode::Kind::not_, std::move(*inner));
    }
    return test(depth);
  }

  Node rest_of_parentheses(std::size_t depth) {
    Node inner = logical(depth + 1);
    if (!inner) return inner;
    if (!scanner_.take(')')) return fail("invalid", "expected ')', 'and' or 'or'");
    return inner;
  }

  // path operator value; or path element[filter], with or without .path operator value
  Node test(std::size_t depth) {
    const auto start = scanner_.place();
    const auto steps = take_steps();
    const auto at_name = scanner_.place();
    const std::string_view name = scanner_.name();
    if (name.empty() && steps.empty()) {
      return fail("invalid", "expected a test, as in: status eq available; or '(' or 'not ('");
    }
    if (name.empty() || !scanner_.take_next('[')) return comparison(start);
    if (!elements_.empty()) {
      if (steps.empty()) return in_item(name, at_name, depth);
      scanner_.go_to(start);
      return fail("not-supported", "within brackets no chain ends in brackets");
    }
    const auto in_brackets = scanner_.place();
    scanner_.go_to(start);
    auto path = follow(steps);
    if (!path) return std::unexpected(std::move(path).error());
    const ResourceType& type = path->empty() ? *type_ : *path->back().types.front();
    scanner_.go_to(in_brackets);
    const ResourceType* outer_type = std::exchange(type_, &type);
    Node inner = bracket(*type.elements, type.name, name, at_name, depth);
    type_ = outer_type;
    if (inner && !path->empty()) return behind(steps, *path, std::move(*inner));
    return inner;
  }

  // element[filter] within the brackets of another.
  Node in_item(std::string_view name, FilterScanner::Place at_name, std::size_t depth) {
    const ComplexType* within = type_->elements;
    for (const std::string_view each : elements_) within = within->element(each)->types[0].complex;
    return bracket(*within, within->name, name, at_name, depth);
  }

  // Behind the bracket that follows `name`, an element of `within`.
  Node bracket(const ComplexType& within, std::string_view within_name, std::string_view name,
               FilterScanner::Place at_name, std::size_t depth) {
    const Element* element = within.element(name);
    if (element == nullptr || element->types.size() != 1 || element->types[0].complex == nullptr) {
      scanner_.go_to(at_name);
      return fail("value",
                  fmt::format("{} has no element '{}' that consists of others", within_name, name));
    }
    elements_.push_back(element->name);
    Node inner = items(depth);
    elements_.pop_back();
    if (inner && height(*inner) > limits_.filter_depth_max) return too_deep();
    return inner;
  }

  // filter], with or without .path operator value
  Node items(std::size_t depth) {
    Node inner = logical(depth + 1);
    if (inner && !scanner_.take(']')) return fail("invalid", "expected ']', 'and' or 'or'");
    if (!inner) return inner;
    if (scanner_.take_next('.')) {
      return of_same_item(std::move(*inner), comparison(scanner_.place()));
    }
    return of_one_item(std::move(*inner));
  }

  std::vector<std::string_view> take_steps() {
    std::vector<std::string_view> steps;
    for (auto step = scanner_.step(); !step.empty(); step = scanner_.step()) steps.push_back(step);
    return steps;
  }

  // To the one type whose element the brackets stand behind.
  std::expected<std::vector<ChainStep>, Issue> follow(
      const std::vector<std::string_view>& steps) const {
    std::vector<ChainStep> path;
    if (steps.size() > limits_.search_chain_depth_max) return too_long();
    const ResourceType* type = type_;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      // Every type has a _filter.
      auto step = path_step(*type, steps[i], i + 1 < steps.size() ? steps[i + 1] : "_filter");
      if (!step)
        return fail(step.error().is_unknown ? "not-supported" : "value", step.error().what);
      if (step->types.size() > 1) {
        return fail("value", fmt::format("'{0}' may lead to {1} types, and brackets stand behind "
                                         "one: name it, as in {0}:{2}",
                                         steps[i], step->types.size(), step->types.front()->name));
      }
      type = step->types.front();
      path.push_back(std::move(*step));
    }
    return path;
  }

  // A filter on what the path leads to.
  static FilterNode behind(const std::vector<std::string_view>& steps,
                           const std::vector<ChainStep>& path, FilterNode node) {
    for (std::size_t i = path.size(); i > 0; --i) {
      Criterion inner;
      inner.column = Criterion::Column::filter;
      inner.filter = std::make_shared<const FilterNode>(std::move(node));
      Chain chain;
      if (is_reverse_step(steps[i - 1])) chain.direction = Chain::Direction::reverse;
      chain.arms.push_back({path[i - 1].reference, path[i - 1].types.front(), std::move(inner)});
      node = {};
      node.criterion.column = Criterion::Column::chain;
      node.criterion.chain = std::make_shared<const Chain>(std::move(chain));
    }
    return node;
  }

  Node of_one_item(FilterNode inner) const {
    if (auto composite = as_composite(*type_, elements_, inner)) {
      FilterNode node;
      node.criterion = std::move(*composite);
      return node;
    }
    FilterNode node = wrap(FilterNode::Kind::element, std::move(inner));
    node.element = elements_.back();
    return node;
  }

  // `pr false` asks that the items which satisfy the filter have no value between them.
  Node of_same_item(FilterNode inner, Node outer) const {
    if (!outer) return outer;
    const bool is_absence =
        outer->criterion.modifier == Modifier::missing && outer->criterion.missing;
    outer->criterion.missing = false;
    FilterNode both = wrap(FilterNode::Kind::all_of, std::move(inner));
    both.nodes.push_back(std::move(*outer));
    Node one = of_one_item(std::move(both));
    if (one && is_absence) return wrap(FilterNode::Kind::not_, std::move(*one));
    return one;
  }

  // path SP operator SP value
  Node comparison(FilterScanner::Place start) {
    scanner_.go_to(start);
    auto steps = take_steps();
    const std::string_view name = scanner_.name();
    if (name.empty()) return fail("invalid", "expected the name of a parameter");
    if (steps.size() > limits_.search_chain_depth_max) {
      scanner_.go_to(start);
      return too_long();
    }
    if (!elements_.empty() && !steps.empty() && is_reverse_step(steps.front())) {
      scanner_.go_to(start);
      return fail("not-supported", "_has is not possible within brackets");
    }
    if (const auto what = scanner_.unsupported_path(); !what.empty()) {
      scanner_.go_to(start);
      return fail("not-supported", what);
    }
    FilterTest made{name, {}, {}, elements_, std::move(steps)};
    scanner_.skip_space();
    const auto at_operator = scanner_.place();
    made.operation = scanner_.name();
    if (made.operation.empty()) {
      return fail("invalid", fmt::format("expected an operator after '{}', such as eq", name));
    }
    scanner_.skip_space();
    const auto at_value = scanner_.place();
    auto value = scanner_.value();
    if (!value) return std::unexpected(std::move(value).error());
    made.value = std::move(*value);
    if (++values_ > limits_.search_values_max) {
      return fail("too-costly", fmt::format("more than {} values (search_values_max)",
                                            limits_.search_values_max));
    }
    std::size_t codes_left = limits_.search_values_max - values_;
    const std::size_t codes_before = codes_left;
    auto criterion = make_criterion(*type_, made, context_, codes_left);
    values_ += codes_before - codes_left;
    if (!criterion) {
      const FilterTestError& error = criterion.error();
      scanner_.go_to(error.part == FilterTestError::Part::name        ? start
                     : error.part == FilterTestError::Part::operation ? at_operator
                                                                      : at_value);
      return fail(error.code, error.what);
    }
    FilterNode node;
    node.criterion = std::move(*criterion);
    return node;
  }

  [[nodiscard]] std::unexpected<Issue> too_long() const {
    return fail("too-costly", fmt::format("it follows more than {} references "
                                          "(search_chain_depth_max)",
                                          limits_.search_chain_depth_max));
  }

  [[nodiscard]] std::unexpected<Issue> too_deep() const {
    return fail("too-costly", fmt::format("nested deeper than {} levels (filter_depth_max)",
                                          limits_.filter_depth_max));
  }

  const ResourceType* type_;  // within brackets: whose elements_ are
  FilterScanner scanner_;
  const SearchContext& context_;
  const Limits& limits_;
  std::size_t& values_;
  std::vector<std::string_view> elements_;  // within brackets: whose
};

}  // namespace

Node parse_filter(const ResourceType& type, std::string_view text, const SearchContext& context,
                  const Limits& limits, std::size_t& values) {
  return FilterParser(type, text, context, limits, values).parse();
}

}  // namespace lightbox::fhir
