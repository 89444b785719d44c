// FHIRPath's functions on strings (hl7.org/fhirpath/N1/#string-manipulation) and its conversions.

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "fhir/fhirpath_evaluate.h"
#include "fhir/fhirpath_text.h"
#include "fhir/fhirpath_value.h"
#include "fhir/json_text.h"
#include "fhir/primitive.h"

namespace lightbox::fhir {
namespace {

using Kind = FhirPathValue::Kind;

std::string replaced(std::string_view text, std::string_view pattern, std::string_view with) {
  std::string out;
  std::size_t at = 0;
  for (auto found = text.find(pattern); found != std::string_view::npos && !pattern.empty();
       found = text.find(pattern, at)) {
    out += text.substr(at, found - at);
    out += with;
    at = found + pattern.size();
  }
  return out += text.substr(at);
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view white = " \t\r\n\f\v";
  const auto first = text.find_first_not_of(white);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(white) - first + 1);
}

// hl7.org/fhirpath/N1/#toboolean--boolean
std::optional<FhirPathValue> to_boolean(const FhirPathValue& value) {
  const std::string text = lower_case(value.text());
  for (const std::string_view yes : {"true", "t", "yes", "y", "1", "1.0"}) {
    if (text == yes) return make_boolean(true);
  }
  for (const std::string_view no : {"false", "f", "no", "n", "0", "0.0"}) {
    if (text == no) return make_boolean(false);
  }
  return std::nullopt;
}

std::optional<FhirPathValue> to_number(const FhirPathValue& value, Kind kind) {
  if (value.kind == Kind::boolean) {
    const bool is_true = value.text() == "true";
    return make_value(kind, kind == Kind::decimal ? (is_true ? "1.0" : "0.0")
                            : is_true             ? "1"
                                                  : "0");
  }
  std::string_view text = value.text();
  if (text.starts_with('+')) text.remove_prefix(1);
  const bool is_valid =
      kind == Kind::decimal ? is_json_number(text) : !check_primitive(Primitive::integer, text);
  if (!is_valid) return std::nullopt;
  return make_value(kind, std::string(text));
}

std::optional<FhirPathValue> converted(const FhirPathValue& value, std::string_view function) {
  if (value.kind >= Kind::complex) return std::nullopt;
  if (function == "toString") return make_string(std::string(value.text()));
  if (function == "toBoolean") return to_boolean(value);
  if (is_temporal(value)) return std::nullopt;
  return to_number(value, function == "toDecimal" ? Kind::decimal : Kind::integer);
}

}  // namespace

// nullopt: empty.
Result<std::optional<std::string>> FhirPathEvaluator::text_of(const Collection& value,
                                                              std::string_view what) {
  if (value.empty()) return std::optional<std::string>();
  if (value.size() > 1) {
    return wrong(fmt::format("FHIRPath: {} needs one string, not {} values", what, value.size()));
  }
  const FhirPathValue& only = value.front();
  if (only.kind != Kind::string && !is_temporal(only)) {
    return wrong(fmt::format("FHIRPath: {} needs a string, not {}", what, name_of(only.kind)));
  }
  TRY_DO(spend(only.text().size() / 16));
  return std::optional(std::string(only.text()));
}

Result<std::optional<std::string>> FhirPathEvaluator::text_argument(const Call& call,
                                                                    std::size_t number) {
  TRY(const Collection value, argument(call, number));
  return text_of(value, fmt::format("{}()", call.name()));
}

Result<FhirPathCollection> FhirPathEvaluator::function_find(const Call& call) {
  TRY(const auto text, text_of(call.input, fmt::format("{}()", call.name())));
  TRY(const auto part, text_argument(call, 0));
  if (!text || !part) return Collection{};
  if (call.name() == "contains") return boolean(text->find(*part) != std::string::npos);
  if (call.name() == "startsWith") return boolean(text->starts_with(*part));
  if (call.name() == "endsWith") return boolean(text->ends_with(*part));
  const auto found = text->find(*part);
  if (found == std::string::npos) return one(make_value(Kind::integer, "-1"));
  return one(make_integer(length_of(std::string_view(*text).substr(0, found))));
}

// What a regular expression costs is known only afterwards: a step for each microsecond.
Result<void> FhirPathEvaluator::spend_since(std::chrono::steady_clock::time_point start) {
  const auto spent = std::chrono::steady_clock::now() - start;
  return spend(static_cast<std::size_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(spent).count()));
}

Result<FhirPathCollection> FhirPathEvaluator::function_matches(const Call& call) {
  TRY(const auto text, text_of(call.input, fmt::format("{}()", call.name())));
  TRY(const auto expression, text_argument(call, 0));
  if (!text || !expression) return Collection{};
  const Match match = call.name() == "matches" ? Match::anywhere : Match::whole;
  const auto start = std::chrono::steady_clock::now();
  TRY(const bool found, lightbox::fhir::matches(*text, *expression, match));
  TRY_DO(spend_since(start));
  return boolean(found);
}

Result<FhirPathCollection> FhirPathEvaluator::function_replace(const Call& call) {
  TRY(const auto text, text_of(call.input, fmt::format("{}()", call.name())));
  TRY(const auto pattern, text_argument(call, 0));
  TRY(const auto with, text_argument(call, 1));
  if (!text || !pattern || !with) return Collection{};
  // The longest that the result can be.
  TRY_DO(spend((text->size() + 1) * (with->size() + 1) / 16));
  if (call.name() == "replace") return one(make_string(replaced(*text, *pattern, *with)));
  const auto start = std::chrono::steady_clock::now();
  TRY(std::string result, replace_matches(*text, *pattern, *with));
  TRY_DO(spend_since(start));
  return one(make_string(std::move(result)));
}

Result<FhirPathCollection> FhirPathEvaluator::function_case(const Call& call) {
  TRY(const auto text, text_of(call.input, fmt::format("{}()", call.name())));
  if (!text) return Collection{};
  return one(make_string(call.name() == "upper" ? upper_case(*text) : lower_case(*text)));
}

Result<FhirPathCollection> FhirPathEvaluator::function_length(const Call& call) {
  TRY(const auto text, text_of(call.input, "length()"));
  if (!text) return Collection{};
  return one(make_integer(length_of(*text)));
}

Result<FhirPathCollection> FhirPathEvaluator::function_substring(const Call& call) {
  TRY(const auto text, text_of(call.input, "substring()"));
  TRY(const auto start, count_argument(call, 0));
  std::int64_t count = INT64_MAX;
  if (call.size() == 2) {
    TRY(const auto wanted, count_argument(call, 1));
    count = std::max<std::int64_t>(wanted.value_or(count), 0);
  }
  const auto length = text ? static_cast<std::int64_t>(length_of(*text)) : 0;
  if (!start || *start < 0 || *start >= length) return Collection{};
  return one(make_string(std::string(
      substring_of(*text, static_cast<std::size_t>(*start), static_cast<std::size_t>(count)))));
}

Result<FhirPathCollection> FhirPathEvaluator::function_trim(const Call& call) {
  TRY(const auto text, text_of(call.input, "trim()"));
  if (!text) return Collection{};
  return one(make_string(std::string(trimmed(*text))));
}

Result<FhirPathCollection> FhirPathEvaluator::function_to(const Call& call) {
  if (call.input.empty()) return Collection{};
  if (call.input.size() > 1) {
    return wrong(
        fmt::format("FHIRPath: {}() needs one value, not {}", call.name(), call.input.size()));
  }
  auto value = converted(call.input.front(), call.name());
  if (!value) return Collection{};
  return one(std::move(*value));
}

}  // namespace lightbox::fhir
