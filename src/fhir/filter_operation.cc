#include "fhir/filter_operation.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <ranges>
#include <utility>

#include "fhir/search_chain.h"
#include "fhir/search_terminology.h"
#include "fhir/search_values.h"

namespace lightbox::fhir {
namespace {

using Part = FilterTestError::Part;

std::unexpected<FilterTestError> fail(Part part, std::string_view code, std::string what) {
  return std::unexpected(FilterTestError{part, code, std::move(what)});
}

constexpr std::string_view every_operation =
    " eq ne co sw ew gt lt ge le ap sa eb pr po ss sb in ni re ";

// Beside `pr`, which all have.
std::string_view operations_of(const SearchParameter& parameter) {
  switch (parameter.type) {
    case SearchType::string:
      return " eq ne co sw ew gt lt ge le ";
    case SearchType::number:
    case SearchType::quantity:
      return " eq ne gt lt ge le ap sa eb ";
    case SearchType::date:
      return " eq ne co gt lt ge le ap sa eb po ";
    case SearchType::token:
      return parameter.is_uid ? " eq " : " eq ne ss sb in ni ";
    case SearchType::reference:
      return " re eq ne ";
    case SearchType::uri:
      return " eq ne co sw ew ";
    case SearchType::composite:
      return " eq ne ";
    case SearchType::special:
      break;
  }
  return "";
}

bool has_word(std::string_view words, std::string_view word) {
  return words.find(fmt::format(" {} ", word)) != std::string_view::npos;
}

std::string listed(std::string_view words) {
  std::string text;
  for (std::size_t i = 1; i < words.size(); i += 3) text.append(words.substr(i, 2)).append(", ");
  return text + "pr";
}

Comparison comparison_of(std::string_view operation, SearchType type) {
  constexpr std::array<std::pair<std::string_view, Comparison>, 8> names{{
      {"ne", Comparison::unequal},
      {"co", Comparison::contains},
      {"sw", Comparison::starts},
      {"ew", Comparison::ends},
      {"gt", Comparison::greater},
      {"lt", Comparison::less},
      {"ge", Comparison::greater_or_equal},
      {"le", Comparison::less_or_equal},
  }};
  for (const auto& [name, comparison] : names) {
    if (name == operation) return comparison;
  }
  return type == SearchType::string ? Comparison::equal : Comparison::parameter;
}

bool has_prefix(SearchType type) {
  return type == SearchType::date || type == SearchType::number || type == SearchType::quantity;
}

// "For convenience, the codes loinc, snomed, rxnorm and ucum are predefined and can be used in
// place of their full namespace."
std::string with_full_systems(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> systems{{
      {"loinc", "http://loinc.org"},
      {"snomed", "http://snomed.info/sct"},
      {"rxnorm", "http://www.nlm.nih.gov/research/umls/rxnorm"},
      {"ucum", "http://unitsofmeasure.org"},
  }};
  std::string full;
  for (const std::string_view part : split_unescaped(text, '$')) {
    if (!full.empty()) full += '$';
    auto pieces = split_unescaped(part, '|');
    // The system is the first of two (system|code) and the second of three (number|system|code).
    if (pieces.size() == 2 || pieces.size() == 3) {
      for (const auto& [name, system] : systems) {
        if (pieces[pieces.size() - 2] == name) pieces[pieces.size() - 2] = system;
      }
    }
    full += fmt::format("{}", fmt::join(pieces, "|"));
  }
  return full;
}

using Elements = std::vector<std::string_view>;

bool leads_through(const Path& path, const Elements& elements) {
  if (path.size() < elements.size()) return false;
  return std::ranges::equal(
      elements, path | std::views::take(elements.size()), {}, {}, [](const PathStep& step) {
        return step.op == PathStep::Op::child ? step.name : std::string_view();
      });
}

bool leads_through(const SearchParameter& parameter, const Elements& elements) {
  return std::ranges::any_of(parameter.paths,
                             [&](const Path& path) { return leads_through(path, elements); });
}

bool ends_at(const SearchParameter& parameter, const Elements& elements, std::string_view name) {
  return std::ranges::any_of(parameter.paths, [&](const Path& path) {
    return path.size() == elements.size() + 1 && leads_through(path, elements) &&
           path.back().op == PathStep::Op::child && path.back().name == name;
  });
}

const SearchParameter* find_in_element(const ResourceType& type, const Elements& elements,
                                       std::string_view name) {
  for (const std::string& code : {fmt::format("{}-{}", elements.back(), name), std::string(name)}) {
    const SearchParameter* parameter = type.search_parameter(code);
    if (parameter != nullptr && leads_through(*parameter, elements)) return parameter;
  }
  for (const SearchParameter& parameter : type.search_parameters) {
    if (ends_at(parameter, elements, name)) return &parameter;
  }
  return nullptr;
}

std::string names_in(const ResourceType& type, const Elements& elements) {
  std::string names;
  for (const SearchParameter& parameter : type.search_parameters) {
    if (!elements.empty() && !leads_through(parameter, elements)) continue;
    names.append(names.empty() ? "" : ", ").append(parameter.code);
  }
  return names.empty() ? "none" : names;
}

// _id and _lastUpdated have rows in the table, so all that a filter may name is found there.
std::expected<const SearchParameter*, FilterTestError> find(const ResourceType& type,
                                                            const FilterTest& test) {
  const SearchParameter* parameter = test.elements.empty()
                                         ? type.search_parameter(test.name)
                                         : find_in_element(type, test.elements, test.name);
  if (parameter != nullptr) return parameter;
  std::string where(type.name);
  for (const std::string_view element : test.elements) where.append(".").append(element);
  return fail(Part::name, "not-supported",
              fmt::format("{} has no search parameter '{}' that this server knows; it has {}",
                          where, test.name, names_in(type, test.elements)));
}

std::expected<void, FilterTestError> check_operation(const SearchParameter& parameter,
                                                     std::string_view operation) {
  if (!has_word(every_operation, operation)) {
    return fail(Part::operation, "invalid",
                fmt::format("'{}' is not an operator; there are {}", operation,
                            "eq, ne, co, sw, ew, gt, lt, ge, le, ap, sa, eb, pr, po, ss, sb, in, "
                            "ni and re"));
  }
  if (operation == "pr" || has_word(operations_of(parameter), operation)) return {};
  return fail(Part::operation, "not-supported",
              fmt::format("'{}' is not an operator that '{}' has here; it has {}", operation,
                          parameter.code, listed(operations_of(parameter))));
}

std::expected<void, FilterTestError> set_values(Criterion& criterion,
                                                const SearchParameter& parameter,
                                                const FilterTest& test,
                                                const SearchContext& context) {
  const bool is_of_date = test.operation == "po" || test.operation == "co";
  const bool is_typed = parameter.type == SearchType::token ||
                        parameter.type == SearchType::quantity ||
                        parameter.type == SearchType::composite;
  std::string text = is_typed ? with_full_systems(test.value) : test.value;
  if (has_prefix(parameter.type)) {
    const bool is_bare = text[0] == '-' || text[0] == '+' || (text[0] >= '0' && text[0] <= '9');
    if (!is_bare) {
      return fail(Part::value, "value",
                  fmt::format("'{}' begins with neither a digit nor a sign", test.value));
    }
    if (!is_of_date) text.insert(0, test.operation);
  } else {
    criterion.comparison = comparison_of(test.operation, parameter.type);
  }
  const ValueContext with{.index = context.index, .now_ms = context.now_ms};
  auto values = parse_value(text, parameter, with);
  if (!values) return fail(Part::value, "value", std::move(values).error());
  if (is_of_date && parameter.type == SearchType::date) {
    std::get<DateValue>(values->front()).prefix = test.operation == "po" ? Prefix::ap : Prefix::co;
  }
  if (criterion.comparison == Comparison::unequal && values->size() > 1) {
    return fail(Part::value, "value",
                fmt::format("'{}' means several values; 'ne' compares with one", test.value));
  }
  criterion.any_of = std::move(*values);
  return {};
}

// The value that a test names subsumes (ss) a code when that is the value or below it, and is
// subsumed by it (sb) when that is the value or above it.
std::expected<void, FilterTestError> set_codes(Criterion& criterion,
                                               const SearchParameter& parameter,
                                               const FilterTest& test, const SearchContext& context,
                                               std::size_t& codes_left) {
  const Meaning meaning = test.operation == "ss"   ? Meaning::below
                          : test.operation == "sb" ? Meaning::above
                                                   : Meaning::in;
  const std::string text = meaning == Meaning::in ? test.value : with_full_systems(test.value);
  auto tokens = tokens_by_meaning(meaning, text, parameter, context, codes_left);
  if (!tokens) {
    const Issue& issue = tokens.error().issues.front();
    return fail(Part::value, issue.code, issue.diagnostics);
  }
  codes_left -= std::min(codes_left, tokens->size());
  if (test.operation == "ni") criterion.modifier = Modifier::not_;
  for (TokenValue& token : *tokens) criterion.any_of.emplace_back(std::move(token));
  // No resource has a code of an empty value set.
  if (criterion.any_of.empty()) criterion.any_of.emplace_back(TokenValue{text, ""});
  return {};
}

std::expected<void, FilterTestError> set_id(Criterion& criterion, const FilterTest& test) {
  if (test.operation == "ne") criterion.modifier = Modifier::not_;
  criterion.any_of.emplace_back(IdValue{test.value});
  return {};
}

// Types that a path may lead to, over all its steps.
constexpr std::size_t arms_max = 200;

std::expected<Criterion, FilterTestError> make_chain(const ResourceType& type, FilterTest test,
                                                     const SearchContext& context,
                                                     std::size_t& codes_left, std::size_t& arms) {
  if (test.steps.empty()) return make_criterion(type, test, context, codes_left);
  std::string first(test.steps.front());
  test.steps.erase(test.steps.begin());
  if (!test.elements.empty()) {
    const auto colon = std::min(first.find(':'), first.size());
    const std::string name = first.substr(0, colon);
    auto parameter = find(type, FilterTest{name, {}, {}, test.elements, {}});
    if (!parameter) return std::unexpected(std::move(parameter).error());
    first.replace(0, colon, (*parameter)->code);
    test.elements.clear();
  }
  const auto step = path_step(type, first, test.steps.empty() ? test.name : test.steps.front());
  if (!step) {
    return fail(Part::name, step.error().is_unknown ? "not-supported" : "value", step.error().what);
  }
  Chain chain;
  if (is_reverse_step(first)) chain.direction = Chain::Direction::reverse;
  for (const ResourceType* each : step->types) {
    if (++arms > arms_max) {
      return fail(Part::name, "too-costly",
                  "this path may lead to too many types: name them, as in subject:Patient.name");
    }
    auto inner = make_chain(*each, test, context, codes_left, arms);
    if (!inner) return inner;
    chain.arms.push_back({step->reference, each, std::move(*inner)});
  }
  Criterion criterion;
  criterion.column = Criterion::Column::chain;
  criterion.chain = std::make_shared<const Chain>(std::move(chain));
  return criterion;
}

}  // namespace

std::expected<Criterion, FilterTestError> make_criterion(const ResourceType& type,
                                                         const FilterTest& test,
                                                         const SearchContext& context,
                                                         std::size_t& codes_left) {
  if (!test.steps.empty()) {
    std::size_t arms = 0;
    return make_chain(type, test, context, codes_left, arms);
  }
  auto found = find(type, test);
  if (!found) return std::unexpected(std::move(found).error());
  const SearchParameter& parameter = **found;
  if (auto checked = check_operation(parameter, test.operation); !checked) {
    return std::unexpected(std::move(checked).error());
  }
  Criterion criterion;
  if (parameter.code == "_id") {
    criterion.column = Criterion::Column::id;
  } else if (parameter.code == "_lastUpdated") {
    criterion.column = Criterion::Column::last_updated;
  } else {
    criterion.parameter = &parameter;
  }
  if (test.operation == "pr") {
    if (test.value != "true" && test.value != "false") {
      return fail(Part::value, "value",
                  fmt::format("'{}' must be true or false behind 'pr'", test.value));
    }
    criterion.modifier = Modifier::missing;
    criterion.missing = test.value == "false";
    return criterion;
  }
  const bool is_of_id = criterion.column == Criterion::Column::id;
  const auto set = has_word(" ss sb in ni ", test.operation)
                       ? set_codes(criterion, parameter, test, context, codes_left)
                   : is_of_id ? set_id(criterion, test)
                              : set_values(criterion, parameter, test, context);
  if (!set) return std::unexpected(set.error());
  return criterion;
}

}  // namespace lightbox::fhir
