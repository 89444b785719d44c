#include "ingest/remote_instance.h"

#include "dicom/json.h"
#include "ingest/examine.h"
#include "ingest/hash.h"
#include "ingest/mapping.h"

namespace lightbox::ingest {

Result<store::DicomInstance> describe_remote(std::string_view json, std::string source,
                                             const Limits& limits) {
  TRY(const auto parsed, dicom::ParsedJson::parse(json, limits));
  const dicom::DataSet& data_set = parsed.data_set();
  const auto uid = [&](dicom::Tag tag) { return std::string(data_set.first(tag)); };
  store::DicomInstance instance{.study_uid = uid(dicom::tags::StudyInstanceUID),
                                .series_uid = uid(dicom::tags::SeriesInstanceUID),
                                .sop_instance_uid = uid(dicom::tags::SOPInstanceUID),
                                .sop_class_uid = uid(dicom::tags::SOPClassUID),
                                .transfer_syntax_uid = {},
                                .number = number_of(data_set, dicom::tags::InstanceNumber),
                                .title = title_of(data_set),
                                .attributes = {},
                                .metadata = {},
                                .file = {},
                                .source = std::move(source)};
  TRY_DO(check_uids(instance));
  dicom::append_json(data_set, {.includes = is_mapped}, instance.attributes);
  dicom::append_json(data_set, {}, instance.metadata);
  dicom::MemorySource told(instance.metadata);
  TRY(instance.hash, hash_from(told, 0));
  return instance;
}

}  // namespace lightbox::ingest
