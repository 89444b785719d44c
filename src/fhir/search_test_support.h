#pragma once

// Searches for tests: parsed from a query string, and criteria as lines that a test can state:
//
//     modality:not *|CT, *|MR                      tokens; * is any system or any code
//     subject ->Device/1+Group/1+Patient/1         what a reference may be
//     started ge 2024-01-01T00:00:00.000..2024-02-01T00:00:00.000
//     value-quantity gt 5.4 [5.395,5.405) http://ucum|mg
//     family "muller" "Müller"                     normalised and exact
//     series uid '1.2.3'
//     code-value-quantity http://loinc|1-8 $ gt 5 [4.5,5.5) *|mg

#include <array>
#include <chrono>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fhir/search.h"

namespace lightbox::fhir {

// --- A query as text ----------------------------------------------------------------------------

inline std::string instant(std::int64_t ms) {
  if (ms == date_max) return "open";
  const std::chrono::milliseconds time(ms);
  return fmt::format("{:%FT%T}.{:03}",
                     std::chrono::sys_seconds(std::chrono::floor<std::chrono::seconds>(time)),
                     (ms % 1000 + 1000) % 1000);
}

inline std::string_view name(Prefix prefix) {
  constexpr std::array<std::string_view, 10> names{"eq", "ne", "gt", "lt", "ge",
                                                   "le", "sa", "eb", "ap", "co"};
  return names.at(static_cast<std::size_t>(prefix));
}

struct Describe {
  static std::string optional(const std::optional<std::string>& text) { return text.value_or("*"); }

  std::string operator()(const TokenValue& token) const {
    return fmt::format("{}|{}", optional(token.system), optional(token.code));
  }
  std::string operator()(const StringValue& string) const {
    return fmt::format("\"{}\" \"{}\"", string.normalised, string.exact);
  }
  std::string operator()(const DateValue& date) const {
    return fmt::format("{} {}..{}", name(date.prefix), instant(date.interval.low),
                       instant(date.interval.high));
  }
  std::string operator()(const NumberValue& number) const {
    std::string text =
        fmt::format("{} {} [{},{})", name(number.prefix), number.value, number.low, number.high);
    if (number.system || number.code) {
      text += fmt::format(" {}|{}", optional(number.system), optional(number.code));
    }
    return text;
  }
  std::string operator()(const ReferenceValue& reference) const {
    return fmt::format("->{}", fmt::join(reference.targets, "+"));
  }
  std::string operator()(const UidValue& uid) const { return fmt::format("uid '{}'", uid.uid); }
  std::string operator()(const IdValue& id) const { return id.id; }
  std::string operator()(const CompositeValue& composite) const {
    std::string text;
    for (const auto& part : composite.parts) {
      text.append(text.empty() ? "" : " $ ").append(std::visit(*this, part));
    }
    return text;
  }
};

inline std::string_view name(Modifier modifier) {
  constexpr std::array<std::string_view, 10> names{"",          ":missing", ":not",        ":exact",
                                                   ":contains", ":text",    ":identifier", ":type",
                                                   ":of-type",  ":below"};
  return names.at(static_cast<std::size_t>(modifier));
}

// "modality:not *|CT, *|MR"
inline std::string line(const Criterion& criterion) {
  std::string text = criterion.parameter != nullptr ? std::string(criterion.parameter->code)
                     : criterion.column == Criterion::Column::id ? "_id"
                                                                 : "_lastUpdated";
  for (const SearchParameter* other : criterion.or_parameters) text.append("/").append(other->code);
  text.append(name(criterion.modifier));
  if (criterion.modifier == Modifier::missing)
    return text + (criterion.missing ? " true" : " false");
  std::string values;
  for (const SearchValue& value : criterion.any_of) {
    values.append(values.empty() ? " " : ", ").append(std::visit(Describe{}, value));
  }
  return text + values;
}

// --- Helpers ------------------------------------------------------------------------------------

using Parameters = std::vector<std::pair<std::string, std::string>>;

constexpr std::int64_t now_ms = 1'718'450'000'000;  // 2024-06-15T11:13:20Z

inline SearchContext context(Handling handling = Handling::lenient) {
  SearchContext made;
  made.handling = handling;
  made.index.own_bases = {"http://localhost:8080/baseR4/"};
  made.now_ms = now_ms;
  return made;
}

inline Result<SearchQuery> parse(std::string_view type, const Parameters& parameters,
                                 const SearchContext& with = context(), const Limits& limits = {}) {
  return parse_search(*Definitions::r4().resource_type(type), parameters, with, limits);
}

// "modality=CT&status=available"; nothing is decoded.
inline Parameters split(std::string_view query) {
  Parameters parameters;
  while (!query.empty()) {
    const std::string_view one = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), one.size() + 1));
    const auto equals = one.find('=');
    parameters.emplace_back(one.substr(0, equals), one.substr(equals + 1));
  }
  return parameters;
}

inline std::vector<std::string> diagnostics(const std::vector<Issue>& issues) {
  std::vector<std::string> texts;
  texts.reserve(issues.size());
  for (const Issue& issue : issues) texts.push_back(issue.diagnostics);
  return texts;
}

}  // namespace lightbox::fhir
