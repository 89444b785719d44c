// FHIRPath's functions on collections (hl7.org/fhirpath/N1/#functions, R4 fhirpath.html#functions).

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>

#include "fhir/fhirpath_evaluate.h"
#include "fhir/fhirpath_value.h"

namespace lightbox::fhir {
namespace {

using Kind = FhirPathValue::Kind;

}  // namespace

const FhirPathEvaluator::Function* FhirPathEvaluator::find_function(std::string_view name) {
  using E = FhirPathEvaluator;
  static constexpr std::array table = {
      Function{"all", 1, 1, &E::function_all},
      Function{"allFalse", 0, 0, &E::function_all_of},
      Function{"allTrue", 0, 0, &E::function_all_of},
      Function{"anyFalse", 0, 0, &E::function_all_of},
      Function{"anyTrue", 0, 0, &E::function_all_of},
      Function{"as", 1, 1, &E::function_as},
      Function{"children", 0, 0, &E::function_children},
      Function{"combine", 1, 1, &E::function_combine},
      Function{"contains", 1, 1, &E::function_find},
      Function{"count", 0, 0, &E::function_count},
      Function{"descendants", 0, 0, &E::function_descendants},
      Function{"distinct", 0, 0, &E::function_distinct},
      Function{"empty", 0, 0, &E::function_empty},
      Function{"endsWith", 1, 1, &E::function_find},
      Function{"exclude", 1, 1, &E::function_exclude},
      Function{"exists", 0, 1, &E::function_exists},
      Function{"extension", 1, 1, &E::function_extension},
      Function{"first", 0, 0, &E::function_first},
      Function{"hasValue", 0, 0, &E::function_has_value},
      Function{"iif", 2, 3, &E::function_iif},
      Function{"indexOf", 1, 1, &E::function_find},
      Function{"intersect", 1, 1, &E::function_exclude},
      Function{"is", 1, 1, &E::function_is},
      Function{"isDistinct", 0, 0, &E::function_distinct},
      Function{"last", 0, 0, &E::function_last},
      Function{"length", 0, 0, &E::function_length},
      Function{"lower", 0, 0, &E::function_case},
      Function{"matches", 1, 1, &E::function_matches},
      Function{"matchesFull", 1, 1, &E::function_matches},
      Function{"not", 0, 0, &E::function_not},
      Function{"ofType", 1, 1, &E::function_as},
      Function{"repeat", 1, 1, &E::function_repeat},
      Function{"replace", 2, 2, &E::function_replace},
      Function{"replaceMatches", 2, 2, &E::function_replace},
      Function{"resolve", 0, 0, &E::function_resolve},
      Function{"select", 1, 1, &E::function_select},
      Function{"single", 0, 0, &E::function_single},
      Function{"skip", 1, 1, &E::function_skip},
      Function{"startsWith", 1, 1, &E::function_find},
      Function{"subsetOf", 1, 1, &E::function_subset},
      Function{"substring", 1, 2, &E::function_substring},
      Function{"supersetOf", 1, 1, &E::function_subset},
      Function{"tail", 0, 0, &E::function_tail},
      Function{"take", 1, 1, &E::function_take},
      Function{"toBoolean", 0, 0, &E::function_to},
      Function{"toDecimal", 0, 0, &E::function_to},
      Function{"toInteger", 0, 0, &E::function_to},
      Function{"toString", 0, 0, &E::function_to},
      Function{"trace", 1, 2, &E::function_trace},
      Function{"trim", 0, 0, &E::function_trim},
      Function{"union", 1, 1, &E::function_union},
      Function{"upper", 0, 0, &E::function_case},
      Function{"where", 1, 1, &E::function_where},
  };
  const auto found = std::ranges::find(table, name, &Function::name);
  return found != table.end() ? &*found : nullptr;
}

// --- Arguments ----------------------------------------------------------------------------------

Result<FhirPathCollection> FhirPathEvaluator::argument(const Call& call, std::size_t number) {
  return evaluate(call.node.arguments[number], call.scope);
}

// With item `index` of the input as $this.
Result<FhirPathCollection> FhirPathEvaluator::for_item(const Call& call, std::size_t number,
                                                       std::size_t index) {
  return evaluate(call.node.arguments[number], Scope{call.input[index], index});
}

Result<std::optional<bool>> FhirPathEvaluator::criterion(const Call& call, std::size_t index) {
  TRY(const Collection value, for_item(call, 0, index));
  return truth(value, call.name());
}

// nullopt: empty.
Result<std::optional<std::int64_t>> FhirPathEvaluator::count_argument(const Call& call,
                                                                      std::size_t number) {
  TRY(const Collection value, argument(call, number));
  if (value.empty()) return std::optional<std::int64_t>();
  if (value.size() > 1 || value.front().kind != Kind::integer) {
    return wrong(fmt::format("FHIRPath: {}() takes one integer", call.name()));
  }
  std::int64_t count = 0;
  const std::string_view text = value.front().text();
  std::from_chars(text.data(), text.data() + text.size(), count);
  return std::optional(count);
}

// --- Existence ----------------------------------------------------------------------------------

Result<FhirPathCollection> FhirPathEvaluator::function_empty(const Call& call) {
  return boolean(call.input.empty());
}

Result<FhirPathCollection> FhirPathEvaluator::function_exists(const Call& call) {
  if (call.size() == 0) return boolean(!call.input.empty());
  TRY(const Collection found, function_where(call));
  return boolean(!found.empty());
}

Result<FhirPathCollection> FhirPathEvaluator::function_all(const Call& call) {
  for (std::size_t at = 0; at < call.input.size(); ++at) {
    TRY(const auto holds, criterion(call, at));
    if (!holds.value_or(false)) return boolean(false);
  }
  return boolean(true);
}

Result<FhirPathCollection> FhirPathEvaluator::function_all_of(const Call& call) {
  const bool wanted = call.name().ends_with("True");
  const bool is_all = call.name().starts_with("all");
  for (const FhirPathValue& value : call.input) {
    if (value.kind != Kind::boolean) {
      return wrong(
          fmt::format("FHIRPath: {}() needs booleans, not {}", call.name(), name_of(value.kind)));
    }
    if ((value.text() == "true") == wanted) {
      if (!is_all) return boolean(true);
    } else if (is_all) {
      return boolean(false);
    }
  }
  return boolean(is_all);
}

Result<FhirPathCollection> FhirPathEvaluator::function_count(const Call& call) {
  return one(make_integer(call.input.size()));
}

Result<FhirPathCollection> FhirPathEvaluator::function_distinct(const Call& call) {
  TRY(Collection found, distinct(call.input));
  if (call.name() == "distinct") return found;
  return boolean(found.size() == call.input.size());
}

Result<FhirPathCollection> FhirPathEvaluator::function_subset(const Call& call) {
  TRY(const Collection other, argument(call, 0));
  const bool is_subset = call.name() == "subsetOf";
  const Collection& small = is_subset ? call.input : other;
  const Collection& large = is_subset ? other : call.input;
  for (const FhirPathValue& value : small) {
    TRY(const bool is_there, has(large, value));
    if (!is_there) return boolean(false);
  }
  return boolean(true);
}

Result<FhirPathCollection> FhirPathEvaluator::function_has_value(const Call& call) {
  return boolean(call.input.size() == 1 && call.input.front().kind < Kind::complex);
}

Result<FhirPathCollection> FhirPathEvaluator::function_not(const Call& call) {
  TRY(const auto value, truth(call.input, "not()"));
  return boolean(value ? std::optional(!*value) : std::nullopt);
}

// --- Filters ------------------------------------------------------------------------------------

Result<FhirPathCollection> FhirPathEvaluator::function_where(const Call& call) {
  Collection found;
  for (std::size_t at = 0; at < call.input.size(); ++at) {
    TRY(const auto holds, criterion(call, at));
    if (holds.value_or(false)) found.push_back(call.input[at]);
  }
  return found;
}

Result<FhirPathCollection> FhirPathEvaluator::function_select(const Call& call) {
  Collection found;
  for (std::size_t at = 0; at < call.input.size(); ++at) {
    TRY(const Collection values, for_item(call, 0, at));
    TRY_DO(spend(values.size()));
    found.insert(found.end(), values.begin(), values.end());
  }
  return found;
}

Result<FhirPathCollection> FhirPathEvaluator::function_repeat(const Call& call) {
  Collection found;
  Collection open = call.input;
  while (!open.empty()) {
    Collection next;
    for (std::size_t at = 0; at < open.size(); ++at) {
      TRY(const Collection values, evaluate(call.node.arguments[0], Scope{open[at], at}));
      for (const FhirPathValue& value : values) {
        TRY(const bool is_there, has(found, value));
        if (is_there) continue;
        found.push_back(value);
        next.push_back(value);
      }
    }
    open = std::move(next);
  }
  return found;
}

Result<FhirPathCollection> FhirPathEvaluator::function_as(const Call& call) {
  const std::string type = type_argument(tree_.nodes[call.node.arguments[0]]);
  return of_type(call.input, type);
}

Result<FhirPathCollection> FhirPathEvaluator::function_is(const Call& call) {
  return is_of_type(call.input, type_argument(tree_.nodes[call.node.arguments[0]]));
}

Result<FhirPathCollection> FhirPathEvaluator::function_extension(const Call& call) {
  TRY(const auto url, text_argument(call, 0));
  if (!url) return Collection{};
  Collection found;
  for (const FhirPathValue& value : call.input) {
    const Element* element =
        value.complex != nullptr ? value.complex->element("extension") : nullptr;
    if (element == nullptr) continue;
    Collection extensions;
    TRY_DO(append_children(value, element, extensions));
    std::ranges::copy_if(extensions, std::back_inserter(found), [&](const FhirPathValue& each) {
      return each.kind == Kind::complex && each.json->string("url") == *url;
    });
  }
  return found;
}

// --- Parts --------------------------------------------------------------------------------------

Result<FhirPathCollection> FhirPathEvaluator::slice(const Collection& input, std::size_t from,
                                                    std::size_t count) {
  from = std::min(from, input.size());
  const std::size_t end = from + std::min(count, input.size() - from);
  TRY_DO(spend(end - from));
  return Collection(input.begin() + static_cast<std::ptrdiff_t>(from),
                    input.begin() + static_cast<std::ptrdiff_t>(end));
}

Result<FhirPathCollection> FhirPathEvaluator::function_first(const Call& call) {
  return slice(call.input, 0, 1);
}

Result<FhirPathCollection> FhirPathEvaluator::function_last(const Call& call) {
  return slice(call.input, call.input.empty() ? 0 : call.input.size() - 1, 1);
}

Result<FhirPathCollection> FhirPathEvaluator::function_tail(const Call& call) {
  return slice(call.input, 1, call.input.size());
}

Result<FhirPathCollection> FhirPathEvaluator::function_skip(const Call& call) {
  TRY(const auto count, count_argument(call, 0));
  const auto from = std::max<std::int64_t>(count.value_or(0), 0);
  return slice(call.input, static_cast<std::size_t>(from), call.input.size());
}

Result<FhirPathCollection> FhirPathEvaluator::function_take(const Call& call) {
  TRY(const auto count, count_argument(call, 0));
  const auto taken = std::max<std::int64_t>(count.value_or(0), 0);
  return slice(call.input, 0, static_cast<std::size_t>(taken));
}

Result<FhirPathCollection> FhirPathEvaluator::function_single(const Call& call) {
  if (call.input.size() <= 1) return call.input;
  return wrong(fmt::format("FHIRPath: single() is called on {} values", call.input.size()));
}

// --- Combinations -------------------------------------------------------------------------------

Result<FhirPathCollection> FhirPathEvaluator::function_union(const Call& call) {
  TRY(const Collection both, function_combine(call));
  return distinct(both);
}

Result<FhirPathCollection> FhirPathEvaluator::function_combine(const Call& call) {
  TRY(const Collection other, argument(call, 0));
  TRY_DO(spend(call.input.size() + other.size()));
  Collection both = call.input;
  both.insert(both.end(), other.begin(), other.end());
  return both;
}

Result<FhirPathCollection> FhirPathEvaluator::function_exclude(const Call& call) {
  TRY(const Collection other, argument(call, 0));
  const bool is_intersection = call.name() == "intersect";
  Collection found;
  for (const FhirPathValue& value : call.input) {
    TRY(const bool is_there, has(other, value));
    if (is_there == is_intersection) found.push_back(value);
  }
  if (is_intersection) return distinct(found);
  return found;
}

// --- Tree, and the rest -------------------------------------------------------------------------

Result<FhirPathCollection> FhirPathEvaluator::function_children(const Call& call) {
  Collection found;
  for (const FhirPathValue& value : call.input) TRY_DO(append_children(value, nullptr, found));
  return found;
}

Result<FhirPathCollection> FhirPathEvaluator::function_descendants(const Call& call) {
  TRY(Collection found, function_children(call));
  for (std::size_t at = 0; at < found.size(); ++at) {
    const FhirPathValue value = found[at];  // `found` grows
    TRY_DO(append_children(value, nullptr, found));
  }
  return found;
}

Result<FhirPathCollection> FhirPathEvaluator::function_resolve(const Call& call) {
  Collection found;
  for (const FhirPathValue& value : call.input) {
    TRY(Collection resolved, contained(value));
    std::ranges::move(resolved, std::back_inserter(found));
  }
  return found;
}

Result<FhirPathCollection> FhirPathEvaluator::function_iif(const Call& call) {
  TRY(const Collection value, argument(call, 0));
  TRY(const auto holds, truth(value, "iif()"));
  if (holds.value_or(false)) return argument(call, 1);
  if (call.size() == 3) return argument(call, 2);
  return Collection{};
}

// Nobody looks at a trace here.
Result<FhirPathCollection> FhirPathEvaluator::function_trace(const Call& call) {
  return call.input;
}

}  // namespace lightbox::fhir
