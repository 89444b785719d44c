#pragma once

// The tags of the attributes that the mapping reads, by their keywords (PS3.6).

#include "dicom/tag.h"

namespace lightbox::ingest::tags {

using dicom::Tag;
using dicom::tags::Modality;
using dicom::tags::PatientID;
using dicom::tags::PatientName;
using dicom::tags::SeriesInstanceUID;
using dicom::tags::SeriesNumber;
using dicom::tags::SOPClassUID;
using dicom::tags::SOPInstanceUID;
using dicom::tags::StudyDate;
using dicom::tags::StudyInstanceUID;

// The standard's names are not this project's: they are as they are.
// NOLINTBEGIN(readability-identifier-naming)
inline constexpr Tag ImageType = 0x00080008;
inline constexpr Tag SeriesDate = 0x00080021;
inline constexpr Tag StudyTime = 0x00080030;
inline constexpr Tag SeriesTime = 0x00080031;
inline constexpr Tag AccessionNumber = 0x00080050;
inline constexpr Tag IssuerOfAccessionNumberSequence = 0x00080051;
inline constexpr Tag ModalitiesInStudy = 0x00080061;
inline constexpr Tag Manufacturer = 0x00080070;
inline constexpr Tag InstitutionName = 0x00080080;
inline constexpr Tag ReferringPhysicianName = 0x00080090;
inline constexpr Tag ReferringPhysicianIdentificationSequence = 0x00080096;
inline constexpr Tag CodeValue = 0x00080100;
inline constexpr Tag CodingSchemeDesignator = 0x00080102;
inline constexpr Tag CodeMeaning = 0x00080104;
inline constexpr Tag CodingSchemeUID = 0x0008010C;
inline constexpr Tag LongCodeValue = 0x00080119;
inline constexpr Tag URNCodeValue = 0x00080120;
inline constexpr Tag TimezoneOffsetFromUTC = 0x00080201;
inline constexpr Tag StudyDescription = 0x00081030;
inline constexpr Tag ProcedureCodeSequence = 0x00081032;
inline constexpr Tag SeriesDescription = 0x0008103E;
inline constexpr Tag InstitutionalDepartmentName = 0x00081040;
inline constexpr Tag PerformingPhysicianName = 0x00081050;
inline constexpr Tag PerformingPhysicianIdentificationSequence = 0x00081052;
inline constexpr Tag NameOfPhysiciansReadingStudy = 0x00081060;
inline constexpr Tag PhysiciansReadingStudyIdentificationSequence = 0x00081062;
inline constexpr Tag OperatorsName = 0x00081070;
inline constexpr Tag OperatorIdentificationSequence = 0x00081072;
inline constexpr Tag ManufacturerModelName = 0x00081090;
inline constexpr Tag AnatomicRegionSequence = 0x00082218;
inline constexpr Tag IssuerOfPatientID = 0x00100021;
inline constexpr Tag IssuerOfPatientIDQualifiersSequence = 0x00100024;
inline constexpr Tag PatientBirthDate = 0x00100030;
inline constexpr Tag PatientSex = 0x00100040;
inline constexpr Tag OtherPatientIDsSequence = 0x00101002;
inline constexpr Tag BodyPartExamined = 0x00180015;
inline constexpr Tag DeviceSerialNumber = 0x00181000;
inline constexpr Tag StudyID = 0x00200010;
inline constexpr Tag InstanceNumber = 0x00200013;
inline constexpr Tag Laterality = 0x00200060;
inline constexpr Tag ImageLaterality = 0x00200062;
inline constexpr Tag NumberOfStudyRelatedSeries = 0x00201206;
inline constexpr Tag NumberOfStudyRelatedInstances = 0x00201208;
inline constexpr Tag StudyComments = 0x00324000;
inline constexpr Tag AdmissionID = 0x00380010;
inline constexpr Tag IssuerOfAdmissionID = 0x00380011;
inline constexpr Tag IssuerOfAdmissionIDSequence = 0x00380014;
inline constexpr Tag OrderPlacerIdentifierSequence = 0x00400026;
inline constexpr Tag LocalNamespaceEntityID = 0x00400031;
inline constexpr Tag UniversalEntityID = 0x00400032;
inline constexpr Tag UniversalEntityIDType = 0x00400033;
inline constexpr Tag PerformedLocation = 0x00400243;
inline constexpr Tag RequestAttributesSequence = 0x00400275;
inline constexpr Tag SpecimenIdentifier = 0x00400551;
inline constexpr Tag SpecimenDescriptionSequence = 0x00400560;
inline constexpr Tag IssuerOfTheSpecimenIdentifierSequence = 0x00400562;
inline constexpr Tag SpecimenShortDescription = 0x00400600;
inline constexpr Tag ReasonForTheRequestedProcedure = 0x00401002;
inline constexpr Tag ReasonForRequestedProcedureCodeSequence = 0x0040100A;
inline constexpr Tag PersonIdentificationCodeSequence = 0x00401101;
inline constexpr Tag PlacerOrderNumberImagingServiceRequest = 0x00402016;
inline constexpr Tag ConceptNameCodeSequence = 0x0040A043;
inline constexpr Tag DocumentTitle = 0x00420010;
inline constexpr Tag ContentLabel = 0x00700080;
// NOLINTEND(readability-identifier-naming)

}  // namespace lightbox::ingest::tags
