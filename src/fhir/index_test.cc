// The data types that each type of search parameter is found by (R4, search.html).

#include "fhir/index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "fhir/index_program.h"
#include "fhir/index_test_support.h"

namespace lightbox::fhir {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAreArray;

struct Case {
  std::string_view name;
  std::string_view json;
  std::vector<std::string_view> lines;
};

class Index : public testing::TestWithParam<Case> {};

TEST_P(Index, HasExactlyTheseEntries) {
  const IndexOptions options{{"http://localhost:8080/baseR4/"}, 0};
  EXPECT_THAT(lines_of(GetParam().json, options), UnorderedElementsAreArray(GetParam().lines));
}

std::string name_of(const testing::TestParamInfo<Case>& test) {
  return std::string(test.param.name);
}

INSTANTIATE_TEST_SUITE_P(
    Contained, Index,
    testing::Values(
        Case{"ValuesOfWhatLiesInIt",
             R"({"resourceType":"Basic","subject":{"reference":"#p"},"contained":[
                 {"resourceType":"Patient","id":"p","gender":"male","birthDate":"1950",
                  "generalPractitioner":[{"reference":"#d"}]},
                 {"resourceType":"Practitioner","id":"d","active":true},
                 {"resourceType":"Patient","id":"q","gender":"male"}]})",
             {"in Basic: Patient", "in Basic: Practitioner", "contained Patient.gender male",
              "contained Patient.deceased false",
              "contained Patient.birthdate 1950-01-01T00:00:00.000..1951-01-01T00:00:00.000",
              "contained Practitioner.active true"}},
        Case{"NothingOfWhatIsNoResource",
             R"({"resourceType":"Basic","contained":[4,{"resourceType":"Nothing"}]})",
             {}}),
    name_of);

TEST(IndexWithin, KnowsWhatLiesBesideIt) {
  const auto document = parse_json(
      R"({"resourceType":"ImagingStudy","subject":{"reference":"#p"},"contained":[
          {"resourceType":"Patient","id":"p","managingOrganization":{"reference":"#o"}},
          {"resourceType":"Organization","id":"o"}]})");
  ASSERT_TRUE(document);
  const Json& root = *document->root();
  const auto lines = [&](std::string_view type, const Json& resource) {
    const ResourceType& of = *Definitions::r4().resource_type(type);
    return Lines(of).of(index_within(of, resource, root, {}));
  };
  EXPECT_THAT(lines("ImagingStudy", root), ElementsAre("patient within #p", "subject within #p"));
  EXPECT_THAT(lines("Patient", *root.find("contained")->first),
              ElementsAre("deceased false", "organization within #o"));
}

