#pragma once

// One criterion of a search as the store sees it: where its index rows are, how a single resource
// is probed for it, and what it says of a resource in memory (which keeps cached sets current).

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "fhir/search.h"
#include "fhir/search_filter.h"
#include "store/code_systems.h"
#include "store/database.h"
#include "store/key_set.h"

namespace lightbox::store {

// Rows of token_index that would satisfy the criterion: of one system, or of any.
struct TokenPair {
  std::int64_t param = 0;
  std::optional<std::int64_t> system;
  std::string value;
  auto operator<=>(const TokenPair&) const = default;
};

struct FilterPredicate;
struct ChainPredicate;

struct Predicate {
  enum class Kind : std::uint8_t {
    nothing,  // cannot match (an unknown system, say)
    token,    // any of `pairs`; probed by one seek each
    order,    // a date on the parameter that gives the type its order: a range of `ord`
    present,  // resource.present & mask; without a criterion: there is a value to sort by
    updated,  // _lastUpdated
    filter,   // a _filter: sets of its tests, put together as `filter` says
    chain,    // as `filter`: made of sets of other types
    words,    // _text and _content: as `set`, but no resource alone tells (kept_sets.h)
    set,      // all else: the keys are collected from `sources`
  };
  Kind kind = Kind::nothing;
  bool negated = false;  // :not, :missing=true
  std::shared_ptr<const fhir::Criterion> criterion;
  const fhir::ResourceType* type = nullptr;
  std::vector<TokenPair> pairs;
  std::int64_t mask = 0;
  // Each gives the keys of resources that satisfy the criterion without its negation.
  std::vector<Sql> sources;
  // Values whose system nothing had when the query was compiled: part of the name, since a cached
  // set follows the criterion and not the sources.
  std::string unknown;
  // Equal names mean equal sets.
  std::string name;
  std::shared_ptr<const FilterPredicate> filter;
  std::shared_ptr<const ChainPredicate> chain;

  // False: nothing else than probing in a set can be done.
  [[nodiscard]] bool has_probe() const {
    return kind != Kind::set && kind != Kind::nothing && kind != Kind::filter &&
           kind != Kind::words && kind != Kind::chain;
  }
};

// A node of a _filter with the predicates of its tests.
struct FilterPredicate {
  const fhir::FilterNode* node = nullptr;  // of the criterion, which the predicate keeps
  Predicate test;                          // of a node that is a criterion
  const fhir::ResourceType* type = nullptr;
  std::vector<FilterPredicate> parts;
};

// A chain with the predicates of its arms.
struct ChainPredicate {
  struct Arm {
    std::int64_t param = 0;  // the rows of the reference
    Predicate inner;
  };
  fhir::Chain::Direction direction = fhir::Chain::Direction::forward;
  std::vector<Arm> arms;
};

// More pairs than this are collected into a set.
inline constexpr std::size_t probed_pairs_max = 32;

Result<Predicate> make_predicate(const fhir::Criterion& criterion, const fhir::ResourceType& type,
                                 CodeSystems& systems, Database& database);

// The rows of resources that hold one of `type` in `contained` which may satisfy the criterion,
// each statement giving their keys; nullopt: no rows tell. Whether one does, `matches` says of it.
Result<std::optional<std::vector<Sql>>> contained_sources(const fhir::Criterion& criterion,
                                                          const fhir::ResourceType& type,
                                                          CodeSystems& systems, Database& database);

// Whether a live resource satisfies the criterion, its negation (:not, :missing=true) left out.
[[nodiscard]] bool matches(const fhir::Criterion& criterion, const ResourceChange& resource);
// Whether it satisfies a filter without brackets.
[[nodiscard]] bool satisfies(const fhir::FilterNode& node, const ResourceChange& resource);

// The keys that the sources give, in order and each once; nullopt: more than `keys_max` rows.
Result<std::optional<std::vector<std::int64_t>>> collect_keys(Database& database,
                                                              std::span<const Sql> sources,
                                                              std::size_t keys_max);
// Adds all that they give, of which `column` is the key.
Result<void> add_keys(Database& database, std::span<const Sql> sources, int column, KeySet& set);

// All resources of a type.
[[nodiscard]] Sql all_of_type(const fhir::ResourceType& type);

// --- Dates (R4, search.html#prefix) --------------------------------------------------------------

[[nodiscard]] bool date_matches(const fhir::DateValue& value, std::int64_t low, std::int64_t high);
// The same as an SQL condition on `alias`.low and `alias`.high.
void append_date_condition(const fhir::DateValue& value, std::string_view alias, Sql& sql);

// The half-open range that `low` of a match is in.
struct LowRange {
  std::int64_t begin = INT64_MIN;
  std::int64_t end = INT64_MAX;
};
[[nodiscard]] LowRange narrow_range(const fhir::DateValue& value);  // values up to a day long
[[nodiscard]] LowRange wide_range(const fhir::DateValue& value);
// Every value that begins here matches, however long it is; empty when there is no such range.
[[nodiscard]] LowRange certain_range(const fhir::DateValue& value);

[[nodiscard]] bool number_matches(const fhir::NumberValue& value, double low, double high);

}  // namespace lightbox::store
