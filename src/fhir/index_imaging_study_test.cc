// One whole study with a value for every search parameter of ImagingStudy, and whatever real
// resources lie beside the project.

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>
#include <sstream>
#include <string>

#include "fhir/index_test_support.h"

namespace lightbox::fhir {
namespace {

using testing::UnorderedElementsAre;

constexpr std::string_view study = R"json({
  "resourceType": "ImagingStudy",
  "id": "img-001",
  "meta": {
    "source": "urn:uuid:5a2cf0c6", "profile": ["http://example.org/StructureDefinition/study|2.1"],
    "security": [{"system": "http://example.org/confidentiality", "code": "R"}],
    "tag": [{"system": "http://example.org/tags", "code": "demo", "display": "Demo data"}]
  },
  "identifier": [
    {"system": "urn:dicom:uid", "value": "urn:oid:1.2.826.0.1.1"},
    {"system": "http://example.org/accession", "value": "ACC123456",
     "type": {"text": "Accession Number",
              "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "ACSN"}]}}
  ],
  "status": "available",
  "modality": [{"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "PT",
                "display": "Positron emission tomography"}],
  "subject": {"reference": "Patient/123", "display": "Eva Müller"},
  "encounter": {"reference": "http://localhost:8080/baseR4/Encounter/456"},
  "started": "2024-06-15T10:30:00+02:00",
  "basedOn": [{"reference": "ServiceRequest/sr-001"}, {"reference": "urn:uuid:0c3151bd"}],
  "referrer": {"reference": "Practitioner/789"},
  "interpreter": [{"reference": "http://other.example.org/fhir/Practitioner/5"}],
  "endpoint": [{"reference": "Endpoint/wado"}],
  "numberOfSeries": 1,
  "numberOfInstances": 2,
  "procedureReference": {"reference": "Procedure/p1"},
  "procedureCode": [{"text": "PET/CT"}],
  "location": {"reference": "Location/l1"},
  "reasonCode": [{"coding": [{"system": "http://snomed.info/sct", "code": "363358000",
                              "display": "Malignant tumor of lung"}], "text": "Lung cancer"}],
  "reasonReference": [{"reference": "Condition/c1"}],
  "note": [{"text": "second look"}],
  "description": "PET/CT whole body",
  "series": [{
    "uid": "1.2.826.0.1.1.1",
    "number": 1,
    "modality": {"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "CT",
                 "display": "Computed Tomography"},
    "numberOfInstances": 2,
    "endpoint": [{"reference": "Endpoint/series"}],
    "bodySite": {"system": "http://snomed.info/sct", "code": "51185008", "display": "Thorax"},
    "laterality": {"system": "http://snomed.info/sct", "code": "7771000"},
    "started": "2024-06-15T10:31:00+02:00",
    "performer": [{"function": {"text": "Technologist"},
                   "actor": {"identifier": {"system": "http://example.org/staff", "value": "T7"}}},
                  {"actor": {"reference": "Device/ct-1/_history/3"}}],
    "instance": [
      {"uid": "1.2.826.0.1.1.1.1", "number": 1,
       "sopClass": {"system": "urn:ietf:rfc:3986", "code": "urn:oid:1.2.840.10008.5.1.4.1.1.2"}},
      {"uid": "1.2.826.0.1.1.1.2", "number": 2,
       "sopClass": {"system": "urn:ietf:rfc:3986", "code": "urn:oid:1.2.840.10008.5.1.4.1.1.2"}}]
  }]
})json";

const IndexOptions options{{"http://localhost:8080/baseR4/"}, 0};

TEST(IndexImagingStudy, HasExactlyTheseEntries) {
  EXPECT_THAT(
      lines_of(study, options),
      UnorderedElementsAre(
          "_profile http://example.org/StructureDefinition/study",
          "_profile http://example.org/StructureDefinition/study|2.1",
          "_security http://example.org/confidentiality|R", "_source urn:uuid:5a2cf0c6",
          "_tag http://example.org/tags|demo", R"(_tag:text "demo data")",
          "basedon ServiceRequest/sr-001", "basedon urn:uuid:0c3151bd",
          "bodysite http://snomed.info/sct|51185008", R"(bodysite:text "thorax")",
          R"(description "pet/ct whole body" "PET/CT whole body")",
          "dicom-class urn:ietf:rfc:3986|1.2.840.10008.5.1.4.1.1.2", "encounter Encounter/456",
          "endpoint Endpoint/series", "endpoint Endpoint/wado",
          "identifier http://example.org/accession|ACC123456",
          "identifier urn:dicom:uid|1.2.826.0.1.1",
          "identifier:of-type http://terminology.hl7.org/CodeSystem/v2-0203|ACSN|ACC123456",
          R"(identifier:text "accession number")", "instance 1.2.826.0.1.1.1.1",
          "instance 1.2.826.0.1.1.1.2", "interpreter http://other.example.org/fhir/Practitioner/5",
          "modality http://dicom.nema.org/resources/ontology/DCM|CT",
          "modality http://dicom.nema.org/resources/ontology/DCM|PT",
          R"(modality:text "computed tomography")",
          R"(modality:text "positron emission tomography")", "patient Patient/123",
          "performer Device/ct-1", "performer:identifier http://example.org/staff|T7",
          "reason http://snomed.info/sct|363358000", R"(reason:text "lung cancer")",
          R"(reason:text "malignant tumor of lung")", "referrer Practitioner/789",
          "series 1.2.826.0.1.1.1",
          "series-modality-bodysite http://dicom.nema.org/resources/ontology/DCM|CT $ "
          "http://snomed.info/sct|51185008 0..0 0..0",
          "series-modality-performer http://dicom.nema.org/resources/ontology/DCM|CT $ "
          "|Device/ct-1 0..0 0..0",
          "started 2024-06-15T08:30:00.000..2024-06-15T08:30:01.000", "status available",
          "subject Patient/123"));
}

TEST(IndexImagingStudy, HasAValueForEveryParameter) {
  const ResourceType& type = *Definitions::r4().resource_type("ImagingStudy");
  const IndexEntries entries = index_json(study, options);
  for (const SearchParameter& parameter : type.search_parameters) {
    if (parameter.slot == SearchParameter::no_slot) continue;
    EXPECT_EQ(entries.present >> parameter.slot & 1U, 1U) << parameter.code;
  }
  EXPECT_EQ(entries.order, -parse_date("2024-06-15T08:30:00Z", 0)->low);
}

TEST(IndexImagingStudy, OfManyInstancesHasOneClassAndEachUid) {
  std::string many = R"({"resourceType":"ImagingStudy","series":[{"uid":"1.2","instance":[)";
  for (int i = 0; i < 2000; ++i) {
    many += fmt::format(R"({}{{"uid":"1.2.{}","sopClass":{{"code":"urn:oid:1.9"}}}})",
                        i == 0 ? "" : ",", i);
  }
  const IndexEntries entries = index_json(many + "]}]}");
  EXPECT_EQ(entries.uids.size(), 2001U);
  EXPECT_EQ(entries.tokens.size(), 1U);
}

// Every resource in `json`, also in Bundles, is indexed.
void index_all(const Json& json, std::size_t& count, std::set<std::string>& types) {
  const ResourceType* type = Definitions::r4().resource_type(json.string("resourceType"));
  if (type == nullptr) return;
  const IndexEntries entries = index_resource(*type, json, options);
  EXPECT_TRUE(std::ranges::is_sorted(entries.tokens));
  EXPECT_EQ(std::ranges::adjacent_find(entries.tokens), entries.tokens.end());
  ++count;
  types.emplace(type->name);
  const Json* list = json.find("entry");
  if (type->name != "Bundle" || list == nullptr) return;
  for (const Json* entry = list->first; entry != nullptr; entry = entry->next) {
    if (const Json* resource = entry->find("resource")) index_all(*resource, count, types);
  }
}

TEST(IndexSamples, AreIndexedWithoutAFault) {
  const std::filesystem::path folder = "../shared/samples/fhir";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is not here";
  std::size_t count = 0;
  std::set<std::string> types;
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
    if (file.path().extension() != ".json" || !file.is_regular_file()) continue;
    std::stringstream text;
    text << std::ifstream(file.path()).rdbuf();
    const auto document = parse_json(text.str());
    if (document) index_all(*document->root(), count, types);
  }
  std::printf("indexed %zu resources of %zu types\n", count, types.size());
  EXPECT_GT(count, 1000U);
}

}  // namespace
}  // namespace lightbox::fhir
