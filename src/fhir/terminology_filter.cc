#include "fhir/terminology_filter.h"

#include <algorithm>
#include <fmt/format.h>
#include <unicode/regex.h>
#include <unordered_set>

#include "fhir/findings.h"

namespace lightbox::fhir {
namespace {

// ICU's units: about a millisecond of its own steps, and bytes of its backtracking stack.
constexpr std::int32_t regex_time_max = 2;
constexpr std::int32_t regex_stack_bytes_max = 1 << 20;

Problem refused(const ValueSetFilter& filter, std::string_view code, std::string_view why) {
  return problem(ProblemKind::unprocessable, code,
                 fmt::format("The filter {} {} {} cannot be evaluated: {}", quoted(filter.property),
                             filter.op, quoted(filter.value), why));
}

std::vector<std::string_view> split_commas(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto end = text.find(',');
    std::string_view part = text.substr(0, end);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    parts.push_back(part);
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// What of a concept the filter looks at; none when the concept does not have it.
using Values = std::function<std::vector<std::string_view>(const Concept&)>;

std::vector<std::string_view> listed_values(const Concept& of, std::string_view property) {
  std::vector<std::string_view> values;
  const Json* properties = of.json == nullptr ? nullptr : of.json->find("property");
  if (properties == nullptr) return values;
  for (const Json* one = properties->first; one != nullptr; one = one->next) {
    if (one->string("code") == property) values.push_back(property_value(*one));
  }
  return values;
}

Result<Values> values_of(const CodeSystem& system, const ValueSetFilter& filter) {
  const std::string_view property = filter.property;
  if (property == "concept" || property == "code") {
    return Values([](const Concept& of) { return std::vector{of.code}; });
  }
  if (property == "display") {
    return Values([](const Concept& of) { return std::vector{of.display}; });
  }
  if (property == "inactive") {
    return Values([](const Concept& of) {
      return std::vector<std::string_view>{of.is_inactive ? "true" : "false"};
    });
  }
  if (property == "parent") {
    return Values([&system](const Concept& of) {
      std::vector<std::string_view> values;
      for (const auto parent : of.parents) values.push_back(system.concepts[parent].code);
      return values;
    });
  }
  if (!system.concepts.empty() && system.concepts.front().json == nullptr) {
    return refused(filter, "not-supported",
                   "of a built-in CodeSystem only code, display, parent and inactive are known");
  }
  return Values([property](const Concept& of) { return listed_values(of, property); });
}

Result<ConceptMatcher> match_regex(const ValueSetFilter& filter, Values values) {
  UErrorCode status = U_ZERO_ERROR;
  const auto text = icu::UnicodeString::fromUTF8(
      icu::StringPiece(filter.value.data(), static_cast<std::int32_t>(filter.value.size())));
  const std::shared_ptr<icu::RegexPattern> pattern(icu::RegexPattern::compile(text, 0, status));
  if (U_FAILURE(status)) return refused(filter, "value", "it is not a regular expression");
  return ConceptMatcher(
      [filter, pattern, values = std::move(values)](const Concept& of) -> Result<bool> {
        for (const std::string_view value : values(of)) {
          UErrorCode error = U_ZERO_ERROR;
          const auto subject = icu::UnicodeString::fromUTF8(
              icu::StringPiece(value.data(), static_cast<std::int32_t>(value.size())));
          const std::unique_ptr<icu::RegexMatcher> matcher(pattern->matcher(subject, error));
          if (U_FAILURE(error)) return refused(filter, "exception", "out of memory");
          matcher->setTimeLimit(regex_time_max, error);
          matcher->setStackLimit(regex_stack_bytes_max, error);
          const bool is_match = matcher->matches(error) != 0;
          if (U_FAILURE(error)) {
            return refused(filter, "too-costly", "the regular expression takes too long");
          }
          if (is_match) return true;
        }
        return false;
      });
}

enum class Wanted : std::uint8_t { members, others };

ConceptMatcher match_set(const std::vector<const Concept*>& concepts, Wanted wanted) {
  auto set =
      std::make_shared<const std::unordered_set<const Concept*>>(concepts.begin(), concepts.end());
  return [set, wanted](const Concept& of) -> Result<bool> {
    return set->contains(&of) == (wanted == Wanted::members);
  };
}

// is-a, descendent-of, is-not-a, generalizes.
Result<ConceptMatcher> match_hierarchy(const CodeSystem& system, const ValueSetFilter& filter) {
  if (!system.is_complete()) {
    return refused(filter, "not-supported", "only a part of the CodeSystem is known here");
  }
  const Concept* start = system.find(filter.value);
  if (start == nullptr) {
    return refused(filter, "code-invalid",
                   fmt::format("{} is not a code of {}", quoted(filter.value), system.url));
  }
  auto concepts =
      filter.op == "generalizes" ? system.ancestors(*start) : system.descendants(*start);
  if (filter.op == "descendent-of") std::erase(concepts, start);
  return match_set(concepts, filter.op == "is-not-a" ? Wanted::others : Wanted::members);
}

bool is_hierarchical(std::string_view op) {
  return op == "is-a" || op == "descendent-of" || op == "is-not-a" || op == "generalizes";
}

}  // namespace

Result<ConceptMatcher> make_matcher(const CodeSystem& system, const ValueSetFilter& filter) {
  if (is_hierarchical(filter.op)) {
    if (filter.property != "concept" && filter.property != "code") {
      return refused(filter, "not-supported", "this operator is known for 'concept' only");
    }
    return match_hierarchy(system, filter);
  }
  TRY(Values values, values_of(system, filter));
  if (filter.op == "regex") return match_regex(filter, std::move(values));
  if (filter.op == "exists") {
    if (filter.value != "true" && filter.value != "false") {
      return refused(filter, "value", "its value must be true or false");
    }
    return ConceptMatcher(
        [values, wanted = filter.value == "true"](const Concept& of) -> Result<bool> {
          return values(of).empty() != wanted;
        });
  }
  if (filter.op != "=" && filter.op != "in" && filter.op != "not-in") {
    return refused(filter, "not-supported", "the operator is not known");
  }
  const auto wanted = filter.op == "=" ? std::vector{filter.value} : split_commas(filter.value);
  return ConceptMatcher(
      [values, wanted, negated = filter.op == "not-in"](const Concept& of) -> Result<bool> {
        const bool is_one = std::ranges::any_of(values(of), [&](std::string_view value) {
          return std::ranges::find(wanted, value) != wanted.end();
        });
        return is_one != negated;
      });
}

}  // namespace lightbox::fhir
