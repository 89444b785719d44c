#pragma once

// A FHIRPath expression as a tree. Its depth is bounded (by the parser), so that it can be walked
// by recursion.

#include <cstdint>
#include <string>
#include <vector>

#include "fhir/fhirpath.h"

namespace lightbox::fhir {

struct FhirPathNode {
  enum class Kind : std::uint8_t {
    empty,         // {}
    literal,       // value_kind, text
    this_,         // $this
    index,         // $index
    variable,      // %text
    name,          // [focus.]text
    call,          // [focus.]text(arguments)
    indexer,       // focus[arguments[0]]
    unary_minus,   // -focus
    binary,        // focus text arguments[0]
    type_operator  // focus is|as type: text is the operator, type the type
  };
  static constexpr std::uint32_t no_focus = UINT32_MAX;

  Kind kind = Kind::empty;
  FhirPathValue::Kind value_kind = FhirPathValue::Kind::none;
  std::string text = {};
  std::string type = {};
  std::uint32_t focus = no_focus;
  std::vector<std::uint32_t> arguments = {};
  std::uint32_t depth = 1;
};

struct FhirPathTree {
  std::vector<FhirPathNode> nodes;
};

}  // namespace lightbox::fhir
