#include "fhir/search_chain.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "fhir/search_parser.h"

namespace lightbox::fhir {
namespace {

constexpr std::string_view unnamed = "a resource of any type";

std::string names_of(const std::vector<const ResourceType*>& types) {
  std::string names;
  for (const ResourceType* type : types) {
    names.append(names.empty() ? "" : ", ").append(type->name);
  }
  return names.empty() ? std::string(unnamed) : names;
}

std::string references_of(const ResourceType& type) {
  std::string names;
  for (const SearchParameter& parameter : type.search_parameters) {
    if (parameter.type != SearchType::reference) continue;
    names.append(names.empty() ? "" : ", ").append(parameter.code);
  }
  return names.empty() ? "none" : names;
}

bool has_parameter(const ResourceType& type, std::string_view code) {
  constexpr std::array<std::string_view, 4> of_all{"_has", "_filter", "_text", "_content"};
  return type.search_parameter(code) != nullptr || std::ranges::find(of_all, code) != of_all.end();
}

bool may_refer_to(const SearchParameter& parameter, const ResourceType& type) {
  const auto& targets = parameter.targets;
  return targets.empty() || std::ranges::find(targets, &type) != targets.end();
}

std::unexpected<ChainStepError> unknown(std::string what) {
  return std::unexpected(ChainStepError{true, std::move(what)});
}
std::unexpected<ChainStepError> wrong(std::string what) {
  return std::unexpected(ChainStepError{false, std::move(what)});
}

// What a parser of the inner type says of its part, under the name that the URL has for all.
Issue under_name(Issue issue, std::string_view full, std::string_view part) {
  const std::string begin = fmt::format("Search parameter '{}'", part);
  if (issue.diagnostics.starts_with(begin)) issue.diagnostics.erase(0, begin.size());
  const bool continues = issue.diagnostics.starts_with(':') || issue.diagnostics.starts_with(' ');
  issue.diagnostics.insert(0, fmt::format("Search parameter '{}'{}", full, continues ? "" : ": "));
  return issue;
}

}  // namespace

std::expected<ChainStep, ChainStepError> chain_step(const ResourceType& type, std::string_view step,
                                                    std::string_view next) {
  const auto colon = step.find(':');
  const std::string_view code = step.substr(0, colon);
  const std::string_view next_code = next.substr(0, next.find_first_of(".:"));
  ChainStep made;
  made.reference = type.search_parameter(code);
  if (made.reference == nullptr) {
    return unknown(fmt::format(
        "{} has no search parameter '{}' that this server knows; a chain begins with one of its "
        "references: {}",
        type.name, code, references_of(type)));
  }
  if (made.reference->type != SearchType::reference) {
    return unknown(
        fmt::format("'{}' of {} is not a reference, so that no chain leads over it; references "
                    "are {}",
                    code, type.name, references_of(type)));
  }
  const auto& targets = made.reference->targets;
  if (colon != std::string_view::npos) {
    const std::string_view name = step.substr(colon + 1);
    const ResourceType* named = Definitions::r4().resource_type(name);
    if (named == nullptr) {
      return wrong(fmt::format("'{}' is not a resource type; '{}' may refer to {}", name, code,
                               names_of(targets)));
    }
    if (!may_refer_to(*made.reference, *named)) {
      return wrong(fmt::format("'{}' never refers to {}; it may refer to {}", code, name,
                               names_of(targets)));
    }
    if (!has_parameter(*named, next_code)) {
      return unknown(
          fmt::format("{} has no search parameter '{}' that this server knows", name, next_code));
    }
    made.types.push_back(named);
    return made;
  }
  for (const ResourceType& each : Definitions::r4().resource_types()) {
    if (may_refer_to(*made.reference, each) && has_parameter(each, next_code)) {
      made.types.push_back(&each);
    }
  }
  if (made.types.empty()) {
    return unknown(
        fmt::format("'{}' refers to {}, and none has a search parameter '{}' that this "
                    "server knows",
                    code, names_of(targets), next_code));
  }
  return made;
}

std::expected<ChainStep, ChainStepError> path_step(const ResourceType& type, std::string_view step,
                                                   std::string_view next) {
  if (!is_reverse_step(step)) return chain_step(type, step, next);
  step.remove_prefix(std::string_view("_has:").size());
  const auto colon = step.find(':');
  return has_step(type, step.substr(0, colon), step.substr(colon + 1));
}

std::expected<ChainStep, ChainStepError> has_step(const ResourceType& type,
                                                  std::string_view referring_type,
                                                  std::string_view reference) {
  const ResourceType* referring = Definitions::r4().resource_type(referring_type);
  if (referring == nullptr) {
    return wrong(
        fmt::format("'{}' is not a resource type; _has has the form "
                    "_has:[type]:[reference]:[parameter]",
                    referring_type));
  }
  const SearchParameter* parameter = referring->search_parameter(reference);
  if (parameter == nullptr || parameter->type != SearchType::reference) {
    return unknown(fmt::format("{} has no reference '{}' that this server knows; it has {}",
                               referring_type, reference, references_of(*referring)));
  }
  if (!may_refer_to(*parameter, type)) {
    return wrong(fmt::format("'{}' of {} never refers to {}; it may refer to {}", reference,
                             referring_type, type.name, names_of(parameter->targets)));
  }
  return ChainStep{parameter, {referring}};
}

bool SearchParser::too_long(std::string_view full) {
  if (values_ > limits_.search_values_max) return true;  // that was said already
  if (depth_ < limits_.search_chain_depth_max) return false;
  error("too-costly", fmt::format("Search parameter '{}': it follows more than {} references "
                                  "(search_chain_depth_max)",
                                  full, limits_.search_chain_depth_max));
  return true;
}

void SearchParser::add_chain(std::string_view full, std::string_view value) {
  if (too_long(full)) return;
  const auto dot = full.find('.');
  const std::string_view rest = full.substr(dot + 1);
  const auto step = chain_step(*query_.type, full.substr(0, dot), rest);
  if (!step) {
    std::string what = fmt::format("Search parameter '{}': {}", full, step.error().what);
    if (step.error().is_unknown) return ignore(std::move(what));
    return error("value", std::move(what));
  }
  Chain chain;
  for (const ResourceType* type : step->types) {
    add_arm(full, rest, value, chain, *step->reference, *type);
  }
  add_chain_criterion(full, value, std::move(chain));
}

// _has:[type]:[reference]:[parameter]
void SearchParser::add_has(std::string_view full, std::string_view value) {
  if (too_long(full)) return;
  constexpr std::string_view form =
      "it has the form _has:[type]:[reference]:[parameter], as in _has:Observation:patient:code";
  const auto fail = [&](std::string_view code, std::string_view what) {
    error(code, fmt::format("Search parameter '{}': {}", full, what));
  };
  std::string_view rest = full.substr(std::string_view("_has:").size());
  const auto first = rest.find(':');
  const auto second = first == std::string_view::npos ? first : rest.find(':', first + 1);
  if (second == std::string_view::npos || second + 1 == rest.size()) return fail("value", form);
  const std::string_view type_name = rest.substr(0, first);
  const std::string_view code = rest.substr(first + 1, second - first - 1);
  rest = rest.substr(second + 1);
  const auto step = has_step(*query_.type, type_name, code);
  if (!step) {
    std::string what = fmt::format("Search parameter '{}': {}", full, step.error().what);
    if (step.error().is_unknown) return ignore(std::move(what));
    return error("value", std::move(what));
  }
  Chain chain;
  chain.direction = Chain::Direction::reverse;
  add_arm(full, rest, value, chain, *step->reference, *step->types.front());
  add_chain_criterion(full, value, std::move(chain));
}

void SearchParser::add_arm(std::string_view full, std::string_view rest, std::string_view value,
                           Chain& chain, const SearchParameter& reference,
                           const ResourceType& type) {
  // Each arm counts as a value, so that their number is bounded.
  if (values_ > limits_.search_values_max) return;
  if (++values_ > limits_.search_values_max) {
    return error("too-costly",
                 fmt::format("Search parameter '{}': it may lead to too many types "
                             "(search_values_max); name them, as in subject:Patient.name",
                             full));
  }
  SearchParser inner(type, context_, limits_);
  inner.depth_ = depth_ + 1;
  inner.values_ = values_;
  const auto colon = rest.find(':');
  if (inner.add_control({rest, rest.substr(0, colon), {}}, value)) {
    return error("value", fmt::format("Search parameter '{}': '{}' is about the result and cannot "
                                      "stand at the end of a chain",
                                      full, rest));
  }
  inner.add(rest, value);
  values_ = inner.values_;
  for (Issue& issue : inner.errors_) {
    if (errors_.size() < limits_.issues_max) {
      errors_.push_back(under_name(std::move(issue), full, rest));
    }
  }
  for (Issue& issue : inner.query_.notes) {
    query_.notes.push_back(under_name(std::move(issue), full, rest));
  }
  for (Criterion& criterion : inner.query_.criteria) {
    chain.arms.push_back({&reference, &type, std::move(criterion)});
  }
}

void SearchParser::add_chain_criterion(std::string_view full, std::string_view value, Chain chain) {
  if (chain.arms.empty()) return;
  use(full, value);
  Criterion criterion;
  criterion.column = Criterion::Column::chain;
  criterion.chain = std::make_shared<const Chain>(std::move(chain));
  query_.criteria.push_back(std::move(criterion));
}

}  // namespace lightbox::fhir
