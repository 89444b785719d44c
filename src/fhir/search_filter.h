#pragma once

// _filter (R4, search_filter.html) as a typed tree. Its tests are the criteria that parameters of
// the URL are made of, so that the store has one way to answer both.
//
//     given eq "peter" and (birthdate ge 2014-10-10 or not (active eq true))
//     series[modality eq MR and bodysite eq 72696002]          of one and the same series
//     series[modality eq CT and instance[uid eq 1.2.3]]
//     subject.name co "ann" and encounter:Encounter.status eq finished    chained, as in a URL
//     _has:Observation:patient:code eq loinc|1234-5        the other way
//     component[code eq http://loinc.org|8480-6].value-quantity gt 140
//
// As R4 says, `and` and `or` have no precedence: a filter is read from left to right. An operator
// is true when it is true of some value, `ne` too: `not (x eq y)` is what :not asks for.
//
// In brackets, and behind them, stand the search parameters whose paths lead through the element:
// under their own code, as "component-code" under `code` within `component[…]`, or, when a path
// ends there, under the name of the element: `series[uid eq 1.2.3]`; a chain may begin with one of
// them, and brackets may end one: `subject:Patient.name[family eq a and given eq b]`. Without
// anything behind the brackets, an item must be there of which the filter is true.
//
// Pure; safe from any thread.

#include <cstddef>
#include <expected>
#include <string_view>
#include <vector>

#include "fhir/search.h"

namespace lightbox::fhir {

struct FilterNode {
  enum class Kind : std::uint8_t {
    criterion,
    all_of,
    any_of,
    not_,
    element  // one node, of criteria on `element`: some item satisfies it by itself
  };
  Kind kind = Kind::criterion;
  Criterion criterion;
  std::vector<FilterNode> nodes;  // all_of, any_of: two or more; not_, element: one
  // "series"; of the definitions. In another element's brackets: a child of that, "instance".
  std::string_view element;
};

// `values_max`: how many tests it may have at most; `values` is raised by their number.
// Fails with the first finding, which names the place in `text`: syntax ("invalid"), a value of the
// wrong form ("value"), what this server cannot evaluate ("not-supported"), and a filter that is
// nested too deep or has too many tests ("too-costly").
[[nodiscard]] std::expected<FilterNode, Issue> parse_filter(const ResourceType& type,
                                                            std::string_view text,
                                                            const SearchContext& context,
                                                            const Limits& limits,
                                                            std::size_t& values);

}  // namespace lightbox::fhir