TEST(IndexContained, HasASlotThatNoParameterHas) {
  for (const ResourceType& type : Definitions::r4().resource_types()) {
    for (const SearchParameter& parameter : type.search_parameters) {
      EXPECT_NE(parameter.slot, container_slot) << type.name << " " << parameter.code;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Token, Index,
    testing::Values(
        Case{"Code",
             R"({"resourceType":"ImagingStudy","status":"available"})",
             {"status available"}},
        Case{"Coding",
             R"({"resourceType":"ImagingStudy","modality":[{"system":"http://dcm","code":"CT",
                 "display":"Computed  Tomography"}]})",
             {"modality http://dcm|CT", R"(modality:text "computed tomography")"}},
        Case{"CodingWithoutSystem",
             R"({"resourceType":"ImagingStudy","modality":[{"code":"CT"}]})",
             {"modality |CT"}},
        Case{"CodingWithOnlyASystem",
             R"({"resourceType":"ImagingStudy","modality":[{"system":"http://dcm"}]})",
             {"modality http://dcm|"}},
        Case{"CodeableConcept",
             R"({"resourceType":"ImagingStudy","reasonCode":[{"text":"Cough","coding":[
                 {"system":"http://snomed.info/sct","code":"49727002","display":"Coughing"},
                 {"system":"http://icd","code":"R05"}]
}]
})",
             {"reason http://icd|R05", "reason http://snomed.info/sct|49727002",
              R"(reason:text "cough")", R"(reason:text "coughing")"}},
        Case{"Identifier",
             R"({"resourceType":"Patient","identifier":[{"system":"http://mrn","value":"4711",
                 "type":{"text":"Medical Record"}}]})",
             {"deceased false", "identifier http://mrn|4711",
              R"(identifier:text "medical record")"}},
        Case{"IdentifierThatIsAUid",
             R"({"resourceType":"ImagingStudy","identifier":[
                 {"system":"urn:dicom:uid","value":"urn:oid:1.2.3"}]})",
             {"identifier urn:dicom:uid|1.2.3"}},
        Case{"Boolean", R"({"resourceType":"Organization","active":true})", {"active true"}},
        Case{"ContactPointsBySystem",
             R"({"resourceType":"Practitioner","telecom":[{"system":"phone","value":"555"},
                 {"system":"email","value":"a@b.c"},{"value":"x"}]})",
             {"email email|a@b.c", "phone phone|555", "telecom email|a@b.c", "telecom phone|555",
              "telecom |x"}},
        Case{"DeceasedByDate",
             R"({"resourceType":"Patient","deceasedDateTime":"2020"})",
             {"death-date 2020-01-01T00:00:00.000..2021-01-01T00:00:00.000", "deceased true"}},
        Case{"DeceasedByBoolean",
             R"({"resourceType":"Patient","deceasedBoolean":true})",
             {"deceased true"}},
        Case{"NotDeceased",
             R"({"resourceType":"Patient","deceasedBoolean":false})",
             {"deceased false"}},
        Case{"ResourceLevel",
             R"({"resourceType":"Basic","meta":{"tag":[{"system":"http://t","code":"demo"}],
                 "security":[{"code":"R"}],"source":"http://s","profile":["http://p|1.0"]}})",
             {"_profile http://p", "_profile http://p|1.0", "_security |R", "_source http://s",
              "_tag http://t|demo"}},
        Case{"UidParameters",
             R"({"resourceType":"ImagingStudy","series":[{"uid":"1.2.1","instance":[
                 {"uid":"1.2.1.1","sopClass":{"system":"urn:ietf:rfc:3986","code":"urn:oid:1.2.840"}},
                 {"uid":"urn:oid:1.2.1.2",
                  "sopClass":{"system":"urn:ietf:rfc:3986","code":"urn:oid:1.2.840"}}]}]})",
             {"dicom-class urn:ietf:rfc:3986|1.2.840", "instance 1.2.1.1", "instance 1.2.1.2",
              "series 1.2.1"}},
        Case{"ModalityOfStudyAndSeries",
             R"({"resourceType":"ImagingStudy","modality":[{"code":"CT"},{"code":"PT"}],
                 "series":[{"modality":{"code":"CT"}},{"modality":{"code":"SR"}}]})",
             {"modality |CT", "modality |PT", "modality |SR"}},
        Case{"ExtensionsValue",
             R"({"resourceType":"Device","extension":[
                 {"url":"http://other","valueString":"no"},
                 {"url":"http://hl7.org/fhir/SearchParameter/device-extensions-Device-din",
                  "valueIdentifier":{"value":"D1"}}]})",
             {"din |D1"}},
        Case{"OnlyAnExtensionInPlaceOfAValue",
             R"({"resourceType":"ImagingStudy","_status":{"extension":[{"url":"http://x",
                 "valueCode":"available"}]}})",
             {}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Reference, Index,
    testing::Values(
        Case{"RelativeToAPatient",
             R"({"resourceType":"ImagingStudy","subject":{"reference":"Patient/1"}})",
             {"patient Patient/1", "subject Patient/1"}},
        Case{"RelativeToAGroup",
             R"({"resourceType":"ImagingStudy","subject":{"reference":"Group/1"}})",
             {"subject Group/1"}},
        Case{"OwnBase",
             R"({"resourceType":"ImagingStudy",
                 "subject":{"reference":"http://localhost:8080/baseR4/Patient/1"}})",
             {"patient Patient/1", "subject Patient/1"}},
        Case{
            "OtherServer",
            R"({"resourceType":"ImagingStudy","subject":{"reference":"http://other/fhir/Patient/1"}})",
            {"patient http://other/fhir/Patient/1", "subject http://other/fhir/Patient/1"}},
        Case{"Version",
             R"({"resourceType":"ImagingStudy","subject":{"reference":"Patient/1/_history/2"}})",
             {"patient Patient/1", "subject Patient/1"}},
        Case{
            "Urn",
            R"({"resourceType":"ImagingStudy","subject":{"reference":"urn:uuid:1","type":"Patient"}})",
            {"patient urn:uuid:1", "subject urn:uuid:1"}},
        Case{"Contained",
             R"({"resourceType":"ImagingStudy","contained":[{"resourceType":"Patient","id":"p"}],
                 "subject":{"reference":"#p","identifier":{"system":"http://mrn","value":"7"}}})",
             {"contained Patient.deceased false", "in ImagingStudy: Patient",
              "patient:identifier http://mrn|7", "subject:identifier http://mrn|7"}},
        Case{"Identifier",
             R"({"resourceType":"ImagingStudy","subject":{"type":"Patient",
                 "identifier":{"system":"http://mrn","value":"7"}}})",
             {"patient:identifier http://mrn|7", "subject:identifier http://mrn|7"}},
        Case{"IdentifierOfWhoKnowsWhat",
             R"({"resourceType":"ImagingStudy","subject":{"identifier":{"value":"7"}}})",
             {"subject:identifier |7"}},
        Case{"SeveralPaths",
             R"({"resourceType":"ImagingStudy","endpoint":[{"reference":"Endpoint/a"}],
                 "series":[{"endpoint":[{"reference":"Endpoint/b"},{"reference":"Endpoint/a"}]}]})",
             {"endpoint Endpoint/a", "endpoint Endpoint/b"}},
        Case{
            "CanonicalWithVersion",
            R"({"resourceType":"CarePlan","instantiatesCanonical":["http://p/PlanDefinition/1|2.0"]})",
            {"instantiates-canonical http://p/PlanDefinition/1",
             "instantiates-canonical http://p/PlanDefinition/1|2.0"}},
        Case{"CanonicalOfAUid",
             R"({"resourceType":"CarePlan","instantiatesCanonical":["urn:oid:1.2.3|1"]})",
             {"instantiates-canonical 1.2.3", "instantiates-canonical urn:oid:1.2.3|1"}},
        Case{"FirstResourceOfABundle",
             R"({"resourceType":"Bundle","type":"document","entry":[
                 {"resource":{"resourceType":"Composition","id":"c"}},
                 {"resource":{"resourceType":"Composition","id":"d"}}]})",
             {"composition Composition/c", "message Composition/c", "type document"}},
        Case{"WithAnExtensionOnly",
             R"({"resourceType":"QuestionnaireResponse","item":[
                 {"linkId":"1","answer":[{"valueReference":{"reference":"Patient/no"}}]},
                 {"linkId":"2","answer":[{"valueReference":{"reference":"Patient/yes"}}],
                  "extension":[{"valueBoolean":true,
                    "url":"http://hl7.org/fhir/StructureDefinition/questionnaireresponse-isSubject"}]}]})",
             {"item-subject Patient/yes"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Date, Index,
    testing::Values(
        Case{"DateTime",
             R"({"resourceType":"ImagingStudy","started":"2024-06-15T10:30:00+02:00"})",
             {"started 2024-06-15T08:30:00.000..2024-06-15T08:30:01.000"}},
        Case{"Date",
             R"({"resourceType":"Patient","birthDate":"1970-02"})",
             {"birthdate 1970-02-01T00:00:00.000..1970-03-01T00:00:00.000", "deceased false"}},
        Case{"Instant",
             R"({"resourceType":"AuditEvent","recorded":"2024-01-01T00:00:00.5Z"})",
             {"date 2024-01-01T00:00:00.500..2024-01-01T00:00:00.600"}},
        Case{"Period",
             R"({"resourceType":"Encounter","period":{"start":"2024-01-01","end":"2024-01-03"}})",
             {"date 2024-01-01T00:00:00.000..2024-01-04T00:00:00.000"}},
        Case{"PeriodWithoutEnd",
             R"({"resourceType":"Encounter","period":{"start":"2024-01-01"}})",
             {"date 2024-01-01T00:00:00.000..open"}},
        Case{"PeriodWithoutStart",
             R"({"resourceType":"Encounter","period":{"end":"2024-01-01"}})",
             {"date open..2024-01-02T00:00:00.000"}},
        Case{"PeriodBackwards",
             R"({"resourceType":"Encounter","period":{"start":"2024","end":"2020"}})",
             {}},
        Case{"TimingsOuterLimits",
             R"({"resourceType":"Observation","effectiveTiming":{
                 "event":["2024-02-10","2024-02-01"],
                 "repeat":{"boundsPeriod":{"start":"2024-02-05","end":"2024-03-01"}}}})",
             {"date 2024-02-01T00:00:00.000..2024-03-02T00:00:00.000"}},
        Case{"NotADate", R"({"resourceType":"ImagingStudy","started":"2024-02-30"})", {}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    String, Index,
    testing::Values(
        Case{"String",
             R"({"resourceType":"Organization","name":"Klinik Süd","alias":["KS"]})",
             {R"(name "klinik sud" "Klinik Süd")", R"(name "ks" "KS")",
              R"(phonetic "klinik sud" "Klinik Süd")"}},
        Case{"HumanName",
             R"({"resourceType":"Patient","name":[{"family":"Müller","given":["Eva","Maria"],
                 "prefix":["Dr."],"suffix":["MD"],"text":"Dr. Eva Müller"}]})",
             {"deceased false", R"(family "muller" "Müller")", R"(given "eva" "Eva")",
              R"(given "maria" "Maria")", R"(name "dr. eva muller" "Dr. Eva Müller")",
              R"(name "dr." "Dr.")", R"(name "eva" "Eva")", R"(name "maria" "Maria")",
              R"(name "md" "MD")", R"(name "muller" "Müller")",
              R"(phonetic "dr. eva muller" "Dr. Eva Müller")", R"(phonetic "dr." "Dr.")",
              R"(phonetic "eva" "Eva")", R"(phonetic "maria" "Maria")", R"(phonetic "md" "MD")",
              R"(phonetic "muller" "Müller")"}},
        Case{"Address",
             R"({"resourceType":"Location","address":{"use":"work","line":["1 Main St"],
                 "city":"Ulm","postalCode":"89073","country":"DE"}})",
             {R"(address "1 main st" "1 Main St")", R"(address "89073" "89073")",
              R"(address "de" "DE")", R"(address "ulm" "Ulm")", R"(address-city "ulm" "Ulm")",
              R"(address-country "de" "DE")", R"(address-postalcode "89073" "89073")",
              "address-use work"}},
        Case{"CodeableConceptsText",
             R"({"resourceType":"Observation","valueCodeableConcept":{"text":"Normal"}})",
             {R"(combo-value-concept:text "normal")", R"(value-concept:text "normal")",
              R"(value-string "normal" "Normal")"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Number, Index,
    testing::Values(
        Case{"Decimal",
             R"({"resourceType":"RiskAssessment","prediction":[{"probabilityDecimal":0.50}]})",
             {"probability 0.5..0.5 | "}},
        Case{"Range",
             R"({"resourceType":"RiskAssessment","prediction":[
                 {"probabilityRange":{"low":{"value":0.1},"high":{"value":0.2}}}]})",
             {"probability 0.1..0.2 | "}},
        Case{"Quantity",
             R"({"resourceType":"Observation","valueQuantity":{"value":70.0,"unit":"kilogram",
                 "system":"http://ucum","code":"kg"}})",
             {"combo-value-quantity 70..70 http://ucum|kg kilogram",
              "value-quantity 70..70 http://ucum|kg kilogram"}},
        Case{"Comparator",
             R"({"resourceType":"Encounter","length":{"value":5,"comparator":"<","unit":"min"}})",
             {"length open..5 | min"}},
        Case{"OpenRange",
             R"({"resourceType":"Condition","onsetRange":{"low":{"value":40,"unit":"a"}}})",
             {"onset-age 40..open | a"}},
        Case{"Money",
             R"({"resourceType":"Invoice","totalNet":{"value":12.50,"currency":"EUR"}})",
             {"totalnet 12.5..12.5 urn:iso:std:iso:4217|EUR "}},
        Case{"SampledDataFromLeastToGreatest",
             R"({"resourceType":"Observation","valueSampledData":{"origin":{"value":10,"unit":"mV"},
                 "period":1,"factor":2,"upperLimit":50,"dimensions":1,"data":"-1 3 E U"}})",
             {"combo-value-quantity 8..110 | mV", "value-quantity 8..110 | mV"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Composite, Index,
    testing::Values(
        Case{"TokenAndQuantity",
             R"({"resourceType":"Observation","component":[
                 {"code":{"coding":[{"system":"l","code":"8480-6"}]},
                  "valueQuantity":{"value":120,"unit":"mmHg","system":"u","code":"mm[Hg]"}},
                 {"code":{"coding":[{"system":"l","code":"8462-4"}]}}]})",
             {"combo-code l|8462-4", "combo-code l|8480-6",
              "combo-code-value-quantity l|8480-6 $ u|mm[Hg] 120..120 0..0",
              "combo-code-value-quantity l|8480-6 $ |mmHg 120..120 0..0",
              "combo-value-quantity 120..120 u|mm[Hg] mmHg", "component-code l|8462-4",
              "component-code l|8480-6",
              "component-code-value-quantity l|8480-6 $ u|mm[Hg] 120..120 0..0",
              "component-code-value-quantity l|8480-6 $ |mmHg 120..120 0..0",
              "component-value-quantity 120..120 u|mm[Hg] mmHg"}},
        Case{"TokenAndDate",
             R"({"resourceType":"Observation","code":{"coding":[{"code":"due"}]},
                 "valueDateTime":"1970-01-01T00:00:01Z"})",
             {"code |due", "code-value-date |due $ | 1000..2000 0..0", "combo-code |due",
              "value-date 1970-01-01T00:00:01.000..1970-01-01T00:00:02.000"}},
        Case{
            "TokenAndString",
            R"({"resourceType":"Observation","code":{"coding":[{"code":"c"}]},"valueString":"Große"})",
            {"code |c", "code-value-string |c $ |grosse 0..0 0..0", "combo-code |c",
             R"(value-string "grosse" "Große")"}},
        Case{"TokenAndReference",
             R"({"resourceType":"DocumentReference","relatesTo":[{"code":"replaces",
                 "target":{"reference":"DocumentReference/1"}}]})",
             {"relatesto DocumentReference/1", "relation replaces",
              "relationship |replaces $ |DocumentReference/1 0..0 0..0"}},
        Case{"TwoIntervals",
             R"({"resourceType":"MolecularSequence","coordinateSystem":1,
                 "referenceSeq":{"chromosome":{"coding":[{"code":"1"}]},"windowStart":5,"windowEnd":9},
                 "variant":[{"start":6,"end":7}]})",
             {"chromosome |1", "chromosome-variant-coordinate |1 $ | 6..6 7..7",
              "chromosome-window-coordinate |1 $ | 5..5 9..9", "variant-end 7..7 | ",
              "variant-start 6..6 | ", "window-end 9..9 | ", "window-start 5..5 | "}},
        Case{"BooleanPart",
             R"({"resourceType":"Group","type":"person","actual":true,"characteristic":[
                 {"code":{"coding":[{"code":"smoker"}]},"valueBoolean":true,"exclude":false}]})",
             {"actual true", "characteristic |smoker",
              "characteristic-value |smoker $ |true 0..0 0..0", "exclude false", "type person",
              "value true"}}),
    name_of);

