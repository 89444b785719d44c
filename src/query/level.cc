#include "query/level.h"

#include <algorithm>
#include <array>

namespace lightbox::query {
namespace {

using dicom::Tag;

// Each in ascending order. clang-format off
// PS3.3 C.7.1: Patient, Clinical Trial Subject; C.2.2 to C.2.4 of the patient.
constexpr std::array<Tag, 53> patient_tags = {
    0x00081120, 0x00100010, 0x00100020, 0x00100021, 0x00100022, 0x00100024, 0x00100026, 0x00100027,
    0x00100028, 0x00100030, 0x00100032, 0x00100033, 0x00100034, 0x00100035, 0x00100040, 0x00100041,
    0x00100050, 0x00100101, 0x00100212, 0x00100213, 0x00100214, 0x00100215, 0x00100216, 0x00100217,
    0x00100218, 0x00100219, 0x00100221, 0x00101000, 0x00101001, 0x00101002, 0x00101005, 0x00101040,
    0x00101060, 0x00101100, 0x00102154, 0x00102155, 0x00102160, 0x00102161, 0x00102201, 0x00102202,
    0x00102292, 0x00102293, 0x00102294, 0x00102295, 0x00102296, 0x00102297, 0x00102298, 0x00102299,
    0x001021F0, 0x00104000, 0x00120062, 0x00120063, 0x00120064,
};
// C.7.2: General Study, Patient Study, Clinical Trial Study; and what a study was ordered by.
constexpr std::array<Tag, 73> study_tags = {
    0x00080020, 0x00080030, 0x00080050, 0x00080051, 0x00080061, 0x00080062, 0x00080090, 0x00080092,
    0x00080094, 0x00080096, 0x0008009C, 0x0008009D, 0x00081030, 0x00081032, 0x00081048, 0x00081049,
    0x00081060, 0x00081062, 0x00081080, 0x00081084, 0x00081110, 0x00101010, 0x00101020, 0x00101021,
    0x00101022, 0x00101023, 0x00101024, 0x00101030, 0x00102000, 0x00102110, 0x00102180, 0x001021A0,
    0x001021B0, 0x001021C0, 0x001021D0, 0x00102203, 0x00120010, 0x00120020, 0x00120021, 0x00120030,
    0x00120031, 0x00120040, 0x00120042, 0x00120050, 0x00120051, 0x00120052, 0x00120053, 0x00120081,
    0x00120082, 0x0020000D, 0x00200010, 0x00201206, 0x00201208, 0x00321030, 0x00321031, 0x00321032,
    0x00321033, 0x00321034, 0x00324000, 0x00380004, 0x00380010, 0x00380011, 0x00380014, 0x00380050,
    0x00380060, 0x00380062, 0x00380064, 0x00380500, 0x00401002, 0x0040100A, 0x00401012, 0x00402016,
    0x00402017,
};
// C.7.3: General Series, Clinical Trial Series; C.7.4 Frame of Reference; C.7.5 Equipment.
constexpr std::array<Tag, 62> series_tags = {
    0x00080021, 0x00080031, 0x00080060, 0x00080070, 0x00080080, 0x00080081, 0x00080082, 0x00081010,
    0x0008103E, 0x0008103F, 0x00081040, 0x00081041, 0x00081050, 0x00081052, 0x00081070, 0x00081072,
    0x00081090, 0x00081111, 0x00081250, 0x00102210, 0x00120060, 0x00120071, 0x00120072, 0x00180015,
    0x00181000, 0x00181002, 0x00181003, 0x00181008, 0x00181009, 0x0018100A, 0x0018100B, 0x00181012,
    0x00181014, 0x00181016, 0x00181018, 0x00181019, 0x00181020, 0x00181030, 0x00181050, 0x00181200,
    0x00181201, 0x00185100, 0x0020000E, 0x00200011, 0x00200052, 0x00200060, 0x00201040, 0x00201209,
    0x00280108, 0x00280109, 0x00400241, 0x00400242, 0x00400243, 0x00400244, 0x00400245, 0x00400250,
    0x00400251, 0x00400253, 0x00400254, 0x00400260, 0x00400275, 0x00400280,
};
constexpr std::array<Tag, 12> derived_tags = {
    tags::InstanceAvailability,
    tags::ModalitiesInStudy,
    tags::SOPClassesInStudy,
    tags::RetrieveURL,
    tags::AvailableTransferSyntaxUID,
    tags::NumberOfPatientRelatedStudies,
    tags::NumberOfPatientRelatedSeries,
    tags::NumberOfPatientRelatedInstances,
    tags::NumberOfStudyRelatedSeries,
    tags::NumberOfStudyRelatedInstances,
    tags::NumberOfSeriesRelatedInstances,
    tags::RetrieveAETitle,
};
// clang-format on

template <std::size_t size>
constexpr std::array<Tag, size> sorted(std::array<Tag, size> tags) {
  std::ranges::sort(tags);
  return tags;
}
constexpr auto patient_sorted = sorted(patient_tags);
constexpr auto study_sorted = sorted(study_tags);
constexpr auto series_sorted = sorted(series_tags);

}  // namespace

std::string_view name_of(Level level) {
  constexpr std::array<std::string_view, 4> names = {"PATIENT", "STUDY", "SERIES", "IMAGE"};
  return names[static_cast<std::size_t>(level)];
}

Level level_of(Tag tag) {
  if (std::ranges::binary_search(patient_sorted, tag)) return Level::patient;
  if (tag >= tags::NumberOfPatientRelatedStudies && tag <= tags::NumberOfPatientRelatedInstances) {
    return Level::patient;
  }
  if (std::ranges::binary_search(study_sorted, tag)) return Level::study;
  if (std::ranges::binary_search(series_sorted, tag)) return Level::series;
  return Level::instance;
}

bool is_of_every_level(Tag tag) {
  return tag == tags::InstanceAvailability || tag == tags::RetrieveURL ||
         tag == tags::RetrieveAETitle || tag == tags::TimezoneOffsetFromUTC;
}

bool is_derived(Tag tag) { return std::ranges::find(derived_tags, tag) != derived_tags.end(); }

}  // namespace lightbox::query
