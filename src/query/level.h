#pragma once

// The levels of queries (PS3.4 C.3, PS3.18 10.6.1.2.3), and of which level an attribute is: by the
// modules of PS3.3 that describe patients (C.7.1), studies (C.7.2) and series (C.7.3, C.7.4,
// C.7.5). Everything else is of the instance. Pure.

#include <cstdint>
#include <span>
#include <string_view>

#include "dicom/tag.h"

namespace lightbox::query {

enum class Level : std::uint8_t { patient, study, series, instance };
[[nodiscard]] std::string_view name_of(Level level);  // "PATIENT", …, "IMAGE"

[[nodiscard]] Level level_of(dicom::Tag tag);

// The attributes that are counted or gathered of what there is, of no object, in the order of tags
// (PS3.4 C.3.4). Named by the keywords of PS3.6.
// NOLINTBEGIN(readability-identifier-naming)
namespace tags {
using dicom::Tag;
inline constexpr Tag QueryRetrieveLevel = 0x00080052;
inline constexpr Tag RetrieveAETitle = 0x00080054;
inline constexpr Tag InstanceAvailability = 0x00080056;
inline constexpr Tag ModalitiesInStudy = 0x00080061;
inline constexpr Tag SOPClassesInStudy = 0x00080062;
inline constexpr Tag RetrieveURL = 0x00081190;
inline constexpr Tag AvailableTransferSyntaxUID = 0x00083002;
inline constexpr Tag NumberOfPatientRelatedStudies = 0x00201200;
inline constexpr Tag NumberOfPatientRelatedSeries = 0x00201202;
inline constexpr Tag NumberOfPatientRelatedInstances = 0x00201204;
inline constexpr Tag NumberOfStudyRelatedSeries = 0x00201206;
inline constexpr Tag NumberOfStudyRelatedInstances = 0x00201208;
inline constexpr Tag NumberOfSeriesRelatedInstances = 0x00201209;

using dicom::tags::InstanceNumber;
using dicom::tags::Modality;
using dicom::tags::NumberOfFrames;
using dicom::tags::PatientID;
using dicom::tags::PatientName;
using dicom::tags::SeriesInstanceUID;
using dicom::tags::SeriesNumber;
using dicom::tags::SOPClassUID;
using dicom::tags::SOPInstanceUID;
using dicom::tags::SpecificCharacterSet;
using dicom::tags::StudyDate;
using dicom::tags::StudyInstanceUID;
inline constexpr Tag StudyTime = 0x00080030;
inline constexpr Tag AccessionNumber = 0x00080050;
inline constexpr Tag ReferringPhysicianName = 0x00080090;
inline constexpr Tag TimezoneOffsetFromUTC = 0x00080201;
inline constexpr Tag StudyDescription = 0x00081030;
inline constexpr Tag SeriesDescription = 0x0008103E;
inline constexpr Tag NameOfPhysiciansReadingStudy = 0x00081060;
inline constexpr Tag IssuerOfPatientID = 0x00100021;
inline constexpr Tag PatientBirthDate = 0x00100030;
inline constexpr Tag PatientSex = 0x00100040;
inline constexpr Tag StudyID = 0x00200010;
inline constexpr Tag Rows = 0x00280010;
inline constexpr Tag Columns = 0x00280011;
inline constexpr Tag BitsAllocated = 0x00280100;
inline constexpr Tag ScheduledProcedureStepID = 0x00400009;
inline constexpr Tag PerformedProcedureStepStartDate = 0x00400244;
inline constexpr Tag PerformedProcedureStepStartTime = 0x00400245;
inline constexpr Tag RequestAttributesSequence = 0x00400275;
inline constexpr Tag RequestedProcedureID = 0x00401001;
}  // namespace tags
// NOLINTEND(readability-identifier-naming)

// Whether an attribute may be asked for at each level: where to retrieve, and the time zone.
[[nodiscard]] bool is_of_every_level(dicom::Tag tag);

// Whether an attribute is one of those that no object has.
[[nodiscard]] bool is_derived(dicom::Tag tag);

}  // namespace lightbox::query