TEST(IndexOrder, IsTheNegatedStartOfTheStudy) {
  EXPECT_EQ(index_json(R"({"resourceType":"ImagingStudy","started":"1970-01-01T00:00:01Z"})").order,
            -1000);
  EXPECT_EQ(index_json(R"({"resourceType":"ImagingStudy"})").order, order_missing);
  EXPECT_EQ(index_json(R"({"resourceType":"Patient","birthDate":"1970"})").order, 0);
}

TEST(IndexPresence, HasTheSlotsOfWhatIsThere) {
  const ResourceType& type = *Definitions::r4().resource_type("ImagingStudy");
  const auto bit = [&](std::string_view code) {
    return std::uint64_t{1} << type.search_parameter(code)->slot;
  };
  EXPECT_EQ(index_json(R"({"resourceType":"ImagingStudy","status":"available",
                           "subject":{"reference":"Patient/1"}})")
                .present,
            bit("status") | bit("subject") | bit("patient"));
  // What is contained has no reference entry, and is there all the same.
  EXPECT_EQ(index_json(R"({"resourceType":"ImagingStudy","subject":{"reference":"#x"}})").present,
            bit("subject"));
  EXPECT_EQ(index_json(R"({"resourceType":"ImagingStudy","_status":{"id":"a"}})").present, 0U);
  EXPECT_EQ(index_json(R"({"resourceType":"ImagingStudy","series":[{"uid":"1.2"}]})").present,
            bit("series"));
}

