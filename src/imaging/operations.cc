#include "imaging/operations.h"

#include "imaging/explain_mapping.h"
#include "imaging/merge_patients.h"
#include "imaging/study_of.h"
#include "rest/api.h"

namespace lightbox::imaging {
namespace {

using rest::OperationCall;
using rest::OperationLevel;

constexpr rest::OwnDefinition explain_mapping_definition = {
    .name = "ExplainMapping",
    .title = "Where an imaging study's elements come from",
    .description =
        "For each element that comes from DICOM, the attribute and instance that it comes from; "
        "the elements that clients have added, changed or removed since, which stay so; and the "
        "problems of the mapping.",
    .parameters =
        R"([{"name":"study","use":"out","min":1,"max":"1","documentation":"The StudyInstanceUID","type":"id"},)"
        R"({"name":"resource","use":"out","min":0,"max":"*","documentation":"The study, and its patient when the facts about that come from this study","type":"Reference"},)"
        R"({"name":"element","use":"out","min":0,"max":"*","documentation":"An element that comes from DICOM","part":[)"
        R"({"name":"path","use":"out","min":1,"max":"1","documentation":"In what the mapping makes","type":"string"},)"
        R"({"name":"attribute","use":"out","min":0,"max":"1","documentation":"(gggg,eeee) Keyword; absent when it is counted or configured","type":"string"},)"
        R"({"name":"value","use":"out","min":0,"max":"1","documentation":"As it stands in the instance","type":"string"},)"
        R"({"name":"instance","use":"out","min":0,"max":"1","documentation":"Its SOPInstanceUID","type":"id"}]},)"
        R"({"name":"client-edit","use":"out","min":0,"max":"*","documentation":"What a client has changed","part":[)"
        R"({"name":"path","use":"out","min":1,"max":"1","documentation":"In the resource as it is","type":"string"},)"
        R"({"name":"kind","use":"out","min":1,"max":"1","documentation":"added, changed or removed","type":"code"}]},)"
        R"({"name":"problem","use":"out","min":0,"max":"*","documentation":"What is wrong with the study","part":[)"
        R"({"name":"code","use":"out","min":1,"max":"1","documentation":"Of the issue types","type":"code"},)"
        R"({"name":"diagnostics","use":"out","min":1,"max":"1","documentation":"In words","type":"string"},)"
        R"({"name":"instance","use":"out","min":0,"max":"1","documentation":"The SOPInstanceUID of the instance that has it","type":"id"}]}])"};

constexpr rest::OwnDefinition thumbnail_definition = {
    .name = "Thumbnail",
    .title = "A picture of an imaging study",
    .description =
        "A small picture of the study's first series that has images: JPEG, or PNG where Accept "
        "asks for that. By GET, without Parameters in the answer.",
    .parameters =
        R"([{"name":"viewport","use":"in","min":0,"max":"1","documentation":"width,height at most, as in DICOMweb; 256,256 without","type":"string"},)"
        R"({"name":"window","use":"in","min":0,"max":"1","documentation":"center,width,function, as in DICOMweb","type":"string"},)"
        R"({"name":"quality","use":"in","min":0,"max":"1","documentation":"Of JPEG, from 1 to 100","type":"integer"},)"
        R"({"name":"return","use":"out","min":1,"max":"1","documentation":"The picture, as the body of the answer","type":"Binary"}])"};

constexpr rest::OwnDefinition merge_definition = {
    .name = "Merge",
    .title = "Two patients are one",
    .description =
        "Patient-merge as FHIR R5 has it, for R4: the source becomes inactive and is replaced by "
        "the target, what refers to the source refers to the target, and studies that arrive with "
        "a Patient ID of the source are the target's.",
    .parameters =
        R"([{"name":"source-patient","use":"in","min":0,"max":"1","documentation":"The patient that goes","type":"Reference","targetProfile":["http://hl7.org/fhir/StructureDefinition/Patient"]},)"
        R"({"name":"source-patient-identifier","use":"in","min":0,"max":"*","documentation":"Identifiers that the patient that goes has, all of them","type":"Identifier"},)"
        R"({"name":"target-patient","use":"in","min":0,"max":"1","documentation":"The patient that stays","type":"Reference","targetProfile":["http://hl7.org/fhir/StructureDefinition/Patient"]},)"
        R"({"name":"target-patient-identifier","use":"in","min":0,"max":"*","documentation":"Identifiers that the patient that stays has, all of them","type":"Identifier"},)"
        R"({"name":"preview","use":"in","min":0,"max":"1","documentation":"true: nothing is written","type":"boolean"},)"
        R"({"name":"input","use":"out","min":0,"max":"1","documentation":"The Parameters that were sent","type":"Parameters"},)"
        R"({"name":"outcome","use":"out","min":1,"max":"1","documentation":"What was done, or would be","type":"OperationOutcome"},)"
        R"({"name":"result","use":"out","min":1,"max":"1","documentation":"The patient that stays, as it is then","type":"Patient"}])"};

constexpr rest::OwnDefinition refresh_definition = {
    .name = "Refresh",
    .title = "Look at other archives now",
    .description =
        "The archives that the configuration names as sources are looked at now, rather than when "
        "their turn comes: the studies of a UID or an accession number, whatever their date; else "
        "the newest days. It returns at once.",
    .parameters =
        R"([{"name":"source","use":"in","min":0,"max":"1","documentation":"The name of one; else all","type":"string"},)"
        R"({"name":"study","use":"in","min":0,"max":"1","documentation":"A Study Instance UID, perhaps with urn:oid:","type":"string"},)"
        R"({"name":"accession","use":"in","min":0,"max":"1","documentation":"An accession number","type":"string"},)"
        R"({"name":"return","use":"out","min":1,"max":"1","documentation":"What is being done","type":"OperationOutcome"}])"};

// Both read much, and the latter waits for the writer: away from the connection's thread.
rest::OperationHandler in_lane(ingest::Projector& projector,
                               Result<http::Response> (*answer)(OperationCall&,
                                                                ingest::Projector&)) {
  return [&projector, answer](OperationCall& call) {
    return rest::in_slow_lane(call,
                              [&call, &projector, answer] { return answer(call, projector); });
  };
}

boost::asio::awaitable<Result<http::Response>> make_thumbnail(OperationCall& call,
                                                              const Thumbnail& thumbnail) {
  auto study_uid = study_uid_of(call.call.api.store(), *call.type, call.id);
  if (!study_uid) co_return std::move(study_uid).error();
  co_return co_await thumbnail(call.call.request, std::move(*study_uid));
}

boost::asio::awaitable<Result<http::Response>> look_at_sources(OperationCall& call,
                                                               const Refresh& refresh_source) {
  co_return refresh(call, refresh_source);
}

rest::OperationHandler of_sources(Refresh refresh_source) {
  return [refresh_source = std::move(refresh_source)](OperationCall& call) {
    return look_at_sources(call, refresh_source);
  };
}

rest::OperationHandler of_study(Thumbnail thumbnail) {
  return [thumbnail = std::move(thumbnail)](OperationCall& call) {
    return make_thumbnail(call, thumbnail);
  };
}

}  // namespace

std::vector<rest::Operation> operations(ingest::Projector& projector, Thumbnail thumbnail,
                                        Refresh refresh) {
  return {{.name = "thumbnail",
           .type = "ImagingStudy",
           .levels = static_cast<std::uint8_t>(OperationLevel::instance),
           .affects_state = false,
           .definition = {},
           .parameters = "viewport window quality",
           .body = rest::OperationBody::parameters,
           .resource_parameter = {},
           .handler = of_study(std::move(thumbnail)),
           .own = thumbnail_definition,
           .negotiates_itself = true},
          {.name = "explain-mapping",
           .type = "ImagingStudy",
           .levels = static_cast<std::uint8_t>(OperationLevel::instance),
           .affects_state = false,
           .definition = {},
           .parameters = {},
           .body = rest::OperationBody::parameters,
           .resource_parameter = {},
           .handler = in_lane(projector, explain_mapping),
           .own = explain_mapping_definition},
          {.name = "refresh",
           .type = "ImagingStudy",
           .levels = static_cast<std::uint8_t>(OperationLevel::type),
           .affects_state = true,
           .definition = {},
           .parameters = "source study accession",
           .body = rest::OperationBody::parameters,
           .resource_parameter = {},
           .handler = of_sources(std::move(refresh)),
           .own = refresh_definition},
          {.name = "merge",
           .type = "Patient",
           .levels = static_cast<std::uint8_t>(OperationLevel::type),
           .affects_state = true,
           .definition = {},
           .parameters = "source-patient source-patient-identifier* target-patient "
                         "target-patient-identifier* preview",
           .body = rest::OperationBody::parameters,
           .resource_parameter = {},
           .handler = in_lane(projector, merge_patients),
           .own = merge_definition}};
}

}  // namespace lightbox::imaging
