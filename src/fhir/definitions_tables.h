#pragma once

// What Definitions holds, and the two loaders that fill it. Private to definitions*.cc.

#include <array>
#include <deque>
#include <memory_resource>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "fhir/definitions.h"

namespace lightbox::fhir {

struct DefinitionTables {
  // Names and texts are views into the embedded files, except the names that are put together here
  // ("valueQuantity"), which live in `names`.
  std::pmr::monotonic_buffer_resource names;
  std::deque<ValueSet> value_sets;  // deques: pointers stay valid
  std::deque<ComplexType> complex_types;
  std::vector<ResourceType> resource_types;  // sorted by name
  std::array<const ResourceType*, 1024> by_number{};
  std::unordered_map<std::string_view, const ValueSet*> value_set_by_url;
  std::unordered_map<std::string_view, ComplexType*> complex_type_by_name;
  std::unordered_map<std::string_view, ResourceType*> resource_type_by_name;
};

struct Definitions::Tables : DefinitionTables {};

// Fill `tables` from the text of the file of that name; the elements come first. The format is in
// docs/definitions.md. A text that does not follow it is a programmer's error: the program stops
// and says which line.
void load_elements(std::string_view tsv, DefinitionTables& tables);
void load_search_parameters(std::string_view tsv, DefinitionTables& tables);

// --- Reading the lines --------------------------------------------------------------------------

// Cuts `rest` at the first `separator`: returns what is before it, leaves what is after it.
std::string_view take(std::string_view& rest, std::string_view separator);
// Like take, but "-" is an empty column.
std::string_view take_column(std::string_view& line);
unsigned to_number(std::string_view text, std::string_view line);
[[noreturn]] void malformed(std::string_view what, std::string_view line);

}  // namespace lightbox::fhir