TEST(IndexPresence, OfACompositeIsThatOfAllItsParts) {
  const ResourceType& type = *Definitions::r4().resource_type("Observation");
  const auto bit = std::uint64_t{1} << type.search_parameter("code-value-quantity")->slot;
  EXPECT_EQ(
      index_json(R"({"resourceType":"Observation","code":{"coding":[{"code":"a"}]}})").present &
          bit,
      0U);
  EXPECT_EQ(index_json(R"({"resourceType":"Observation","code":{"coding":[{"code":"a"}]},
                "valueQuantity":{"value":1}})")
                    .present &
                bit,
            bit);
}

TEST(IndexPresence, OfDeceasedIsTheElements) {
  const ResourceType& type = *Definitions::r4().resource_type("Patient");
  const auto bit = std::uint64_t{1} << type.search_parameter("deceased")->slot;
  EXPECT_EQ(index_json(R"({"resourceType":"Patient"})").present, 0U);
  EXPECT_EQ(index_json(R"({"resourceType":"Patient","deceasedBoolean":false})").present, bit);
}

TEST(IndexEdges, MarkTheLeastAndTheGreatestOfEachParameter) {
  const auto entries = index_json(R"({"resourceType":"ImagingStudy","status":"available",
      "modality":[{"system":"http://a","code":"MR"},{"system":"http://b","code":"CT"},
                  {"system":"http://b","code":"DX"}]})");
  std::vector<std::string> edges;
  edges.reserve(entries.tokens.size());
  for (const auto& token : entries.tokens) {
    edges.push_back(token.code + std::to_string(token.edge));
  }
  EXPECT_THAT(edges, testing::UnorderedElementsAre("available3", "MR2", "CT1", "DX0"));
}

