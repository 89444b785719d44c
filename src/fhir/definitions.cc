#include "fhir/definitions.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "base/embedded.h"
#include "fhir/definitions_tables.h"

namespace lightbox::fhir {

ComplexType::Slot ComplexType::find(std::string_view json_name) const {
  const auto found = by_json_name.find(json_name);
  return found == by_json_name.end() ? Slot{} : found->second;
}

const Element* ComplexType::element(std::string_view element_name) const {
  const auto found = std::ranges::find(elements, element_name, &Element::name);
  return found == elements.end() ? nullptr : &*found;
}

std::uint32_t SearchParameter::number() const {
  return static_cast<std::uint32_t>(resource->number) << 6 | slot;
}

const SearchParameter* ResourceType::search_parameter(std::string_view code) const {
  const auto found =
      std::ranges::lower_bound(search_parameters, code, std::less<>{}, &SearchParameter::code);
  return found == search_parameters.end() || found->code != code ? nullptr : &*found;
}

const ResourceType::Compartment* ResourceType::compartment(const ResourceType& of) const {
  const auto found = std::ranges::find(compartments, &of, &Compartment::of);
  return found == compartments.end() ? nullptr : &*found;
}

const Definitions& Definitions::r4() {
  // Never destroyed: views into it may be used until the very end of the program.
  static const Definitions& definitions =
      *new Definitions(embedded_elements(), embedded_search_parameters());
  return definitions;
}

Definitions::Definitions(std::string_view elements_tsv, std::string_view search_parameters_tsv)
    : tables_(new Tables) {
  load_elements(elements_tsv, *tables_);
  load_search_parameters(search_parameters_tsv, *tables_);
}

Definitions::~Definitions() { delete tables_; }

const ResourceType* Definitions::resource_type(std::string_view name) const {
  const auto found = tables_->resource_type_by_name.find(name);
  return found == tables_->resource_type_by_name.end() ? nullptr : found->second;
}

const ResourceType* Definitions::resource_type(std::uint16_t number) const {
  return number < tables_->by_number.size() ? tables_->by_number[number] : nullptr;
}

std::span<const ResourceType> Definitions::resource_types() const {
  return tables_->resource_types;
}

const ComplexType* Definitions::complex_type(std::string_view name) const {
  const auto found = tables_->complex_type_by_name.find(name);
  return found == tables_->complex_type_by_name.end() ? nullptr : found->second;
}

std::string_view take(std::string_view& rest, std::string_view separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view taken = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + separator.size());
  return taken;
}

std::string_view take_column(std::string_view& line) {
  const std::string_view column = take(line, "\t");
  return column == "-" ? std::string_view{} : column;
}

unsigned to_number(std::string_view text, std::string_view line) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) malformed("not a number", line);
  return number;
}

void malformed(std::string_view what, std::string_view line) {
  std::fprintf(stderr, "definitions: %.*s: %.*s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(line.size()), line.data());
  std::abort();
}

}  // namespace lightbox::fhir
