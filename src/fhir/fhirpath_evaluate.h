#pragma once

// The evaluation of one FHIRPath expression on one resource. One thread's.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "fhir/fhirpath.h"
#include "fhir/fhirpath_tree.h"

namespace lightbox::fhir {

class FhirPathEvaluator {
 public:
  FhirPathEvaluator(const FhirPathTree& tree, const Json& resource, const Limits& limits)
      : tree_(tree), resource_(resource), limits_(limits) {}

  Result<FhirPathCollection> run(std::uint32_t start);
  [[nodiscard]] std::size_t steps() const { return steps_; }

 private:
  using Collection = FhirPathCollection;
  // What $this and $index are.
  struct Scope {
    const FhirPathValue& self;
    std::size_t index = 0;
  };
  struct Call {
    const FhirPathNode& node;
    const Collection& input;
    const Scope& scope;
    std::string_view name() const { return node.text; }
    std::size_t size() const { return node.arguments.size(); }
  };
  struct Function {
    std::string_view name;
    std::size_t least = 0;  // arguments
    std::size_t most = 0;
    Result<Collection> (FhirPathEvaluator::*run)(const Call&) = nullptr;
  };
  static const Function* find_function(std::string_view name);

  // fhirpath_evaluate.cc
  Result<Collection> evaluate(std::uint32_t node, const Scope& scope);
  Result<Collection> variable(const FhirPathNode& node);
  Result<Collection> name(const FhirPathNode& node, const Scope& scope);
  Result<Collection> call(const FhirPathNode& node, const Scope& scope);
  Result<Collection> indexer(const FhirPathNode& node, const Scope& scope);
  Result<Collection> negated(const FhirPathNode& node, const Scope& scope);
  Result<Collection> type_operator(const FhirPathNode& node, const Scope& scope);
  Result<Collection> of_type(const Collection& input, std::string_view type);
  Result<Collection> is_of_type(const Collection& input, std::string_view type);

  // fhirpath_navigate.cc
  Result<FhirPathValue> root() const;
  Result<Collection> members(const Collection& input, std::string_view name);
  // Children of one value; all, when `wanted` is nullptr.
  Result<void> append_children(const FhirPathValue& value, const Element* wanted, Collection& out);
  void append_member(const FhirPathValue& parent, const Json& object, const Json& member,
                     const ComplexType::Slot& slot, Collection& out);
  Result<Collection> contained(const FhirPathValue& reference);
  [[nodiscard]] Problem unknown_element(const ComplexType& type, std::string_view name) const;

  // fhirpath_operators.cc
  Result<Collection> binary(const FhirPathNode& node, const Scope& scope);
  Result<Collection> logic(const FhirPathNode& node, const Scope& scope);
  Result<Collection> arithmetic(std::string_view symbol, const Collection& left,
                                const Collection& right);
  Result<Collection> ordered(std::string_view symbol, const Collection& left,
                             const Collection& right);
  Result<std::optional<bool>> equal(const Collection& left, const Collection& right);
  Result<bool> equivalent_collections(const Collection& left, const Collection& right);
  Result<Collection> contained_in(const Collection& item, const Collection& collection);
  Result<Collection> distinct(const Collection& input);
  Result<bool> has(const Collection& collection, const FhirPathValue& value);

  // fhirpath_functions.cc
  Result<Collection> argument(const Call& call, std::size_t number);
  Result<Collection> for_item(const Call& call, std::size_t number, std::size_t index);
  Result<std::optional<bool>> criterion(const Call& call, std::size_t index);
  Result<std::optional<std::int64_t>> count_argument(const Call& call, std::size_t number);
  Result<Collection> slice(const Collection& input, std::size_t from, std::size_t count);
  Result<Collection> function_all(const Call& call);
  Result<Collection> function_all_of(const Call& call);  // allTrue, anyTrue, allFalse, anyFalse
  Result<Collection> function_as(const Call& call);
  Result<Collection> function_children(const Call& call);
  Result<Collection> function_combine(const Call& call);
  Result<Collection> function_count(const Call& call);
  Result<Collection> function_descendants(const Call& call);
  Result<Collection> function_distinct(const Call& call);
  Result<Collection> function_empty(const Call& call);
  Result<Collection> function_exclude(const Call& call);  // and intersect
  Result<Collection> function_exists(const Call& call);
  Result<Collection> function_extension(const Call& call);
  Result<Collection> function_first(const Call& call);
  Result<Collection> function_has_value(const Call& call);
  Result<Collection> function_iif(const Call& call);
  Result<Collection> function_is(const Call& call);
  Result<Collection> function_last(const Call& call);
  Result<Collection> function_not(const Call& call);
  Result<Collection> function_repeat(const Call& call);
  Result<Collection> function_resolve(const Call& call);
  Result<Collection> function_select(const Call& call);
  Result<Collection> function_single(const Call& call);
  Result<Collection> function_skip(const Call& call);
  Result<Collection> function_subset(const Call& call);  // subsetOf, supersetOf
  Result<Collection> function_tail(const Call& call);
  Result<Collection> function_take(const Call& call);
  Result<Collection> function_trace(const Call& call);
  Result<Collection> function_union(const Call& call);
  Result<Collection> function_where(const Call& call);

  // fhirpath_strings.cc
  Result<std::optional<std::string>> text_of(const Collection& value, std::string_view what);
  Result<std::optional<std::string>> text_argument(const Call& call, std::size_t number);
  Result<Collection> function_case(const Call& call);  // lower, upper
  Result<Collection> function_find(const Call& call);  // contains, startsWith, endsWith, indexOf
  Result<Collection> function_length(const Call& call);
  Result<void> spend_since(std::chrono::steady_clock::time_point start);
  Result<Collection> function_matches(const Call& call);
  Result<Collection> function_replace(const Call& call);
  Result<Collection> function_substring(const Call& call);
  Result<Collection> function_trim(const Call& call);
  Result<Collection> function_to(const Call& call);  // toString, toInteger, toDecimal, toBoolean

  // Shared.
  Result<void> spend(std::size_t steps);
  static Result<std::optional<bool>> truth(const Collection& value, std::string_view what);
  static Problem wrong(std::string what);
  static Collection one(FhirPathValue value);
  static Collection boolean(std::optional<bool> value);
  [[nodiscard]] std::string type_argument(const FhirPathNode& node) const;

  const FhirPathTree& tree_;
  const Json& resource_;
  const Limits& limits_;
  FhirPathValue root_;
  std::size_t steps_ = 0;
};

}  // namespace lightbox::fhir
