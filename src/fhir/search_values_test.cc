// What the values of searches mean: every type, modifier, prefix and precision.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "fhir/search_test_support.h"

namespace lightbox::fhir {
namespace {

using testing::ElementsAreArray;
using testing::IsEmpty;

struct Case {
  std::string_view name;
  std::string_view type;
  std::string_view query;
  std::vector<std::string_view> lines;
};

class Search : public testing::TestWithParam<Case> {};

TEST_P(Search, MeansThis) {
  const auto query = parse(GetParam().type, split(GetParam().query));
  ASSERT_TRUE(query) << query.error().issues.front().diagnostics;
  std::vector<std::string> lines;
  for (const Criterion& criterion : query->criteria) lines.push_back(line(criterion));
  EXPECT_THAT(lines, ElementsAreArray(GetParam().lines));
  EXPECT_THAT(query->notes, IsEmpty());
  EXPECT_EQ(query->used, split(GetParam().query));
}

std::string name_of(const testing::TestParamInfo<Case>& test) {
  return std::string(test.param.name);
}

INSTANTIATE_TEST_SUITE_P(
    Token, Search,
    testing::Values(
        Case{"Code", "ImagingStudy", "modality=CT", {"modality *|CT"}},
        Case{"SystemAndCode", "ImagingStudy", "modality=http://dcm|CT", {"modality http://dcm|CT"}},
        Case{"NoSystem", "ImagingStudy", "modality=|CT", {"modality |CT"}},
        Case{"SystemOnly", "ImagingStudy", "modality=http://dcm|", {"modality http://dcm|*"}},
        Case{"Or", "ImagingStudy", "modality=CT,MR", {"modality *|CT, *|MR"}},
        Case{"And", "ImagingStudy", "modality=CT&modality=SR", {"modality *|CT", "modality *|SR"}},
        Case{"EmptyAlternatives", "ImagingStudy", "modality=,CT,", {"modality *|CT"}},
        Case{"EscapedComma", "ImagingStudy", R"(identifier=a\,b,c)", {"identifier *|a,b, *|c"}},
        Case{"EscapedBar", "ImagingStudy", R"(identifier=a\|b|c)", {"identifier a|b|c"}},
        Case{
            "EscapedBackslash", "ImagingStudy", R"(identifier=a\\,b)", {R"(identifier *|a\, *|b)"}},
        Case{"OtherBackslash", "ImagingStudy", R"(identifier=a\b)", {R"(identifier *|a\b)"}},
        Case{"BackslashAtTheEnd", "ImagingStudy", R"(identifier=a\)", {R"(identifier *|a\)"}},
        Case{"Not", "ImagingStudy", "modality:not=CT,MR", {"modality:not *|CT, *|MR"}},
        Case{"Text",
             "ImagingStudy",
             "modality:text=Computed",
             {R"(modality:text "computed" "Computed")"}},
        Case{"MissingTrue", "ImagingStudy", "modality:missing=true", {"modality:missing true"}},
        Case{"MissingFalse", "ImagingStudy", "started:missing=false", {"started:missing false"}},
        Case{"BareCode", "ImagingStudy", "status=available", {"status *|available"}},
        Case{"ImplicitSystem",
             "ImagingStudy",
             "status=http://hl7.org/fhir/imagingstudy-status|available",
             {"status *|available"}},
        Case{"ImplicitSystemAlone",
             "ImagingStudy",
             "status=http://hl7.org/fhir/imagingstudy-status|",
             {"status *|available, *|cancelled, *|entered-in-error, *|registered, *|unknown"}},
        Case{"ForeignSystemMatchesNothing",
             "ImagingStudy",
             "status=http://x|available",
             {"status http://x|available"}},
        Case{"NoSystemIsNotTheImplicitOne",
             "ImagingStudy",
             "status=|available",
             {"status |available"}},
        Case{"Boolean", "Patient", "active=true", {"active *|true"}},
        Case{"Tag", "ImagingStudy", "_tag=http://t|demo", {"_tag http://t|demo"}},
        Case{"UidAsIdentifier",
             "ImagingStudy",
             "identifier=urn:dicom:uid|urn:oid:1.2.3",
             {"identifier urn:dicom:uid|1.2.3"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Uid, Search,
    testing::Values(Case{"Bare", "ImagingStudy", "series=1.2.3", {"series uid '1.2.3'"}},
                    Case{"Oid", "ImagingStudy", "instance=urn:oid:1.2.3", {"instance uid '1.2.3'"}},
                    Case{"DicomSystem",
                         "ImagingStudy",
                         "series=urn:dicom:uid|urn:oid:1.2.3",
                         {"series uid '1.2.3'"}},
                    Case{"UriSystem",
                         "ImagingStudy",
                         "series=urn:ietf:rfc:3986|urn:oid:1.2.3",
                         {"series uid '1.2.3'"}},
                    Case{"AnotherSystemMatchesNothing",
                         "ImagingStudy",
                         "series=http://x|1.2.3",
                         {"series uid ''"}},
                    Case{"Several",
                         "ImagingStudy",
                         "instance=1.2,urn:oid:1.3",
                         {"instance uid '1.2', uid '1.3'"}},
                    Case{"Not", "ImagingStudy", "series:not=1.2", {"series:not uid '1.2'"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Id, Search,
    testing::Values(Case{"One", "ImagingStudy", "_id=img-001", {"_id img-001"}},
                    Case{"Several", "ImagingStudy", "_id=a,b", {"_id a, b"}},
                    Case{"WithType", "ImagingStudy", "_id=ImagingStudy/a", {"_id a"}},
                    Case{"Uid", "ImagingStudy", "_id=urn:oid:1.2.3", {"_id 1.2.3"}},
                    Case{"Not", "ImagingStudy", "_id:not=a,b", {"_id:not a, b"}},
                    Case{"Missing", "ImagingStudy", "_id:missing=true", {"_id:missing true"}},
                    Case{"Present", "ImagingStudy", "_id:missing=false", {}},
                    Case{"WithoutTime",
                         "ImagingStudy",
                         "_lastUpdated:missing=true",
                         {"_lastUpdated:missing true"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Reference, Search,
    testing::Values(
        Case{"BareIdOfOneType", "ImagingStudy", "patient=123", {"patient ->Patient/123"}},
        Case{"BareIdOfSeveralTypes",
             "ImagingStudy",
             "subject=123",
             {"subject ->Device/123+Group/123+Patient/123"}},
        Case{"TypeAndId", "ImagingStudy", "subject=Patient/123", {"subject ->Patient/123"}},
        Case{"OwnBase",
             "ImagingStudy",
             "patient=http://localhost:8080/baseR4/Patient/123",
             {"patient ->Patient/123"}},
        Case{"OtherServer",
             "ImagingStudy",
             "patient=http://other/fhir/Patient/123",
             {"patient ->http://other/fhir/Patient/123"}},
        Case{
            "Version", "ImagingStudy", "patient=Patient/123/_history/4", {"patient ->Patient/123"}},
        Case{"TypeModifier", "ImagingStudy", "subject:Patient=123", {"subject:type ->Patient/123"}},
        Case{"TypeModifierAndType",
             "ImagingStudy",
             "subject:Patient=Patient/123",
             {"subject:type ->Patient/123"}},
        Case{"AnyType", "Provenance", "target=ImagingStudy/1", {"target ->ImagingStudy/1"}},
        Case{"Urn", "ImagingStudy", "basedon=urn:uuid:1-2", {"basedon ->urn:uuid:1-2"}},
        Case{"Or", "ImagingStudy", "patient=1,Patient/2", {"patient ->Patient/1, ->Patient/2"}},
        Case{"Identifier",
             "ImagingStudy",
             "patient:identifier=http://mrn|47",
             {"patient:identifier http://mrn|47"}},
        Case{"Missing", "ImagingStudy", "encounter:missing=true", {"encounter:missing true"}},
        Case{"Canonical",
             "CarePlan",
             "instantiates-canonical=http://p/x|1.0",
             {"instantiates-canonical ->http://p/x|1.0"}},
        Case{"OwnCanonical",
             "CarePlan",
             "instantiates-canonical=http://localhost:8080/baseR4/PlanDefinition/1",
             {"instantiates-canonical ->PlanDefinition/1"}},
        Case{"OwnCanonicalWithVersion",
             "CarePlan",
             "instantiates-canonical=http://localhost:8080/baseR4/PlanDefinition/1|2",
             {"instantiates-canonical ->http://localhost:8080/baseR4/PlanDefinition/1|2"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    String, Search,
    testing::Values(
        Case{"StartsWith", "Patient", "family=Müll", {R"(family "mull" "Müll")"}},
        Case{"Exact", "Patient", "family:exact=Müller", {R"(family:exact "muller" "Müller")"}},
        Case{"Contains", "Patient", "name:contains=ÜL", {R"(name:contains "ul" "ÜL")"}},
        Case{"Escapes", "Patient", R"(name=a\,b\$c)", {R"(name "a,b$c" "a,b$c")"}},
        Case{"BarIsText", "Patient", "name=a|b", {R"(name "a|b" "a|b")"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(Uri, Search,
                         testing::Values(Case{"Plain",
                                              "ValueSet",
                                              "url=http://x/ValueSet/1",
                                              {"url *|http://x/ValueSet/1"}},
                                         Case{"CanonicalWithVersion",
                                              "ImagingStudy",
                                              "_profile=http://x|1.0",
                                              {"_profile *|http://x|1.0"}},
                                         Case{"Oid", "ValueSet", "url=urn:oid:1.2", {"url *|1.2"}}),
                         name_of);

INSTANTIATE_TEST_SUITE_P(
    Date, Search,
    testing::Values(
        Case{"Year",
             "ImagingStudy",
             "started=2024",
             {"started eq 2024-01-01T00:00:00.000..2025-01-01T00:00:00.000"}},
        Case{"Eq",
             "ImagingStudy",
             "started=eq2024-06-15",
             {"started eq 2024-06-15T00:00:00.000..2024-06-16T00:00:00.000"}},
        Case{"Ne",
             "ImagingStudy",
             "started=ne2024-06-15",
             {"started ne 2024-06-15T00:00:00.000..2024-06-16T00:00:00.000"}},
        Case{"Gt",
             "ImagingStudy",
             "started=gt2024-06",
             {"started gt 2024-06-01T00:00:00.000..2024-07-01T00:00:00.000"}},
        Case{"Lt",
             "ImagingStudy",
             "started=lt2024-06-15T10:30Z",
             {"started lt 2024-06-15T10:30:00.000..2024-06-15T10:31:00.000"}},
        Case{"Ge",
             "ImagingStudy",
             "started=ge2024-06-15T10:30:00Z",
             {"started ge 2024-06-15T10:30:00.000..2024-06-15T10:30:01.000"}},
        Case{"Le",
             "ImagingStudy",
             "started=le2024-06-15T10:30:00.250Z",
             {"started le 2024-06-15T10:30:00.250..2024-06-15T10:30:00.251"}},
        Case{"Sa",
             "ImagingStudy",
             "started=sa2024-06-15T10:30:00+02:00",
             {"started sa 2024-06-15T08:30:00.000..2024-06-15T08:30:01.000"}},
        Case{"Eb",
             "ImagingStudy",
             "started=eb2024-06-15T10:30:00-02:00",
             {"started eb 2024-06-15T12:30:00.000..2024-06-15T12:30:01.000"}},
        // From the end of that day to now are 9 days and 11:13:20; a tenth to each side.
        Case{"ApPast",
             "ImagingStudy",
             "started=ap2024-06-05",
             {"started ap 2024-06-04T01:16:40.000..2024-06-06T22:43:20.000"}},
        Case{"ApFuture",
             "ImagingStudy",
             "started=ap2024-06-25",
             {"started ap 2024-06-24T01:07:20.000..2024-06-26T22:52:40.000"}},
        Case{"ApNow",
             "ImagingStudy",
             "started=ap2024-06-15",
             {"started ap 2024-06-15T00:00:00.000..2024-06-16T00:00:00.000"}},
        Case{"PlusThatBecameASpace",
             "ImagingStudy",
             "started=2024-06-15T10:30:00 02:00",
             {"started eq 2024-06-15T08:30:00.000..2024-06-15T08:30:01.000"}},
        Case{"Range",
             "ImagingStudy",
             "started=ge2024-01&started=lt2024-03",
             {"started ge 2024-01-01T00:00:00.000..2024-02-01T00:00:00.000",
              "started lt 2024-03-01T00:00:00.000..2024-04-01T00:00:00.000"}},
        Case{"LastUpdated",
             "ImagingStudy",
             "_lastUpdated=ge2024-06-15T10:30:00Z,2023",
             {"_lastUpdated ge 2024-06-15T10:30:00.000..2024-06-15T10:30:01.000, "
              "eq 2023-01-01T00:00:00.000..2024-01-01T00:00:00.000"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Number, Search,
    testing::Values(
        Case{"Integer", "RiskAssessment", "probability=100", {"probability eq 100 [99.5,100.5)"}},
        Case{"Decimals",
             "RiskAssessment",
             "probability=100.00",
             {"probability eq 100 [99.995,100.005)"}},
        Case{"Exponent", "RiskAssessment", "probability=1e2", {"probability eq 100 [95,105)"}},
        Case{"ExponentWithDecimals",
             "RiskAssessment",
             "probability=1.0e2",
             {"probability eq 100 [95,105)"}},
        Case{"NegativeExponent",
             "RiskAssessment",
             "probability=5.4E-1",
             {"probability eq 0.54 [0.535,0.545)"}},
        Case{"Negative",
             "RiskAssessment",
             "probability=-0.5",
             {"probability eq -0.5 [-0.55,-0.45)"}},
        Case{"Zero", "RiskAssessment", "probability=0", {"probability eq 0 [-0.5,0.5)"}},
        Case{"Carry", "RiskAssessment", "probability=10", {"probability eq 10 [9.5,10.5)"}},
        Case{"Gt", "RiskAssessment", "probability=gt0.8", {"probability gt 0.8 [0.75,0.85)"}},
        Case{"Lt", "RiskAssessment", "probability=lt0.8", {"probability lt 0.8 [0.75,0.85)"}},
        Case{"Ge", "RiskAssessment", "probability=ge0.8", {"probability ge 0.8 [0.75,0.85)"}},
        Case{"Le", "RiskAssessment", "probability=le0.8", {"probability le 0.8 [0.75,0.85)"}},
        Case{"Sa", "RiskAssessment", "probability=sa0.8", {"probability sa 0.8 [0.75,0.85)"}},
        Case{"Eb", "RiskAssessment", "probability=eb0.8", {"probability eb 0.8 [0.75,0.85)"}},
        Case{"Ne", "RiskAssessment", "probability=ne0.8", {"probability ne 0.8 [0.75,0.85)"}},
        Case{"Ap", "RiskAssessment", "probability=ap100", {"probability ap 100 [90,110)"}},
        Case{"ApOfAnImpreciseNumber",
             "RiskAssessment",
             "probability=ap1",
             {"probability ap 1 [0.5,1.5)"}},
        Case{"Quantity",
             "Observation",
             "value-quantity=gt5.40|http://ucum|mg",
             {"value-quantity gt 5.4 [5.395,5.405) http://ucum|mg"}},
        Case{"QuantityWithUnit",
             "Observation",
             "value-quantity=5||mg",
             {"value-quantity eq 5 [4.5,5.5) *|mg"}},
        Case{"QuantityWithSystem",
             "Observation",
             "value-quantity=5|http://ucum|",
             {"value-quantity eq 5 [4.5,5.5) http://ucum|*"}},
        Case{
            "QuantityAlone", "Observation", "value-quantity=5", {"value-quantity eq 5 [4.5,5.5)"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Composite, Search,
    testing::Values(
        Case{"TokenAndQuantity",
             "Observation",
             "code-value-quantity=http://loinc|1-8$gt5||mg",
             {"code-value-quantity http://loinc|1-8 $ gt 5 [4.5,5.5) *|mg"}},
        Case{"TokenAndDate",
             "Observation",
             "code-value-date=due$lt2024",
             {"code-value-date *|due $ lt 2024-01-01T00:00:00.000..2025-01-01T00:00:00.000"}},
        Case{"EscapedDollar",
             "Observation",
             R"(code-value-string=a\$b$c)",
             {R"(code-value-string *|a$b $ "c" "c")"}},
        Case{"TwoTokens",
             "ActivityDefinition",
             "context-type-value=focus$http://s|1,venue$2",
             {"context-type-value *|focus $ http://s|1, *|venue $ *|2"}},
        Case{"TokenAndReference",
             "DocumentReference",
             "relationship=replaces$1",
             {"relationship *|replaces $ ->DocumentReference/1"}},
        Case{"ThreeParts",
             "MolecularSequence",
             "chromosome-window-coordinate=1$lt5$gt9",
             {"chromosome-window-coordinate *|1 $ lt 5 [4.5,5.5) $ gt 9 [8.5,9.5)"}}),
    name_of);

}  // namespace
}  // namespace lightbox::fhir
