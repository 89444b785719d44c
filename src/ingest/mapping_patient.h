#pragma once

// Who a study's patient is. Pure functions; safe from any thread.

#include <vector>

#include "ingest/mapping_values.h"
#include "ingest/study_facts.h"

namespace lightbox::ingest {

// The sets of attributes that speak of the study's patient: of a study under two PatientIDs, those
// of the one that counts, and those without any.
[[nodiscard]] std::vector<AttributeSet> sets_of_patient(const StudyFacts::Impl& study);

// Of the set, which has a PatientID; `is_unknown` when its issuer is not in the table.
struct IssuedID {
  std::string system;
  std::string value;
  Issuer issuer;
  bool is_unknown = false;
};
// `otherwise` is the system of an ID without issuer.
[[nodiscard]] IssuedID issued_id(const dicom::DataSet& data, const MappingRules& rules,
                                 std::string_view otherwise);
// By the origin of the instance; "" when the configuration has none.
[[nodiscard]] std::string_view default_system(const InstanceRow& instance,
                                              const MappingRules& rules);

}  // namespace lightbox::ingest
