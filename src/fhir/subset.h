#pragma once

// Resources that are sent in part: `_summary` and `_elements` (R4, search.html#summary, #elements).
// What belongs to a summary, and what is mandatory, says the definitions table. Pure functions;
// safe from any thread.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "fhir/definitions.h"

namespace lightbox::fhir {

struct Subset {
  enum class Kind : std::uint8_t {
    whole,
    summary,   // _summary=true: what the table marks so, and what is mandatory in it
    text,      // _summary=text: the narrative and the mandatory elements
    data,      // _summary=data: all but the narrative
    elements,  // _elements: those named, and the mandatory ones
  };
  Kind kind = Kind::whole;
  std::vector<std::string> elements;  // of the matches
  // `_elements=Patient.name`: of every resource of the type, included ones too.
  std::vector<std::pair<const ResourceType*, std::string>> typed;
};

// What a resource is in a result: R4 does not apply `_elements` to included ones.
enum class Role : std::uint8_t { match, include };

// true, text, data and false; nullopt for others.
[[nodiscard]] std::optional<Subset::Kind> parse_summary(std::string_view value);

// Adds the comma-separated names of `_elements`; a name without a type is an element of one of
// `types`. Returns what is wrong, in words, or nothing.
[[nodiscard]] std::optional<std::string> add_elements(std::string_view value,
                                                      std::span<const ResourceType* const> types,
                                                      Subset& subset);

// Of the parameters of a read, vread or history of resources of these types; others are passed
// over. `invalid` with code value.
Result<Subset> parse_subset(std::span<const std::pair<std::string, std::string>> parameters,
                            std::span<const ResourceType* const> types);

// Appends the subset of `resource`, compact JSON of a whole resource of `type`, with the tag
// SUBSETTED. What the subset does not concern is appended as it is.
void append_subset(const Subset& subset, Role role, const ResourceType& type,
                   std::string_view resource, std::string& out);

}  // namespace lightbox::fhir
