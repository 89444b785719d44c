#pragma once

// What a rule reads from and writes to: the facts in order, and the resource that is being made.
// One thread's.

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "ingest/mapping.h"
#include "ingest/mapping_table.h"
#include "ingest/mapping_time.h"
#include "ingest/study_facts.h"

namespace lightbox::ingest {

class Reading {
 public:
  // All must outlive it.
  Reading(const StudyFacts::Impl& study, const MappingRules& rules, Explain explain,
          Mapped& mapped);

  const StudyFacts::Impl& study;
  const MappingRules& rules;
  const MappingTargets* targets = nullptr;
  std::span<const AttributeSet> sets;  // in the order in which they are asked
  const SeriesFacts* series = nullptr;
  const InstanceRow* instance = nullptr;
  Zones zones;
  std::map<std::string_view, std::string> sop_classes;  // as JSON, by UID

  // Writes the elements of a level into the object that the JSON ends in. `path` is the expression
  // of what they are elements of: "ImagingStudy.series[3]".
  void write(Level level, std::string_view path);

  // --- For rules --------------------------------------------------------------------------------
  // A value of the element, as JSON; "" is none. Of an element that is no list only the first
  // counts; in a list the same one stands once. `tag` is the attribute that it came from, 0: none.
  void add(std::string_view json, dicom::Tag tag, const AttributeSet* set);
  // Another attribute that the value that was added last is made of, for the explanation.
  void also(dicom::Tag tag, const AttributeSet& set);
  // How many this row has added.
  [[nodiscard]] std::size_t added() const { return added_; }
  // The attribute's text, all values of it, as FHIR allows it; what is wrong with it is listed.
  [[nodiscard]] std::string text(const AttributeSet& set, dicom::Tag tag);
  // Its first value, trimmed.
  [[nodiscard]] static std::string_view first(const AttributeSet& set, dicom::Tag tag);
  // `diagnostics` follows the attribute's name and value; the same is listed once.
  void problem(const AttributeSet& set, dicom::Tag tag, std::string_view diagnostics);
  void problem(std::string_view sop_instance_uid, std::string diagnostics);

  // Lists values of the level's attributes that contradict each other in `among`.
  void list_differences(Level level, std::string_view path, std::span<const AttributeSet> among);
  // Says how many problems there are more than are listed.
  void end();

 private:
  void write(const Row& row, std::size_t number);
  void explain(dicom::Tag tag, const AttributeSet* set, std::string_view json);
  void list_differences(dicom::Tag tag, std::span<const AttributeSet> among);

  Mapped& mapped_;
  Explain explain_;
  std::string_view path_;
  const Row* row_ = nullptr;
  std::size_t row_number_ = 0;
  std::size_t values_ = 0;  // of the element
  std::size_t added_ = 0;   // by the row
  std::unordered_set<std::string> items_;
  std::unordered_set<std::string> problems_;
  std::size_t problems_left_out_ = 0;
  // Of the instances of a series only the first with an element is explained.
  const SeriesFacts* explained_series_ = nullptr;
  std::uint64_t explained_rows_ = 0;
};

// Makes a rule of one that reads one set of attributes: the first set that gives a value counts.
using SetRule = void (*)(const Row& row, const AttributeSet& set, Reading& reading);
template <SetRule rule>
void first(const Row& row, Reading& reading) {
  for (const AttributeSet& set : reading.sets) {
    rule(row, set, reading);
    if (reading.added() > 0) return;
  }
}
// The values of all sets.
template <SetRule rule>
void every(const Row& row, Reading& reading) {
  for (const AttributeSet& set : reading.sets) rule(row, set, reading);
}

}  // namespace lightbox::ingest
