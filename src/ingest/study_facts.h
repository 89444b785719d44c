#pragma once

// What StudyFacts holds: a study's instances in order, and its distinct attributes in the order in
// which the mapping asks them. Immutable; safe from any thread.
//
//   canonical order: series of acquisition modalities before SR, PR, KO, SEG, …; by series number,
//                    series UID; then instances by number, UID. What has no number comes last.
//   shown order:     series by number, UID; instances by number, UID.
//
// Rejected instances and rejection notes are in neither, unless nothing else is there.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dicom/data_set.h"
#include "dicom/json.h"
#include "ingest/mapping.h"

namespace lightbox::ingest {

using InstanceRow = store::StudyRows::Instance;

// Attributes that one or more instances have.
struct AttributeSet {
  const dicom::DataSet* data = nullptr;
  const InstanceRow* instance = nullptr;  // the first of them in canonical order
};

struct SeriesFacts {
  std::string_view uid;
  std::optional<std::int64_t> number;
  std::string modality;  // "" when no instance says it
  std::vector<const InstanceRow*> instances;
  std::vector<AttributeSet> sets;  // in the order of their first instances
};

struct StudyFacts::Impl {
  std::string uid;
  std::vector<InstanceRow> rows;
  std::vector<dicom::ParsedJson> parsed;  // by InstanceRow::attributes
  std::vector<SeriesFacts> series;        // in shown order
  std::vector<AttributeSet> sets;         // in canonical order, of the whole study
  std::string_view status;                // of R4's imagingstudy-status
  // Of a study of which another archive tells, and no instance is known: `sets` has one, with this
  // in place of an instance.
  std::optional<InstanceRow> told_by;
  // Whose series or own UID FHIR does not allow as an id: in none of the above.
  std::vector<const InstanceRow*> without_id;
};

}  // namespace lightbox::ingest
