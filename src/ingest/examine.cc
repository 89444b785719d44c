#include "ingest/examine.h"

#include <fmt/format.h>

#include "dicom/json.h"
#include "ingest/bulk_places.h"
#include "ingest/hash.h"
#include "ingest/mapping.h"
#include "ingest/rejection.h"

namespace lightbox::ingest {

Result<std::unique_ptr<dicom::Source>> open_object(const Received& object) {
  if (!object.in_place.empty()) return dicom::FileSource::open(object.in_place);
  if (!object.descriptor.is_open()) return std::make_unique<dicom::MemorySource>(object.memory);
  TRY(auto source, dicom::FileSource::of(object.descriptor.get()));
  return std::make_unique<dicom::FileSource>(std::move(source));
}

namespace {

Result<void> check_uid(std::string_view name, std::string_view value) {
  if (dicom::is_uid(value, dicom::UidRule::lenient)) return {};
  if (value.empty()) {
    return problem(ProblemKind::invalid, "required", fmt::format("{} is missing or empty", name));
  }
  return problem(ProblemKind::invalid, "value",
                 fmt::format("{} is '{}'; it must be a UID: digits and dots, 64 characters at most",
                             name, value));
}

// The presentation context and command of an association must say what the data set says.
Result<void> check_bare(const Received& object, const Admitted& admitted) {
  if (!object.bare) return {};
  const auto differs = [](std::string_view name, std::string_view command, std::string_view here) {
    return problem(
        ProblemKind::unprocessable, "invariant",
        fmt::format("{} is {} in the request and {} in the data set", name, command, here));
  };
  if (object.bare->sop_class_uid != admitted.sop_class_uid) {
    return differs("SOP Class UID", object.bare->sop_class_uid, admitted.sop_class_uid);
  }
  if (object.bare->sop_instance_uid != admitted.sop_instance_uid) {
    return differs("SOP Instance UID", object.bare->sop_instance_uid, admitted.sop_instance_uid);
  }
  return {};
}

Result<void> check_study(const Received& object, const Admitted& admitted) {
  const std::string& required = object.required_study_uid;
  if (required.empty() || required == admitted.study_uid) return {};
  return problem(ProblemKind::precondition_failed, "invariant",
                 fmt::format("The instance is of study {}; the request is for study {}",
                             admitted.study_uid, required));
}

}  // namespace

Result<store::DicomInstance> describe(const Received& object, dicom::Source& source,
                                      const Limits& limits, Admitted& admitted) {
  TRY(const auto part10, dicom::Part10::read(source, limits));
  const dicom::DataSet& data_set = part10.data_set();
  const auto uid = [&](dicom::Tag tag, dicom::Tag meta_tag) {
    const std::string_view own = data_set.first(tag);
    return std::string(own.empty() && meta_tag != 0 ? part10.meta().first(meta_tag) : own);
  };
  admitted.study_uid = uid(dicom::tags::StudyInstanceUID, 0);
  admitted.series_uid = uid(dicom::tags::SeriesInstanceUID, 0);
  admitted.sop_class_uid = uid(dicom::tags::SOPClassUID, dicom::tags::MediaStorageSOPClassUID);
  admitted.sop_instance_uid =
      uid(dicom::tags::SOPInstanceUID, dicom::tags::MediaStorageSOPInstanceUID);
  admitted.transfer_syntax_uid = part10.transfer_syntax();
  admitted.remarks = part10.remarks();
  store::DicomInstance instance{.study_uid = admitted.study_uid,
                                .series_uid = admitted.series_uid,
                                .sop_instance_uid = admitted.sop_instance_uid,
                                .sop_class_uid = admitted.sop_class_uid,
                                .transfer_syntax_uid = admitted.transfer_syntax_uid,
                                .number = number_of(data_set, dicom::tags::InstanceNumber),
                                .title = title_of(data_set),
                                .attributes = {},
                                .metadata = {},
                                .file = {},
                                .file_bytes = source.size(),
                                .data_set_offset = part10.data_set_offset(),
                                .source = object.origin.name,
                                .rejects = rejected_by(data_set)};
  TRY_DO(check_uids(instance));
  TRY_DO(check_bare(object, admitted));
  TRY_DO(check_study(object, admitted));
  dicom::append_json(data_set, {.includes = is_mapped}, instance.attributes);
  // The path of the element only: where DICOMweb is may change.
  dicom::append_json(data_set,
                     {.bulk_uri = [](std::string_view path) { return std::string(path); }},
                     instance.metadata);
  TRY_DO(add_bulk_places(part10, source, instance));
  TRY(instance.hash, hash_from(source, instance.data_set_offset));
  return instance;
}

Result<void> check_uids(const store::DicomInstance& instance) {
  TRY_DO(check_uid("(0020,000D) StudyInstanceUID", instance.study_uid));
  TRY_DO(check_uid("(0020,000E) SeriesInstanceUID", instance.series_uid));
  TRY_DO(check_uid("(0008,0016) SOPClassUID", instance.sop_class_uid));
  return check_uid("(0008,0018) SOPInstanceUID", instance.sop_instance_uid);
}

bool is_its_fault(ProblemKind kind) {
  return kind == ProblemKind::invalid || kind == ProblemKind::too_large ||
         kind == ProblemKind::unprocessable;
}

Problem conflict_of(const Admitted& admitted, std::string_view study_uid) {
  if (study_uid != admitted.study_uid) {
    return problem(ProblemKind::conflict, "duplicate",
                   fmt::format("Instance {} of study {} is in the archive already, in study {}",
                               admitted.sop_instance_uid, admitted.study_uid, study_uid));
  }
  return problem(
      ProblemKind::conflict, "duplicate",
      fmt::format("Instance {} is in the archive already with other content, which is kept",
                  admitted.sop_instance_uid));
}

}  // namespace lightbox::ingest
