#pragma once

// The R4 (4.0.1) definitions as data: every resource and data type with its elements, and every
// search parameter with its compiled path. One immutable table, read at start-up from the text
// files of definitions/ that are embedded in the program; it drives parse, validate, index, search,
// _summary and the CapabilityStatement. There is no code per resource type.
//
// Everything here is immutable after construction and safe from any thread; pointers and views are
// valid for the life of the program.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace lightbox::fhir {

struct ComplexType;
struct ResourceType;

// R4 datatypes.html#primitive. xhtml is Narrative.div.
enum class Primitive : std::uint8_t {
  none,
  base64Binary,
  boolean,
  canonical,
  code,
  date,
  dateTime,
  decimal,
  id,
  instant,
  integer,
  markdown,
  oid,
  positiveInt,
  string,
  time,
  unsignedInt,
  uri,
  url,
  uuid,
  xhtml
};

// A required binding: the codes that are allowed. Sorted, for binary search.
struct ValueSet {
  std::string_view url;
  // The one system of the codes, empty when there are several. This is the implicit system of an
  // element of type code.
  std::string_view system;
  std::vector<std::string_view> codes;
};

// One type that an element may have. A choice element (value[x]) has several.
struct ElementType {
  std::string_view name;                  // "Reference", "string", "BackboneElement", "Resource"
  Primitive primitive = Primitive::none;  // none: complex, or any resource
  const ComplexType* complex = nullptr;   // the type's elements; also for backbone elements and
                                          // content references; nullptr: primitive or any resource
  bool is_resource = false;               // contained resource, Bundle.entry.resource
  std::vector<const ResourceType*> targets;  // Reference and canonical: empty means any
  std::string_view json_name;                // "valueQuantity"; for a non-choice element its name
};

struct Element {
  std::string_view name;  // "series", "value" (of value[x])
  std::string_view path;  // "ImagingStudy.series.uid"
  std::uint16_t min = 0;
  bool is_list = false;   // max > 1 or *
  std::uint16_t max = 0;  // 0: no limit
  bool is_choice = false;
  bool is_summary = false;
  bool is_modifier = false;
  const ValueSet* binding = nullptr;  // required bindings only
  std::vector<ElementType> types;
};

// A data type, a resource type's own elements, or a backbone element, with inherited elements.
struct ComplexType {
  std::string_view name;          // "HumanName", "ImagingStudy", "ImagingStudy.series"
  std::vector<Element> elements;  // in the order of the standard
  struct Slot {
    const Element* element = nullptr;
    const ElementType* type = nullptr;
  };
  // By JSON member name, choices expanded ("valueQuantity"); empty Slot when unknown.
  [[nodiscard]] Slot find(std::string_view json_name) const;
  // By element name ("value"); nullptr when unknown.
  [[nodiscard]] const Element* element(std::string_view element_name) const;

  std::unordered_map<std::string_view, Slot> by_json_name;
};

enum class SearchType : std::uint8_t {
  number,
  date,
  string,
  token,
  reference,
  composite,
  quantity,
  uri,
  special
};

// One step of a compiled path.
struct PathStep {
  enum class Op : std::uint8_t {
    child,                 // to the element `name`, any of its types, each item of a list
    as_type,               // keep the values whose type is `name` (of a choice)
    where_equals,          // keep the values whose child `name` is the string `argument`
    where_resolves,        // keep the references whose target type is `name`
    extension,             // to the extensions with url `name`; then child value
    index,                 // only the item number `argument` of the list
    exists_and_not_false,  // one boolean: a value is there and it is not `false`
  };
  Op op = Op::child;
  std::string_view name;
  std::string_view argument;
};
using Path = std::vector<PathStep>;

struct SearchParameter {
  struct Component {
    const SearchParameter* parameter = nullptr;  // gives the type
    std::vector<Path> paths;                     // from the composite's element
    bool from_resource = false;                  // %resource: paths start at the resource
  };

  std::string_view code;         // "modality"
  std::string_view url;          // "http://hl7.org/fhir/SearchParameter/ImagingStudy-modality"
  std::string_view description;  // short
  SearchType type = SearchType::special;
  const ResourceType* resource = nullptr;  // the type that this row belongs to: one row per base
  // 0..62 within the type (63 is container_slot of index.h), never reused for another parameter:
  // index rows and the presence mask are stored with it. Resource-level parameters (_tag, _profile,
  // …) have slots too; _id and _lastUpdated have none (no_slot): they are columns of the resource.
  static constexpr std::uint8_t no_slot = 255;
  std::uint8_t slot = no_slot;
  std::vector<Path> paths;                    // from the resource; the union of the alternatives
  std::vector<const ResourceType*> targets;   // reference: what it may point to; empty: any
  std::vector<Component> components;          // composite
  const ValueSet* implicit_system = nullptr;  // token on elements of type code
  // Token on elements of type string: "the search is not case sensitive" (R4, search.html#token).
  bool folds_case = false;
  // Token whose every path ends at an Identifier: it has :of-type.
  bool is_identifier = false;
  // Answered from the UID table instead of token rows (ImagingStudy series and instance).
  bool is_uid = false;
  // Lightbox means more than HL7's parameter; it publishes its own, derived from this url.
  std::string_view derived_from;
  // Lightbox's own: HL7 has none such, and `url` is empty.
  bool is_own = false;

  // The number that index rows carry: resource->number << 6 | slot.
  [[nodiscard]] std::uint32_t number() const;
};

struct ResourceType {
  std::string_view name;
  // 1..1023, never reused: stored in the database.
  std::uint16_t number = 0;
  const ComplexType* elements = nullptr;
  std::vector<SearchParameter> search_parameters;  // sorted by code
  // The date parameter that gives this type's search results their order, newest first ("started"
  // for ImagingStudy); nullptr: the order in which they were first stored.
  const SearchParameter* order = nullptr;
  // The compartments that this type's resources are in (R4, compartmentdefinition.html). A resource
  // is in that of Patient/1 when any of the parameters refers to Patient/1; by `_id`, when it is
  // itself what the compartment is about (R4's {def}).
  struct Compartment {
    const ResourceType* of = nullptr;
    std::vector<const SearchParameter*> parameters;
  };
  std::vector<Compartment> compartments;

  [[nodiscard]] const SearchParameter* search_parameter(std::string_view code) const;
  // nullptr: the type is in no compartment of that one.
  [[nodiscard]] const Compartment* compartment(const ResourceType& of) const;
};

class Definitions {
 public:
  [[nodiscard]] static const Definitions& r4();

  [[nodiscard]] const ResourceType* resource_type(std::string_view name) const;
  [[nodiscard]] const ResourceType* resource_type(std::uint16_t number) const;
  [[nodiscard]] std::span<const ResourceType> resource_types() const;  // sorted by name; 146
  [[nodiscard]] const ComplexType* complex_type(std::string_view name) const;  // data types too

  // The text of definitions/ (compile-time embedded); the classes below build from it.
  Definitions(std::string_view elements_tsv, std::string_view search_parameters_tsv);
  Definitions(const Definitions&) = delete;
  Definitions& operator=(const Definitions&) = delete;
  ~Definitions();

 private:
  struct Tables;
  Tables* tables_;
};

}  // namespace lightbox::fhir
