#pragma once

// One test of a _filter, `path operator value`, as a criterion: what each operator means for each
// type of search parameter (R4, search_filter.html#ops). Pure; safe from any thread.

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/search.h"

namespace lightbox::fhir {

struct FilterTest {
  std::string_view name;       // of the parameter
  std::string_view operation;  // "eq"
  std::string value;           // unquoted
  // Within brackets: whose parameters are meant, {"series", "instance"}; else empty.
  std::vector<std::string_view> elements;
  // Of a chained path, before the name: {"subject:Patient", "organization"},
  // {"_has:Observation:patient"}.
  std::vector<std::string_view> steps;
};

struct FilterTestError {
  enum class Part : std::uint8_t { name, operation, value };
  Part part = Part::name;
  std::string_view code;  // of the issue
  std::string what;       // what is wrong, and what would be right
};

// What asks for terminology may become as many values as `codes_left` says, which is lowered.
[[nodiscard]] std::expected<Criterion, FilterTestError> make_criterion(const ResourceType& type,
                                                                       const FilterTest& test,
                                                                       const SearchContext& context,
                                                                       std::size_t& codes_left);

}  // namespace lightbox::fhir
