#pragma once

// What a resource is found by: its values for every search parameter of its type, extracted by the
// compiled paths of the definitions table. A pure function; the store writes the entries as rows.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/definitions.h"
#include "fhir/json.h"

namespace lightbox::fhir {

// An index row's parameter: SearchParameter::number() << 3 | variant.
enum class IndexVariant : std::uint8_t {
  value = 0,
  text = 1,        // token :text, normalised as a string
  identifier = 2,  // reference :identifier, a token
  // The element is there, but without a value to sort by (a CodeableConcept of text alone): a token
  // with an empty code.
  unsortable = 3,
  of_type = 4,  // token :of-type, "type system|type code|value" of an Identifier
  // A value of a resource that lies in this one's `contained`; the parameter is of its own type.
  // Also a token, for each type that lies in it, with the name of this one's type as the code
  // (container_parameter).
  contained = 5,
  // index_within only, no row of any index: a reference to what lies in the same resource, "#p".
  fragment = 6,
};
[[nodiscard]] constexpr std::uint32_t index_parameter(std::uint32_t number, IndexVariant variant) {
  return number << 3U | static_cast<std::uint32_t>(variant);
}

[[nodiscard]] constexpr std::uint32_t variant_of(std::uint32_t parameter, IndexVariant variant) {
  return (parameter & ~7U) | static_cast<std::uint32_t>(variant);
}
// Of what holds a resource of the type: the last slot, which no search parameter has.
inline constexpr std::uint32_t container_slot = 63;
[[nodiscard]] inline std::uint32_t container_parameter(const ResourceType& type) {
  return index_parameter(std::uint32_t{type.number} << 6U | container_slot,
                         IndexVariant::contained);
}

// Several values of one resource for one parameter: which is the least, which the greatest, for
// `_sort` (ascending sorts by the least, descending by the greatest).
enum Edge : std::uint8_t { edge_none = 0, edge_least = 1, edge_greatest = 2 };

// token, uri and reference. `system` is set for Coding, CodeableConcept, Identifier, Quantity units
// and ContactPoint ("" = there is none); nullopt for code, boolean, string, uri, id and references,
// which have no system of their own. A UID is without "urn:oid:" (design, decision 5).
// A reference's code is "Patient/123" (own base removed, version removed), or an absolute URL.
struct TokenEntry {
  std::uint32_t parameter = 0;
  std::optional<std::string> system;
  std::string code;
  std::uint8_t edge = edge_none;
  auto operator<=>(const TokenEntry&) const = default;
};

struct StringEntry {
  std::uint32_t parameter = 0;
  std::string normalised;  // case-folded, without accents and combining marks, space-collapsed
  std::string exact;
  std::uint8_t edge = edge_none;
  auto operator<=>(const StringEntry&) const = default;
};

// Half-open interval [low, high) in milliseconds since 1970 UTC. An open end of a Period is
// date_min or date_max.
struct DateEntry {
  std::uint32_t parameter = 0;
  std::int64_t low = 0;
  std::int64_t high = 0;
  std::uint8_t edge = edge_none;
  auto operator<=>(const DateEntry&) const = default;
};
inline constexpr std::int64_t date_min = -62'167'219'200'000;  // 0000-01-01
inline constexpr std::int64_t date_max = 253'402'300'800'000;  // 10000-01-01

// number and quantity; [low, high] is a point except for Range.
struct NumberEntry {
  std::uint32_t parameter = 0;
  double low = 0;
  double high = 0;
  std::string system;
  std::string code;  // Quantity.code
  std::string unit;  // Quantity.unit
  std::uint8_t edge = edge_none;
  auto operator<=>(const NumberEntry&) const = default;
};

// One instance of a composite: its first component is always a token, uri or reference; the others
// are tokens/strings (in `second`), or a date/number interval (in low, high; dates as their ms).
// MolecularSequence's third component is a second interval (low2, high2).
struct CompositeEntry {
  std::uint32_t parameter = 0;
  std::string first_system;  // "" = none
  std::string first;
  std::string second_system;
  std::string second;  // token code, or normalised string; quantity: unit code
  double low = 0, high = 0, low2 = 0, high2 = 0;
  auto operator<=>(const CompositeEntry&) const = default;
};

// DICOM UIDs of ImagingStudy.series.uid and series.instance.uid, without "urn:oid:".
struct UidEntry {
  std::uint32_t parameter = 0;
  std::string uid;
  auto operator<=>(const UidEntry&) const = default;
};

struct IndexEntries {
  // The result order (design, decision 3): smaller comes first. For ImagingStudy the negated
  // started.low, so that newest is first; order_missing without `started`. For a type without an
  // order parameter 0: the resource key alone decides.
  std::int64_t order = 0;
  // Bit n: there is a value for the parameter of slot n. For :missing.
  std::uint64_t present = 0;
  std::vector<TokenEntry> tokens;  // each vector sorted, without duplicates
  std::vector<StringEntry> strings;
  std::vector<DateEntry> dates;
  std::vector<NumberEntry> numbers;
  std::vector<CompositeEntry> composites;
  std::vector<UidEntry> uids;
  // What `_text` and `_content` are about, as far as the options ask for it: the words of the
  // narrative, and those of all else.
  std::string narrative;
  std::string content;
};
inline constexpr std::int64_t order_missing = INT64_MAX;

// What is indexed word by word: nothing, the narrative (`_text`), or all strings (`_content` too).
enum class FullText : std::uint8_t { none, narrative, content };

struct IndexOptions {
  // References that start with one of these are our own: "http://localhost:8080/baseR4/".
  std::vector<std::string> own_bases;
  // For dates with a time but no offset, and for dates: minutes east of UTC.
  int zone_offset_minutes = 0;
  FullText full_text = FullText::none;
};

[[nodiscard]] IndexEntries index_resource(const ResourceType& type, const Json& resource,
                                          const IndexOptions& options);
// Of a resource in the `contained` of `container`, or of the container itself: what a search that
// looks into it needs to know. Without words, and without the entries of what it contains.
[[nodiscard]] IndexEntries index_within(const ResourceType& type, const Json& resource,
                                        const Json& container, const IndexOptions& options);

// As StringEntry.normalised; the query side uses the same function.
[[nodiscard]] std::string normalise(std::string_view text);
// "urn:oid:1.2.3" -> "1.2.3" when the rest is a UID; everything else as it is.
[[nodiscard]] std::string_view strip_uid(std::string_view text);

struct DateInterval {
  std::int64_t low = 0;
  std::int64_t high = 0;
};
// A FHIR date, dateTime or instant, at any precision (also hh:mm, which searches may use), as the
// interval that it covers. nullopt when it is not one.
[[nodiscard]] std::optional<DateInterval> parse_date(std::string_view text,
                                                     int zone_offset_minutes);

}  // namespace lightbox::fhir