TEST(IndexReference, OfACanonicalBelowAnOwnBaseHasBothForms) {
  const IndexOptions own{.own_bases = {"http://me/"}};
  EXPECT_THAT(
      lines_of(R"({"resourceType":"QuestionnaireResponse",
                  "questionnaire":"http://me/Questionnaire/1|2"})",
               own),
      ElementsAre("questionnaire Questionnaire/1", "questionnaire http://me/Questionnaire/1",
                  "questionnaire http://me/Questionnaire/1|2"));
  EXPECT_THAT(lines_of(R"({"resourceType":"ValueSet","url":"http://me/ValueSet/1"})", own),
              ElementsAre("url http://me/ValueSet/1"));
}

TEST(IndexToken, OfAStringIsWithoutCase) {
  EXPECT_THAT(lines_of(R"({"resourceType":"ValueSet","version":"1.0-RC"})"),
              ElementsAre("version 1.0-rc"));
  EXPECT_THAT(lines_of(R"({"resourceType":"Group","identifier":[{"value":"A1"}]})"),
              ElementsAre("identifier |A1"));
}

TEST(IndexEdges, TellWhatIsThereWithoutAValueToSortByFromWhatIsNot) {
  const auto unsortable = [](std::string_view json) {
    const ResourceType& type = *Definitions::r4().resource_type("ImagingStudy");
    std::vector<std::string_view> codes;
    for (const auto& token : index_json(json).tokens) {
      if ((token.parameter & 7U) != static_cast<std::uint32_t>(IndexVariant::unsortable)) continue;
      EXPECT_TRUE(token.code.empty() && !token.system);
      for (const SearchParameter& parameter : type.search_parameters) {
        if (parameter.number() == token.parameter >> 3U) codes.push_back(parameter.code);
      }
    }
    return codes;
  };
  EXPECT_THAT(unsortable(R"({"resourceType":"ImagingStudy","status":"available"})"), IsEmpty());
  EXPECT_THAT(unsortable(R"({"resourceType":"ImagingStudy","reasonCode":[{"text":"pain"}],
                  "subject":{"display":"x"},"modality":[{"system":"http://a"}]})"),
              testing::UnorderedElementsAre("reason", "subject", "modality"));
  EXPECT_THAT(unsortable(R"({"resourceType":"ImagingStudy","modality":[{"system":"http://a"},
                  {"code":"CT"}],"identifier":[{"value":"\tx"}]})"),
              IsEmpty());
}

