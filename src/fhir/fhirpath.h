#pragma once

// FHIRPath (Normative Release 1, as R4 uses it: fhirpath.html) over a resource's JSON tree, with
// the definitions table for the types: an expression is compiled once and evaluated often.
//
// What it knows: paths, with choices by their element's name (Observation.value) and a type's name
// at the start; indexers; every operator; the literals but quantities; $this, $index, %resource,
// %rootResource, %context, %sct, %loinc, %ucum; and the functions of fhirpath_functions.cc. What it
// does not know (quantities, now(), memberOf(), …) is an error that names it, never a wrong answer.
//
// resolve() finds contained resources only. Compiled expressions are immutable and safe from any
// thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "fhir/definitions.h"
#include "fhir/json.h"

namespace lightbox::fhir {

struct FhirPathTree;

// An element of the resource with its place in the tree, or a computed value.
struct FhirPathValue {
  enum class Kind : std::uint8_t {
    boolean,
    string,
    integer,
    decimal,
    date,
    date_time,
    time,
    complex,
    none,  // a primitive element without a value: an id or extensions only
  };

  Kind kind = Kind::none;
  // Of an element; nullptr when computed. `json` is nullptr for Kind::none, `extras` is what the
  // sibling "_name" has for a primitive (id, extension), or nullptr.
  const Json* json = nullptr;
  const Json* extras = nullptr;
  const Json* owner = nullptr;  // the object that it is a child of; nullptr: the resource itself
  const Element* element = nullptr;
  const ElementType* type = nullptr;
  const ComplexType* complex = nullptr;  // its elements; for a primitive those of Element
  std::uint32_t index = 0;               // in its list
  std::uint32_t depth = 0;               // levels of JSON above it
  std::string computed;

  [[nodiscard]] bool is_element() const { return owner != nullptr || json != nullptr; }
  [[nodiscard]] std::string_view text() const { return json != nullptr ? json->text : computed; }
  // "HumanName", "Patient", "string"; of a computed value "System.String".
  [[nodiscard]] std::string_view type_name() const;
};
using FhirPathCollection = std::vector<FhirPathValue>;

class FhirPath {
 public:
  // Kind `invalid`: what is wrong, and at which character (from 1).
  static Result<FhirPath> parse(std::string_view text);

  // The values; those that are elements point into `resource`. Kind `unprocessable`: an unknown
  // element or function, an operand of the wrong type or number, a quantity, or more work than
  // limits.fhirpath_steps_max (code "too-costly").
  Result<FhirPathCollection> evaluate(const Json& resource, const Limits& limits = {}) const;
  // The same; adds the steps that it took to `steps`, also when it fails.
  Result<FhirPathCollection> evaluate(const Json& resource, const Limits& limits,
                                      std::size_t& steps) const;

  // For an expression that ends in the name of an element ("Patient.contact[0].telecom"): the part
  // before it (nullopt: the resource itself), and the name. Empty name: it ends otherwise.
  struct Split;
  [[nodiscard]] Split split() const;

 private:
  FhirPath(std::shared_ptr<const FhirPathTree> tree, std::uint32_t start)
      : tree_(std::move(tree)), start_(start) {}

  std::shared_ptr<const FhirPathTree> tree_;
  std::uint32_t start_;  // the node that it is evaluated from
};

struct FhirPath::Split {
  std::optional<FhirPath> owner;
  std::string name;
};

// Whether a value of type `name` is one of type `wanted`: the same, or derived from it (R4,
// types.html): code is a string, Age is a Quantity, Patient is a DomainResource.
[[nodiscard]] bool is_type(std::string_view name, std::string_view wanted);

}  // namespace lightbox::fhir
