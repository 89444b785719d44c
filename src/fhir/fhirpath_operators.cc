// FHIRPath's operators on collections (hl7.org/fhirpath/N1/#operations).

#include <algorithm>
#include <fmt/format.h>

#include "fhir/fhirpath_evaluate.h"
#include "fhir/fhirpath_value.h"
#include "fhir/json_edit.h"

namespace lightbox::fhir {
namespace {

using Kind = FhirPathValue::Kind;

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> list) {
  return std::ranges::find(list, text) != list.end();
}

}  // namespace

Result<FhirPathCollection> FhirPathEvaluator::binary(const FhirPathNode& node, const Scope& scope) {
  const std::string_view symbol = node.text;
  if (is_one_of(symbol, {"and", "or", "xor", "implies"})) return logic(node, scope);
  TRY(const Collection left, evaluate(node.focus, scope));
  TRY(const Collection right, evaluate(node.arguments[0], scope));
  if (symbol == "|") {
    Collection both = left;
    both.insert(both.end(), right.begin(), right.end());
    return distinct(both);
  }
  if (symbol == "=" || symbol == "!=") {
    TRY(const auto same, equal(left, right));
    return boolean(same ? std::optional(*same == (symbol == "=")) : std::nullopt);
  }
  if (symbol == "~" || symbol == "!~") {
    TRY(const bool same, equivalent_collections(left, right));
    return boolean(same == (symbol == "~"));
  }
  if (symbol == "in") return contained_in(left, right);
  if (symbol == "contains") return contained_in(right, left);
  if (is_one_of(symbol, {"<", ">", "<=", ">="})) return ordered(symbol, left, right);
  return arithmetic(symbol, left, right);
}

// Three values: true, false and not known (empty).
Result<FhirPathCollection> FhirPathEvaluator::logic(const FhirPathNode& node, const Scope& scope) {
  const std::string_view symbol = node.text;
  TRY(const Collection first, evaluate(node.focus, scope));
  TRY(const auto left, truth(first, symbol));
  if (left && *left == (symbol == "or") && symbol != "xor" && symbol != "implies") {
    return boolean(left);
  }
  if (symbol == "implies" && left && !*left) return boolean(true);
  TRY(const Collection second, evaluate(node.arguments[0], scope));
  TRY(const auto right, truth(second, symbol));
  if (symbol == "xor") {
    return boolean(left && right ? std::optional(*left != *right) : std::nullopt);
  }
  if (symbol == "implies") {
    if (right && *right) return boolean(true);
    return boolean(left ? right : std::nullopt);
  }
  const bool decisive = symbol == "or";
  if (right && *right == decisive) return boolean(decisive);
  return boolean(left && right ? std::optional(!decisive) : std::nullopt);
}

Result<FhirPathCollection> FhirPathEvaluator::arithmetic(std::string_view symbol,
                                                         const Collection& left,
                                                         const Collection& right) {
  if (left.size() > 1 || right.size() > 1) {
    return wrong(fmt::format("FHIRPath: {} needs one value on each side, not {} and {}", symbol,
                             left.size(), right.size()));
  }
  const auto is_text = [](const Collection& value) {
    return value.empty() || value.front().kind == Kind::string;
  };
  const bool is_joining = symbol == "&" || (symbol == "+" && !left.empty() && is_text(left));
  if (is_joining && is_text(left) && is_text(right)) {
    if (symbol == "+" && right.empty()) return Collection{};
    std::string text(left.empty() ? "" : left.front().text());
    text += right.empty() ? "" : right.front().text();
    TRY_DO(spend(text.size() / 16));
    return one(make_string(std::move(text)));
  }
  if (left.empty() || right.empty()) return Collection{};
  const FhirPathValue& a = left.front();
  const FhirPathValue& b = right.front();
  if (!is_number(a) || !is_number(b) || symbol == "&") {
    return wrong(fmt::format("FHIRPath: {} is not possible with {} and {}", symbol, name_of(a.kind),
                             name_of(b.kind)));
  }
  const auto result = calculate(symbol, a.text(), b.text());
  if (!result) return Collection{};
  const bool is_whole =
      symbol == "div" || (symbol != "/" && a.kind == Kind::integer && b.kind == Kind::integer);
  return one(make_value(is_whole ? Kind::integer : Kind::decimal, *result));
}

Result<FhirPathCollection> FhirPathEvaluator::ordered(std::string_view symbol,
                                                      const Collection& left,
                                                      const Collection& right) {
  if (left.empty() || right.empty()) return Collection{};
  if (left.size() > 1 || right.size() > 1) {
    return wrong(fmt::format("FHIRPath: {} needs one value on each side, not {} and {}", symbol,
                             left.size(), right.size()));
  }
  const FhirPathValue& a = left.front();
  const FhirPathValue& b = right.front();
  if (!are_comparable(a, b)) {
    return wrong(fmt::format(
        "FHIRPath: {} cannot compare {} with {}{}", symbol, name_of(a.kind), name_of(b.kind),
        is_temporal(a) || is_temporal(b) ? "; a date is written @2024-06-15" : ""));
  }
  const auto order = compare(a, b);
  if (!order) return Collection{};
  if (symbol == "<") return boolean(*order < 0);
  if (symbol == ">") return boolean(*order > 0);
  return boolean(symbol == "<=" ? *order <= 0 : *order >= 0);
}

Result<std::optional<bool>> FhirPathEvaluator::equal(const Collection& left,
                                                     const Collection& right) {
  if (left.empty() || right.empty()) return std::optional<bool>();
  if (left.size() != right.size()) return std::optional(false);
  for (std::size_t at = 0; at < left.size(); ++at) {
    if (left[at].kind == Kind::complex) TRY_DO(spend(extent_of(*left[at].json).nodes));
    const auto same = equals(left[at], right[at]);
    if (!same || !*same) return same;
  }
  return std::optional(true);
}

// In any order.
Result<bool> FhirPathEvaluator::equivalent_collections(const Collection& left,
                                                       const Collection& right) {
  if (left.size() != right.size()) return false;
  std::vector<bool> is_taken(right.size());
  for (const FhirPathValue& value : left) {
    TRY_DO(spend(right.size()));
    bool is_found = false;
    for (std::size_t at = 0; at < right.size() && !is_found; ++at) {
      if (is_taken[at]) continue;
      if (value.kind == Kind::complex) TRY_DO(spend(extent_of(*value.json).nodes));
      is_found = equivalent(value, right[at]);
      if (is_found) is_taken[at] = true;
    }
    if (!is_found) return false;
  }
  return true;
}

Result<bool> FhirPathEvaluator::has(const Collection& collection, const FhirPathValue& value) {
  for (const FhirPathValue& other : collection) {
    TRY_DO(spend(1));
    if (value.kind == Kind::complex && other.kind == Kind::complex) {
      TRY_DO(spend(extent_of(*value.json).nodes));
    }
    if (equals(value, other).value_or(false)) return true;
  }
  return false;
}

Result<FhirPathCollection> FhirPathEvaluator::contained_in(const Collection& item,
                                                           const Collection& collection) {
  if (item.empty()) return Collection{};
  if (item.size() > 1) {
    return wrong(fmt::format("FHIRPath: in and contains look for one value, not {}", item.size()));
  }
  TRY(const bool found, has(collection, item.front()));
  return boolean(found);
}

Result<FhirPathCollection> FhirPathEvaluator::distinct(const Collection& input) {
  Collection found;
  for (const FhirPathValue& value : input) {
    TRY(const bool is_there, has(found, value));
    if (!is_there) found.push_back(value);
  }
  return found;
}

}  // namespace lightbox::fhir
