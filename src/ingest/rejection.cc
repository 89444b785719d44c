#include "ingest/rejection.h"

#include "ingest/mapping_codes.h"
#include "ingest/mapping_tags.h"

namespace lightbox::ingest {
namespace {

constexpr std::string_view key_object_selection_document = "1.2.840.10008.5.1.4.1.1.88.59";

}  // namespace

std::string_view rejection_code(std::string_view sop_class_uid, const dicom::DataSet& data_set) {
  if (sop_class_uid != key_object_selection_document) return {};
  const auto& titles = data_set.items(tags::ConceptNameCodeSequence);
  if (titles.empty() || titles[0].first(tags::CodingSchemeDesignator) != "DCM") return {};
  const std::string_view code = titles[0].first(tags::CodeValue);
  return find_rejection(code) ? code : std::string_view{};
}

std::vector<store::RejectedInstance> rejected_by(const dicom::DataSet& data_set) {
  std::vector<store::RejectedInstance> rejected;
  const std::string_view code = rejection_code(data_set.first(tags::SOPClassUID), data_set);
  if (code.empty()) return rejected;
  using namespace dicom::tags;
  for (const auto& study : data_set.items(CurrentRequestedProcedureEvidenceSequence)) {
    for (const auto& series : study.items(ReferencedSeriesSequence)) {
      for (const auto& instance : series.items(ReferencedSOPSequence)) {
        const std::string_view uid = instance.first(ReferencedSOPInstanceUID);
        if (!uid.empty()) rejected.push_back({std::string(uid), std::string(code)});
      }
    }
  }
  return rejected;
}

}  // namespace lightbox::ingest
