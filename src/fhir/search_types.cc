#include "fhir/search_types.h"

#include <algorithm>
#include <fmt/format.h>

#include "fhir/search_values.h"

namespace lightbox::fhir {
namespace {

using Parameter = std::pair<std::string, std::string>;

// What is left out, and why: "… Search one of them by it".
struct Common {
  std::vector<Parameter> parameters;
  std::vector<std::string> left_out;
};

// A parameter of the same name may be of another kind for another type.
std::optional<std::string> why_not(std::string_view code,
                                   std::span<const ResourceType* const> types) {
  const SearchParameter* first = types.front()->search_parameter(code);
  for (const ResourceType* type : types) {
    const SearchParameter* parameter = type->search_parameter(code);
    if (parameter != nullptr && first != nullptr && parameter->type == first->type) continue;
    const ResourceType* without = parameter == nullptr ? type : types.front();
    if (parameter != nullptr && first != nullptr) {
      return fmt::format(
          "Search parameter '{}' is not of one kind for {} and {}, which are "
          "searched together",
          code, types.front()->name, type->name);
    }
    return fmt::format(
        "{} has no search parameter '{}' that this server knows, and only what all "
        "types that are searched have can be searched by",
        without->name, code);
  }
  return std::nullopt;
}

// The first key that orders all types; "" when there is none.
std::string common_sort(std::string_view value, std::vector<std::string>& left_out) {
  std::string sort;
  for (const std::string_view key : split_unescaped(value, ',')) {
    std::string_view code = key;
    if (code.starts_with('-')) code.remove_prefix(1);
    if (sort.empty() && (code == "_id" || code == "_lastUpdated")) {
      sort = key;
    } else {
      left_out.push_back(
          fmt::format("_sort={}: several types together are sorted by one of _id "
                      "and _lastUpdated, and not by '{}'",
                      value, key));
    }
  }
  return sort;
}

Common common_parameters(std::span<const Parameter> parameters,
                         std::span<const ResourceType* const> types) {
  Common common;
  bool has_sort = false;
  for (const auto& [name, value] : parameters) {
    if (value.empty()) continue;
    if (name == "_sort") {
      std::string sort = common_sort(value, common.left_out);
      if (!sort.empty() && !has_sort) common.parameters.emplace_back(name, sort);
      has_sort = has_sort || !sort.empty();
      continue;
    }
    const std::string_view code = std::string_view(name).substr(0, name.find_first_of(":."));
    if (!code.starts_with('_')) {
      if (auto reason = why_not(code, types)) {
        common.left_out.push_back(std::move(*reason));
        continue;
      }
    }
    common.parameters.emplace_back(name, value);
  }
  return common;
}

void add_new(std::span<const Issue> from, std::vector<Issue>& issues) {
  for (const Issue& issue : from) {
    const bool is_there =
        std::ranges::find(issues, issue.diagnostics, &Issue::diagnostics) != issues.end();
    if (!is_there) issues.push_back(issue);
  }
}

}  // namespace

Result<std::vector<SearchQuery>> parse_search_types(std::span<const ResourceType* const> types,
                                                    std::span<const Parameter> parameters,
                                                    const SearchContext& context,
                                                    const Limits& limits) {
  const Common common = common_parameters(parameters, types);
  if (context.handling == Handling::strict && !common.left_out.empty()) {
    Problem problem{ProblemKind::invalid, {}};
    for (const std::string& text : common.left_out) {
      problem.issues.push_back({Severity::error, "not-supported", text, {}});
    }
    return problem;
  }
  SearchContext of_type = context;
  of_type.types = types;
  std::vector<SearchQuery> queries;
  queries.reserve(types.size());
  for (const ResourceType* type : types) {
    TRY(auto query, parse_search(*type, common.parameters, of_type, limits));
    if (!queries.empty()) add_new(query.notes, queries.front().notes);
    queries.push_back(std::move(query));
  }
  for (const std::string& text : common.left_out) {
    queries.front().notes.push_back(
        {Severity::warning, "not-supported", text + ". It was ignored.", {}});
  }
  return queries;
}

}  // namespace lightbox::fhir