TEST(Index, AddsNothingTwice) {
  const auto entries = index_json(R"({"resourceType":"ImagingStudy","modality":[{"code":"CT"},
      {"code":"MR"},{"code":"CT"}],"series":[{"uid":"1.2","modality":{"code":"MR"}},
      {"uid":"1.2","modality":{"code":"CT"}}]})");
  EXPECT_EQ(entries.tokens.size(), 2U);
  EXPECT_EQ(entries.uids.size(), 1U);
}

TEST(Index, SurvivesWrongJsonTypes) {
  for (const std::string_view json :
       {R"({"resourceType":"ImagingStudy","status":{"a":1},"subject":"x","started":5,
            "modality":{"code":["CT"]},"series":"x","identifier":[[1]],"endpoint":[null]})",
        R"({"resourceType":"Observation","code":1,"component":[1,{"code":[],"valueQuantity":"x"}],
            "valueQuantity":{"value":"70"},"effectiveTiming":{"event":"x","repeat":1}})",
        R"({"resourceType":"Patient","name":["x",{"given":"x","family":["y"]}],"meta":7})"}) {
    (void)lines_of(json);
  }
  EXPECT_THAT(lines_of(R"({"resourceType":"ImagingStudy","subject":5,"modality":7})"), IsEmpty());
}

