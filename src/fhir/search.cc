#include "fhir/search.h"

#include <fmt/format.h>

#include "fhir/resource.h"
#include "fhir/search_filter.h"
#include "fhir/search_parser.h"
#include "fhir/search_words.h"

namespace lightbox::fhir {

SearchParser::SearchParser(const ResourceType& type, const SearchContext& context,
                           const Limits& limits)
    : context_(context), limits_(limits) {
  query_.type = &type;
  query_.count = limits.page_size_default;
}

void SearchParser::add(std::string_view full, std::string_view value) {
  const std::size_t before = query_.criteria.size();
  add_parameter(full, value);
  for (std::size_t i = before; i < query_.criteria.size(); ++i) {
    query_.criteria[i].origin = fmt::format("{}={}", full, value);
  }
}

void SearchParser::add_parameter(std::string_view full, std::string_view value) {
  if (value.empty()) return;
  const auto colon = full.find(':');
  const Name name{full, full.substr(0, colon),
                  colon == std::string_view::npos ? std::string_view{} : full.substr(colon + 1)};
  if (add_control(name, value)) return;
  if (full.starts_with("_has:")) return add_has(full, value);
  if (full.find('.') != std::string_view::npos) return add_chain(full, value);
  if (name.code == "_id") return add_id(name, value);
  if (name.code == "_lastUpdated") return add_last_updated(name, value);
  if (full == "_filter") return add_filter(value);
  if (name.code == "_text" || name.code == "_content") return add_words(name, value);
  const SearchParameter* parameter = query_.type->search_parameter(name.code);
  if (parameter == nullptr) {
    return ignore(fmt::format("{} has no search parameter '{}' that this server knows; it has {}",
                              query_.type->name, name.code, known_parameters()));
  }
  add_criterion(name, *parameter, value);
}

void SearchParser::add_compartment(const SearchContext::Compartment& of) {
  if (!is_id(of.id)) {
    return error("value", fmt::format("'{}' is not the id of a {}", of.id, of.of->name));
  }
  const ResourceType::Compartment* compartment = query_.type->compartment(*of.of);
  if (compartment == nullptr) {
    return error("not-supported", fmt::format("{} is not in the compartment of a {}",
                                              query_.type->name, of.of->name));
  }
  const auto& parameters = compartment->parameters;
  Criterion criterion;
  if (parameters.front()->code == "_id") {
    criterion.column = Criterion::Column::id;
    criterion.any_of.emplace_back(IdValue{of.id});
  } else {
    criterion.parameter = parameters.front();
    criterion.or_parameters.assign(parameters.begin() + 1, parameters.end());
    criterion.any_of.emplace_back(ReferenceValue{{fmt::format("{}/{}", of.of->name, of.id)}});
  }
  query_.criteria.push_back(std::move(criterion));
}

Result<SearchQuery> SearchParser::finish() && {
  check_result();
  if (!errors_.empty()) return Problem{ProblemKind::invalid, std::move(errors_)};
  return std::move(query_);
}

// Every resource has an id and a time, so :missing=false asks for nothing.
bool SearchParser::add_column_missing(const Name& name, std::string_view value,
                                      Criterion::Column column) {
  if (name.modifier != "missing") return false;
  if (value != "true" && value != "false") {
    error("value",
          fmt::format("Search parameter '{}': '{}' must be true or false", name.full, value));
    return true;
  }
  use(name.full, value);
  // At the end of a chain it asks that the resource is there.
  if (value == "false" && depth_ == 0) return true;
  Criterion criterion;
  criterion.column = column;
  criterion.modifier = Modifier::missing;
  criterion.missing = value == "true";
  query_.criteria.push_back(std::move(criterion));
  return true;
}

void SearchParser::add_id(const Name& name, std::string_view value) {
  if (add_column_missing(name, value, Criterion::Column::id)) return;
  Criterion criterion;
  criterion.column = Criterion::Column::id;
  if (name.modifier == "not") {
    criterion.modifier = Modifier::not_;
  } else if (name.full != name.code) {
    return error("not-supported",
                 fmt::format("Search parameter '{}': modifier ':{}' is not one that _id has here; "
                             "it has :missing or :not",
                             name.full, name.modifier));
  }
  const std::string own = fmt::format("{}/", query_.type->name);
  for (const std::string_view text : alternatives(value)) {
    const std::string id = unescape(text);
    std::string_view bare = strip_uid(id);
    if (bare.starts_with(own)) bare.remove_prefix(own.size());
    if (!is_id(bare)) {
      error("value",
            fmt::format("Search parameter '{}': '{}' is not an id: 1 to 64 of A-Z a-z 0-9 - .",
                        name.full, id));
      continue;
    }
    criterion.any_of.emplace_back(IdValue{std::string(bare)});
  }
  if (criterion.any_of.empty()) return;
  use(name.full, value);
  query_.criteria.push_back(std::move(criterion));
}

void SearchParser::add_last_updated(const Name& name, std::string_view value) {
  if (add_column_missing(name, value, Criterion::Column::last_updated)) return;
  if (name.full != name.code) {
    return error("not-supported",
                 fmt::format("Search parameter '{}': modifier ':{}' is not one that _lastUpdated "
                             "has here; it has :missing",
                             name.full, name.modifier));
  }
  const ValueContext context{.index = context_.index, .now_ms = context_.now_ms};
  Criterion criterion;
  criterion.column = Criterion::Column::last_updated;
  for (const std::string_view text : alternatives(value)) {
    auto date = parse_date_value(text, context);
    if (!date) {
      error("value", fmt::format("Search parameter '_lastUpdated': {}", date.error()));
      continue;
    }
    criterion.any_of.emplace_back(*date);
  }
  if (criterion.any_of.empty()) return;
  use(name.full, value);
  query_.criteria.push_back(std::move(criterion));
}

void SearchParser::add_words(const Name& name, std::string_view value) {
  const bool is_text = name.code == "_text";
  const FullText needed = is_text ? FullText::narrative : FullText::content;
  if (context_.index.full_text < needed) {
    return ignore(
        fmt::format("Search parameter '{}' is not supported: this server does not index "
                    "{} (full_text)",
                    name.full, is_text ? "narratives" : "all text"));
  }
  if (name.full != name.code) {
    return error("not-supported",
                 fmt::format("Search parameter '{}': {} has no modifiers", name.full, name.code));
  }
  std::string words;
  for (const std::string_view alternative : alternatives(value)) {
    auto query = parse_words(unescape(alternative));
    if (!query) {
      error("value", fmt::format("Search parameter '{}': {}", name.full, query.error()));
      continue;
    }
    words.append(words.empty() ? "" : " OR ").append(*query);
  }
  if (words.empty()) return;
  use(name.full, value);
  Criterion criterion;
  criterion.column = is_text ? Criterion::Column::narrative : Criterion::Column::content;
  criterion.any_of.emplace_back(StringValue{{}, std::move(words)});
  query_.criteria.push_back(std::move(criterion));
}

void SearchParser::add_filter(std::string_view value) {
  auto filter = parse_filter(*query_.type, value, context_, limits_, values_);
  if (!filter) {
    if (errors_.size() < limits_.issues_max) errors_.push_back(std::move(filter).error());
    return;
  }
  use("_filter", value);
  Criterion criterion;
  criterion.column = Criterion::Column::filter;
  criterion.filter = std::make_shared<const FilterNode>(std::move(*filter));
  query_.criteria.push_back(std::move(criterion));
}

void SearchParser::add_criterion(const Name& name, const SearchParameter& parameter,
                                 std::string_view value) {
  if (is_about_meaning(name, parameter)) return add_meaning(name, parameter, value);
  Criterion criterion;
  criterion.parameter = &parameter;
  ValueContext context{.index = context_.index, .now_ms = context_.now_ms};
  if (!set_modifier(name, parameter, criterion, context)) return;
  if (criterion.modifier == Modifier::missing) {
    if (value != "true" && value != "false") {
      return error("value", fmt::format("Search parameter '{}': '{}' must be true or false",
                                        name.full, value));
    }
    criterion.missing = value == "true";
  } else {
    for (const std::string_view text : alternatives(value)) {
      auto values = parse_value(text, parameter, context);
      if (!values) {
        error("value", fmt::format("Search parameter '{}': {}", name.full, values.error()));
        continue;
      }
      for (SearchValue& one : *values) criterion.any_of.push_back(std::move(one));
    }
    if (criterion.any_of.empty()) return;
  }
  use(name.full, value);
  query_.criteria.push_back(std::move(criterion));
}

std::vector<std::string_view> SearchParser::alternatives(std::string_view value) {
  auto pieces = split_unescaped(value, ',');
  std::erase_if(pieces, [](std::string_view piece) { return piece.empty(); });
  const bool was_within = values_ <= limits_.search_values_max;
  values_ += pieces.size();
  if (values_ <= limits_.search_values_max) return pieces;
  if (was_within) {
    error("too-costly", fmt::format("The search has more than {} values (search_values_max)",
                                    limits_.search_values_max));
  }
  return {};
}

void SearchParser::use(std::string_view name, std::string_view value) {
  query_.used.emplace_back(name, value);
}

void SearchParser::error(std::string_view code, std::string diagnostics) {
  if (errors_.size() >= limits_.issues_max) return;
  errors_.push_back({Severity::error, code, std::move(diagnostics), {}});
}

void SearchParser::ignore(std::string diagnostics) {
  if (context_.handling == Handling::strict) return error("not-supported", std::move(diagnostics));
  query_.notes.push_back(
      {Severity::warning, "not-supported", std::move(diagnostics) + ". It was ignored.", {}});
}

std::string SearchParser::known_parameters() const {
  std::string names;
  for (const SearchParameter& parameter : query_.type->search_parameters) {
    names.append(names.empty() ? "" : ", ").append(parameter.code);
  }
  return names;
}

Result<SearchQuery> parse_search(const ResourceType& type,
                                 std::span<const std::pair<std::string, std::string>> parameters,
                                 const SearchContext& context, const Limits& limits) {
  if (parameters.size() > limits.search_parameters_max) {
    return problem(ProblemKind::invalid, "too-costly",
                   fmt::format("The search has {} parameters; {} are allowed "
                               "(search_parameters_max)",
                               parameters.size(), limits.search_parameters_max));
  }
  SearchParser parser(type, context, limits);
  if (context.compartment) parser.add_compartment(*context.compartment);
  for (const auto& [name, value] : parameters) parser.add(name, value);
  return std::move(parser).finish();
}

}  // namespace lightbox::fhir
