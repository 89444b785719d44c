#pragma once

// The mapping as a table, one row for each element, in the order of docs/mapping.md and of the
// elements in R4. What a rule does is in mapping_rules.h. Immutable; safe from any thread.

#include <string_view>
#include <vector>

#include "dicom/tag.h"

namespace lightbox::ingest {

enum class Level : std::uint8_t { patient, study, series, instance };
enum class Cardinality : std::uint8_t { one, list };
// Whether a value that differs from the one that counts is a problem: DICOM says that all instances
// of the patient, study or series have the same.
enum class Differing : std::uint8_t { listed, allowed };

class Reading;
struct Row;
// Adds the element's value to the reading, once or (of a list) several times; or not at all.
using Rule = void (*)(const Row& row, Reading& reading);

struct Row {
  Level level = Level::study;
  std::string_view element;  // "ImagingStudy.series.bodySite"
  Cardinality cardinality = Cardinality::one;
  std::vector<dicom::Tag> attributes;  // in order of preference; none: it is counted or configured
  std::vector<dicom::Tag> read_with;   // those that say more of them: issuer, offset from UTC
  Rule rule = nullptr;
  std::string_view kind = {};  // what the rule is to make, where it makes several kinds
  Differing differing = Differing::listed;

  // "bodySite"
  [[nodiscard]] std::string_view member() const { return element.substr(element.rfind('.') + 1); }
};

[[nodiscard]] const std::vector<Row>& mapping_table();
// Those of a level, in order; rows of the same element are neighbours.
[[nodiscard]] const std::vector<const Row*>& rows_of(Level level);

}  // namespace lightbox::ingest