// --- The definitions
// ----------------------------------------------------------------------------

TEST(IndexProgram, HasNoDeadParameter) {
  std::size_t parameters = 0;
  for (const ResourceType& type : Definitions::r4().resource_types()) {
    const IndexProgram program(type);
    parameters += type.search_parameters.size();
    for (const SearchParameter* dead : program.dead) {
      ADD_FAILURE() << type.name << "." << dead->code << " has a path that leads nowhere";
    }
  }
  EXPECT_EQ(parameters, 2584U);
}

TEST(IndexProgram, GivesEachParameterOfATypeItsOwnSlot) {
  for (const ResourceType& type : Definitions::r4().resource_types()) {
    std::uint64_t taken = 0;
    for (const SearchParameter& parameter : type.search_parameters) {
      if (parameter.slot == SearchParameter::no_slot) continue;
      ASSERT_LT(parameter.slot, 64U);
      const std::uint64_t bit = std::uint64_t{1} << parameter.slot;
      EXPECT_EQ(taken & bit, 0U) << type.name << "." << parameter.code;
      taken |= bit;
    }
  }
}

// Slots are in databases: these must hold for ever.
TEST(IndexProgram, KeepsTheSlotsOfImagingStudy) {
  const ResourceType& type = *Definitions::r4().resource_type("ImagingStudy");
  EXPECT_EQ(type.search_parameter("_profile")->slot, 0);
  EXPECT_EQ(type.search_parameter("identifier")->slot, 9);
  EXPECT_EQ(type.search_parameter("patient")->slot, 13);
  EXPECT_EQ(type.search_parameter("started")->slot, 18);
  EXPECT_EQ(type.search_parameter("subject")->slot, 20);
}

TEST(IndexProgram, KnowsWhatIsSpecialAboutImagingStudy) {
  const ResourceType& type = *Definitions::r4().resource_type("ImagingStudy");
  EXPECT_EQ(type.order, type.search_parameter("started"));
  EXPECT_TRUE(type.search_parameter("series")->is_uid);
  EXPECT_TRUE(type.search_parameter("instance")->is_uid);
  EXPECT_EQ(type.search_parameter("modality")->derived_from,
            "http://hl7.org/fhir/SearchParameter/ImagingStudy-modality");
  ASSERT_EQ(type.compartments.size(), 1U);
  EXPECT_THAT(type.compartments[0].parameters, ElementsAre(type.search_parameter("patient")));
  for (const ResourceType& other : Definitions::r4().resource_types()) {
    EXPECT_EQ(other.order != nullptr, &other == &type) << other.name;
  }
}

}  // namespace
}  // namespace lightbox::fhir
