#include "ingest/mapping_table.h"

#include <algorithm>
#include <array>

#include "ingest/mapping.h"
#include "ingest/mapping_rules.h"
#include "ingest/mapping_tags.h"

namespace lightbox::ingest {
namespace {

using namespace tags;  // keywords, as the standard has them

constexpr auto patient = Level::patient;
constexpr auto study = Level::study;
constexpr auto series = Level::series;
constexpr auto instance = Level::instance;
constexpr auto one = Cardinality::one;
constexpr auto list = Cardinality::list;
constexpr auto allowed = Differing::allowed;

// clang-format off
const std::vector<Row> table = {
  // --- Patient ---
  {patient, "Patient.identifier", list, {PatientID}, {IssuerOfPatientID, IssuerOfPatientIDQualifiersSequence},
   rule::patient_id},
  {patient, "Patient.identifier", list, {StudyInstanceUID}, {}, rule::own_identifier},
  {patient, "Patient.identifier", list, {OtherPatientIDsSequence}, {}, first<rule::other_patient_ids>, "", allowed},
  {patient, "Patient.name", list, {PatientName}, {}, first<rule::names>},
  {patient, "Patient.gender", one, {PatientSex}, {}, first<rule::gender>},
  {patient, "Patient.birthDate", one, {PatientBirthDate}, {}, first<rule::birth_date>},

  // --- ImagingStudy ---
  {study, "ImagingStudy.identifier", list, {StudyInstanceUID}, {}, rule::study_identifier},
  {study, "ImagingStudy.identifier", list, {AccessionNumber}, {IssuerOfAccessionNumberSequence},
   first<rule::identifier>, "ACSN"},
  {study, "ImagingStudy.identifier", list, {StudyID}, {}, first<rule::identifier>},
  {study, "ImagingStudy.status", one, {}, {}, rule::status},
  {study, "ImagingStudy.modality", list, {Modality}, {}, rule::modalities, "", allowed},
  {study, "ImagingStudy.subject", one, {PatientName}, {PatientID}, rule::subject, "", allowed},
  {study, "ImagingStudy.encounter", one, {AdmissionID}, {IssuerOfAdmissionIDSequence, IssuerOfAdmissionID},
   first<rule::reference>, "Encounter"},
  {study, "ImagingStudy.started", one, {StudyDate, StudyTime}, {TimezoneOffsetFromUTC}, rule::date_time},
  {study, "ImagingStudy.basedOn", list, {AccessionNumber}, {IssuerOfAccessionNumberSequence},
   first<rule::order>, "ACSN", allowed},
  {study, "ImagingStudy.basedOn", list, {PlacerOrderNumberImagingServiceRequest}, {OrderPlacerIdentifierSequence},
   every<rule::order>, "PLAC", allowed},
  {study, "ImagingStudy.basedOn", list, {RequestAttributesSequence}, {}, every<rule::orders>, "", allowed},
  {study, "ImagingStudy.referrer", one, {ReferringPhysicianIdentificationSequence, ReferringPhysicianName}, {},
   first<rule::person>},
  {study, "ImagingStudy.interpreter", list,
   {PhysiciansReadingStudyIdentificationSequence, NameOfPhysiciansReadingStudy}, {}, first<rule::person>},
  {study, "ImagingStudy.endpoint", list, {}, {}, rule::endpoints},
  {study, "ImagingStudy.numberOfSeries", one, {}, {}, rule::count_series},
  {study, "ImagingStudy.numberOfInstances", one, {}, {}, rule::count_instances},
  {study, "ImagingStudy.procedureCode", list, {ProcedureCodeSequence}, {}, first<rule::concepts>},
  {study, "ImagingStudy.location", one, {InstitutionalDepartmentName, PerformedLocation}, {},
   first<rule::display>, "", allowed},
  {study, "ImagingStudy.reasonCode", list,
   {ReasonForRequestedProcedureCodeSequence, ReasonForTheRequestedProcedure, RequestAttributesSequence}, {},
   first<rule::reason>, "", allowed},
  {study, "ImagingStudy.note", list, {StudyComments}, {}, first<rule::note>},
  {study, "ImagingStudy.description", one, {StudyDescription}, {}, first<rule::text>},

  // --- ImagingStudy.series ---
  {series, "ImagingStudy.series.uid", one, {SeriesInstanceUID}, {}, rule::series_uid},
  {series, "ImagingStudy.series.number", one, {SeriesNumber}, {}, first<rule::number>},
  {series, "ImagingStudy.series.modality", one, {Modality}, {}, rule::series_modality},
  {series, "ImagingStudy.series.description", one, {SeriesDescription}, {}, first<rule::text>},
  {series, "ImagingStudy.series.numberOfInstances", one, {}, {}, rule::count_instances_of_series},
  {series, "ImagingStudy.series.bodySite", one, {AnatomicRegionSequence, BodyPartExamined}, {},
   first<rule::body_site>, "", allowed},
  {series, "ImagingStudy.series.laterality", one, {Laterality, ImageLaterality}, {},
   first<rule::laterality>, "", allowed},
  {series, "ImagingStudy.series.specimen", list, {SpecimenDescriptionSequence}, {},
   every<rule::specimen>, "", allowed},
  {series, "ImagingStudy.series.started", one, {SeriesDate, SeriesTime}, {TimezoneOffsetFromUTC}, rule::date_time},
  {series, "ImagingStudy.series.performer", list,
   {PerformingPhysicianIdentificationSequence, PerformingPhysicianName}, {}, first<rule::person>, "PRF", allowed},
  {series, "ImagingStudy.series.performer", list, {OperatorIdentificationSequence, OperatorsName}, {},
   first<rule::person>, "SPRF", allowed},
  {series, "ImagingStudy.series.performer", list, {DeviceSerialNumber, ManufacturerModelName, Manufacturer}, {},
   first<rule::device>, "", allowed},

  // --- ImagingStudy.series.instance ---
  {instance, "ImagingStudy.series.instance.uid", one, {SOPInstanceUID}, {}, rule::instance_uid},
  {instance, "ImagingStudy.series.instance.sopClass", one, {SOPClassUID}, {}, rule::sop_class},
  {instance, "ImagingStudy.series.instance.number", one, {InstanceNumber}, {}, rule::instance_number},
  {instance, "ImagingStudy.series.instance.title", one,
   {DocumentTitle, ConceptNameCodeSequence, ContentLabel, ImageType}, {}, rule::title},
};
// clang-format on

std::array<std::vector<const Row*>, 4> by_level() {
  std::array<std::vector<const Row*>, 4> rows;
  for (const Row& row : table) rows[static_cast<std::size_t>(row.level)].push_back(&row);
  return rows;
}

// UIDs are columns of the index, not attributes of it.
bool is_uid(Tag tag) { return tag == StudyInstanceUID || tag == SeriesInstanceUID; }

std::vector<Tag> tags_of_table() {
  // A rejection note is known by its title (study_facts.cc).
  std::vector<Tag> all{ConceptNameCodeSequence};
  for (const Row& row : table) {
    if (row.level == Level::instance) continue;
    std::ranges::copy_if(row.attributes, std::back_inserter(all), std::not_fn(is_uid));
    std::ranges::copy(row.read_with, std::back_inserter(all));
  }
  std::ranges::sort(all);
  const auto doubled = std::ranges::unique(all);
  all.erase(doubled.begin(), doubled.end());
  return all;
}

const std::vector<Tag>& all_mapped() {
  static const std::vector<Tag> all = tags_of_table();
  return all;
}

}  // namespace

const std::vector<Row>& mapping_table() { return table; }

const std::vector<const Row*>& rows_of(Level level) {
  static const auto rows = by_level();
  return rows[static_cast<std::size_t>(level)];
}

bool is_mapped(dicom::Tag tag) { return std::ranges::binary_search(all_mapped(), tag); }

std::vector<dicom::Tag> mapped_tags(query::Level level) {
  std::vector<dicom::Tag> found;
  std::ranges::copy_if(all_mapped(), std::back_inserter(found),
                       [&](Tag tag) { return query::level_of(tag) == level; });
  return found;
}

}  // namespace lightbox::ingest
