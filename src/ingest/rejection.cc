#include "ingest/rejection.h"

#include <string_view>

#include "ingest/mapping_codes.h"

namespace lightbox::ingest {
namespace {

constexpr std::string_view key_object_selection_document = "1.2.840.10008.5.1.4.1.1.88.59";
constexpr dicom::Tag concept_name_code_sequence = 0x0040A043;
constexpr dicom::Tag code_value = 0x00080100;
constexpr dicom::Tag coding_scheme_designator = 0x00080102;
constexpr dicom::Tag current_requested_procedure_evidence_sequence = 0x0040A375;
constexpr dicom::Tag referenced_series_sequence = 0x00081115;
constexpr dicom::Tag referenced_sop_sequence = 0x00081199;
constexpr dicom::Tag referenced_sop_instance_uid = 0x00081155;

}  // namespace

std::vector<store::RejectedInstance> rejected_by(const dicom::DataSet& data_set) {
  std::vector<store::RejectedInstance> rejected;
  if (data_set.first(dicom::tags::SOPClassUID) != key_object_selection_document) return rejected;
  const auto& titles = data_set.items(concept_name_code_sequence);
  if (titles.empty() || titles[0].text(coding_scheme_designator) != "DCM") return rejected;
  const std::string code = titles[0].text(code_value);
  if (!find_rejection(code)) return rejected;
  for (const auto& study : data_set.items(current_requested_procedure_evidence_sequence)) {
    for (const auto& series : study.items(referenced_series_sequence)) {
      for (const auto& instance : series.items(referenced_sop_sequence)) {
        const std::string_view uid = instance.first(referenced_sop_instance_uid);
        if (!uid.empty()) rejected.push_back({std::string(uid), code});
      }
    }
  }
  return rejected;
}

}  // namespace lightbox::ingest
