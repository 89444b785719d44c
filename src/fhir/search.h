#pragma once

// A search URL as a typed value (R4, search.html). parse_search checks everything that can be
// checked without data; the store renders the query to SQL. Pure; safe from any thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "fhir/definitions.h"
#include "fhir/index.h"
#include "fhir/subset.h"

namespace lightbox::fhir {

class Terminology;

// below: of a uri, the URL itself or one whose path goes on from it. The others that R4 has for
// meanings (:in, :not-in, :above, :below of codes) become alternatives when the search is parsed.
enum class Modifier : std::uint8_t {
  none,
  missing,
  not_,
  exact,
  contains,
  text,
  identifier,
  type,
  of_type,
  below
};
// The index rows that a criterion with the modifier is about.
[[nodiscard]] constexpr IndexVariant index_variant(Modifier modifier) {
  return modifier == Modifier::text         ? IndexVariant::text
         : modifier == Modifier::identifier ? IndexVariant::identifier
         : modifier == Modifier::of_type    ? IndexVariant::of_type
                                            : IndexVariant::value;
}

// What only a _filter can ask of strings, URIs and codes (search_filter.h): as a parameter of the
// URL does, or as the operator says. `unequal`: some value is there that is not the given one.
enum class Comparison : std::uint8_t {
  parameter,
  equal,
  unequal,
  contains,
  starts,
  ends,
  greater,
  less,
  greater_or_equal,
  less_or_equal
};

// eq ne gt lt ge le sa eb ap; co, which only a _filter has, is of dates: the stored interval
// includes the given one.
enum class Prefix : std::uint8_t { eq, ne, gt, lt, ge, le, sa, eb, ap, co };

// token and uri: system|code. nullopt system: any system; "": `|code`, no system. nullopt code:
// `system|`. A uri has just a code.
struct TokenValue {
  std::optional<std::string> system;
  std::optional<std::string> code;
};
struct StringValue {
  std::string normalised;
  std::string exact;
};
struct DateValue {
  Prefix prefix = Prefix::eq;
  DateInterval interval;  // what the text covers; for `ap` already widened
};
struct NumberValue {
  Prefix prefix = Prefix::eq;
  double value = 0;
  double low = 0, high = 0;  // the implicit range of its precision: [low, high); `ap`: widened
  std::optional<std::string> system;  // quantity; "" : explicitly without
  std::optional<std::string> code;    // quantity: unit code or unit
};
// Any of these as TokenEntry.code: "Patient/123" for each type that a bare id may mean; an absolute
// URL; a canonical with and without version.
struct ReferenceValue {
  std::vector<std::string> targets;
};
struct UidValue {
  std::string uid;
};
struct IdValue {
  std::string id;
};
struct CompositeValue {
  std::vector<std::variant<TokenValue, StringValue, DateValue, NumberValue, ReferenceValue>> parts;
};
using SearchValue = std::variant<TokenValue, StringValue, DateValue, NumberValue, ReferenceValue,
                                 UidValue, IdValue, CompositeValue>;

struct FilterNode;
struct Chain;

// One parameter of the URL; the criteria of a query are ANDed, the values of one ORed.
struct Criterion {
  enum class Column : std::uint8_t { index, id, last_updated, filter, narrative, content, chain };
  Column column = Column::index;
  // nullptr for all columns but `index`. narrative and content (_text and _content) have one
  // StringValue, whose `exact` is a query of words (search_words.h). Any of several parameters may
  // match in a compartment search, then `or_parameters` has the others.
  const SearchParameter* parameter = nullptr;
  std::vector<const SearchParameter*> or_parameters;
  Modifier modifier = Modifier::none;
  bool missing = false;             // modifier == missing: the value
  std::vector<SearchValue> any_of;  // empty only for :missing and _filter
  Comparison comparison = Comparison::parameter;
  std::shared_ptr<const FilterNode> filter;  // column == filter
  // What the client wrote ("started=ap2024", "_list=42"). What it means may have changed by the
  // next page, which is then still one of this search.
  std::string origin;
  std::shared_ptr<const Chain> chain;  // column == chain
};

// A criterion on resources that others refer to (R4, search.html#chaining), or that refer to others
// (#has). Any of the arms may be satisfied.
struct Chain {
  // forward: patient.name; the resource refers to one that satisfies the criterion.
  // reverse: _has:Observation:patient:code; one that satisfies it refers to the resource.
  enum class Direction : std::uint8_t { forward, reverse };
  struct Arm {
    const SearchParameter* reference = nullptr;  // of the type that refers
    const ResourceType* type = nullptr;          // that the criterion is about
    Criterion criterion;
  };
  Direction direction = Direction::forward;
  std::vector<Arm> arms;
};

// One step of a chain that is sorted by: over the reference parameter to resources of the type.
struct SortStep {
  const SearchParameter* reference = nullptr;
  const ResourceType* type = nullptr;
  bool operator==(const SortStep&) const = default;
};

struct SortKey {
  enum class Column : std::uint8_t { index, id, last_updated };
  Column column = Column::index;
  const SearchParameter* parameter = nullptr;
  bool descending = false;
  // _sort=patient.family: from the type that is searched to the one that has the parameter.
  std::vector<SortStep> steps;
};

// `_include` and `_revinclude` (R4, search.html#include): what comes with the matches.
struct Include {
  enum class Direction : std::uint8_t { forward, reverse };
  enum class Reach : std::uint8_t { matches, iterate };  // iterate: from what was included, too
  Direction direction = Direction::forward;
  Reach reach = Reach::matches;
  const ResourceType* source = nullptr;        // that refers; nullptr (`*`): any
  const SearchParameter* parameter = nullptr;  // by which; nullptr (`*`): any of type reference
  const ResourceType* target = nullptr;        // that is referred to; nullptr: any
};

enum class TotalMode : std::uint8_t { none, estimate, accurate };

// `_contained` (R4, search.html#contained): whether resources within others are searched, besides
// or instead of those that stand on their own; and `_containedType`: what is given for one that
// matches.
enum class ContainedSearch : std::uint8_t { leave, both, only };
enum class ContainedResult : std::uint8_t { container, contained };

struct SearchQuery {
  const ResourceType* type = nullptr;
  std::vector<Criterion> criteria;
  std::vector<SortKey> sort;  // empty: the type's own order
  std::size_t count = 0;      // the page size; 0: only the total
  bool count_only = false;    // _summary=count or _count=0
  TotalMode total = TotalMode::none;
  std::vector<Include> includes;
  Subset subset;
  ContainedSearch contained = ContainedSearch::leave;
  ContainedResult contained_result = ContainedResult::container;
  // `_list`: the ids of the Lists that a match is in, one of each row. The caller makes criteria of
  // their items before the search, which is refused while there are any.
  std::vector<std::vector<std::string>> lists;
  bool explain = false;  // _explain: tell how the matches were found
  std::string cursor;    // from a next link (`_cursor`); the store's own text; empty: page 1
  // What was left out, for an OperationOutcome entry (severity warning/information).
  std::vector<Issue> notes;
  // The parameters that were used, as they stand in the `self` link, in order; without _cursor.
  std::vector<std::pair<std::string, std::string>> used;
};

enum class Handling : std::uint8_t { lenient, strict };

struct SearchContext {
  Handling handling = Handling::lenient;
  // Added as a criterion: GET /Patient/123/ImagingStudy.
  struct Compartment {
    const ResourceType* of = nullptr;  // Patient
    std::string id;                    // "123"
  };
  std::optional<Compartment> compartment;
  // All types that are searched together, with the one that this query is for among them; empty:
  // that one alone.
  std::span<const ResourceType* const> types;
  IndexOptions index;       // own bases and zone
  std::int64_t now_ms = 0;  // for `ap`
  // For :in, :not-in, :above and :below of tokens; nullptr: they are refused.
  const Terminology* terminology = nullptr;
  // _contained=true and both: refused to whoever does not know what to do with a resource that
  // cannot be updated or referred to by itself, such as a condition.
  enum class Contained : std::uint8_t { refused, possible };
  Contained contained = Contained::refused;
};

// `parameters` are decoded name/value pairs in the order of the URL, and of the body after it for
// POST _search. Parameters that are not about searching (_format, _pretty, empty values) are
// skipped. Fails with kind `invalid`, all findings at once, each naming the parameter in its
// diagnostics: a value of the wrong form, a modifier that the parameter's type does not have, and
// in strict handling an unknown parameter.
Result<SearchQuery> parse_search(const ResourceType& type,
                                 std::span<const std::pair<std::string, std::string>> parameters,
                                 const SearchContext& context, const Limits& limits = {});

}  // namespace lightbox::fhir
