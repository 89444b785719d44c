#include "fhir/resource.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace lightbox::fhir {
namespace {

std::string stored(std::string_view text) {
  const auto document = parse_json(text);
  return to_stored(*document->root());
}

std::string sent(std::string_view stored_text) {
  std::string out;
  append_resource({.type = "Patient", .id = "p1", .version = 7, .updated_ms = 1'732'456'401'123},
                  stored_text, out);
  return out;
}

struct Form {
  std::string_view name, text, stored, sent;
};

TEST(Resource, StoredFormIsSplicedWhenSent) {
  constexpr std::string_view head =
      R"({"resourceType":"Patient","id":"p1","meta":{"versionId":"7","lastUpdated":"2024-11-24T13:53:21.123Z")";
  const std::vector<Form> cases{
      {"nothing", R"({"resourceType":"Patient"})", "}}", "}}"},
      {"members", R"({"resourceType":"Patient","active":true})", R"(},"active":true})",
       R"(},"active":true})"},
      {"meta without the server's part",
       R"({"resourceType":"Patient","meta":{"versionId":"1","_versionId":{"id":"a"},"lastUpdated":"2020-01-01T00:00:00Z"},"active":true})",
       R"(},"active":true})", R"(},"active":true})"},
      {"meta with more",
       R"({"id":"x","meta":{"profile":["http://a.b"],"versionId":"1","tag":[{"code":"t"}]},"resourceType":"Patient","active":true})",
       R"("profile":["http://a.b"],"tag":[{"code":"t"}]},"active":true})",
       R"(,"profile":["http://a.b"],"tag":[{"code":"t"}]},"active":true})"},
      {"order and numbers",
       R"({"b":1.00,"resourceType":"Patient","a":[1e3,-0.0],"id":"x","c":{"id":"i","meta":{}}})",
       R"(},"b":1.00,"a":[1e3,-0.0],"c":{"id":"i","meta":{}}})",
       R"(},"b":1.00,"a":[1e3,-0.0],"c":{"id":"i","meta":{}}})"},
  };
  for (const Form& each : cases) {
    SCOPED_TRACE(each.name);
    EXPECT_EQ(stored(each.text), each.stored);
    EXPECT_EQ(sent(each.stored), std::string(head) + std::string(each.sent));
    EXPECT_EQ(stored(sent(each.stored)), each.stored);
  }
}

TEST(Resource, AppendsToWhatIsThere) {
  std::string out = "[";
  append_resource({.type = "Basic", .id = "b", .version = 18'446'744'073'709'551'615U}, "}}", out);
  EXPECT_EQ(out, R"([{"resourceType":"Basic","id":"b","meta":{"versionId":"18446744073709551615",)"
                 R"("lastUpdated":"1970-01-01T00:00:00.000Z"}})");
}

TEST(Resource, InstantsAreUtcWithMilliseconds) {
  EXPECT_EQ(format_instant(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_instant(1'709'164'799'999), "2024-02-28T23:59:59.999Z");
  EXPECT_EQ(format_instant(1'709'164'800'000), "2024-02-29T00:00:00.000Z");
  EXPECT_EQ(format_instant(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(format_instant(253'402'300'799'999), "9999-12-31T23:59:59.999Z");
}

TEST(Resource, KnowsIds) {
  EXPECT_TRUE(is_id("a"));
  EXPECT_TRUE(is_id("1.2.840.10008"));
  EXPECT_TRUE(is_id(std::string(64, 'A')));
  EXPECT_FALSE(is_id(""));
  EXPECT_FALSE(is_id(std::string(65, 'A')));
  EXPECT_FALSE(is_id("a_b"));
  EXPECT_FALSE(is_id("a/b"));
}

TEST(Resource, GivesTypeAndId) {
  const auto resource = parse_resource(R"({"resourceType":"Patient","id":"p1"})");
  ASSERT_TRUE(resource);
  EXPECT_EQ(resource->type->name, "Patient");
  EXPECT_EQ(resource->id(), "p1");
  EXPECT_EQ(parse_resource(R"({"resourceType":"Patient"})")->id(), "");
}

// --- ImagingStudy: every element, one good and one bad value
// --------------------------------------

struct ElementCase {
  std::string_view element;
  std::string_view good;
  std::string_view bad;
  std::string_view at;  // the expression of the finding
};

std::string study(std::string_view element, std::string_view value) {
  std::string text = R"({"resourceType":"ImagingStudy")";
  if (element != "status") text += R"(,"status":"available")";
  if (element != "subject") text += R"(,"subject":{"reference":"Patient/1"})";
  return text + ",\"" + std::string(element) + "\":" + std::string(value) + "}";
}

constexpr std::string_view good_series =
    R"([{"uid":"1.2.3","number":1,"modality":{"system":"http://dicom.nema.org/resources/ontology/DCM","code":"CT"},
     "description":"Axial","numberOfInstances":1,"endpoint":[{"reference":"Endpoint/1"}],
     "bodySite":{"system":"http://snomed.info/sct","code":"51185008"},"laterality":{"code":"419161000"},
     "specimen":[{"reference":"Specimen/1"}],"started":"2024-06-15T10:30:00Z",
     "performer":[{"function":{"text":"x"},"actor":{"reference":"Practitioner/1"}}],
     "instance":[{"uid":"1.2.3.4","sopClass":{"system":"urn:ietf:rfc:3986","code":"urn:oid:1.2.840.10008.5.1.4.1.1.2"},
     "number":1,"title":"x"}]}])";

const std::vector<ElementCase> element_cases{
    {"id", R"("img-001")", R"("img_001")", "ImagingStudy.id"},
    {"meta", R"({"profile":["http://a.b"],"tag":[{"code":"x"}]})", R"({"lastUpdated":"2024"})",
     "ImagingStudy.meta.lastUpdated"},
    {"identifier", R"([{"system":"urn:dicom:uid","value":"urn:oid:1.2.3"}])", R"([{"use":"x"}])",
     "ImagingStudy.identifier[0].use"},
    {"status", R"("registered")", R"("done")", "ImagingStudy.status"},
    {"modality", R"([{"system":"http://dicom.nema.org/resources/ontology/DCM","code":"CT"}])",
     R"({"code":"CT"})", "ImagingStudy.modality"},
    {"subject", R"({"reference":"Group/1"})", R"({"reference":"Location/1"})",
     "ImagingStudy.subject.reference"},
    {"encounter", R"({"reference":"Encounter/456"})", R"({"reference":"Patient/1"})",
     "ImagingStudy.encounter.reference"},
    {"started", R"("2024-06-15T10:30:00Z")", R"("2024-06-15T10:30:00")", "ImagingStudy.started"},
    {"basedOn", R"([{"reference":"ServiceRequest/sr-001"}])", R"([{"reference":"Observation/1"}])",
     "ImagingStudy.basedOn[0].reference"},
    {"referrer", R"({"reference":"PractitionerRole/1"})", R"({"reference":"Organization/1"})",
     "ImagingStudy.referrer.reference"},
    {"interpreter", R"([{"reference":"Practitioner/1"}])", R"([{"reference":"Patient/1"}])",
     "ImagingStudy.interpreter[0].reference"},
    {"endpoint", R"([{"reference":"Endpoint/1"}])", R"(["Endpoint/1"])",
     "ImagingStudy.endpoint[0]"},
    {"numberOfSeries", "3", "-1", "ImagingStudy.numberOfSeries"},
    {"numberOfInstances", "256", "\"256\"", "ImagingStudy.numberOfInstances"},
    {"procedureReference", R"({"reference":"Procedure/1"})", R"({"reference":"Procedure/1","x":1})",
     "ImagingStudy.procedureReference.x"},
    {"procedureCode", R"([{"coding":[{"system":"http://snomed.info/sct","code":"169069000"}]}])",
     R"([{"coding":[{"system":"http://a b","code":"1"}]}])",
     "ImagingStudy.procedureCode[0].coding[0].system"},
    {"location", R"({"reference":"Location/1"})", R"({"reference":"Device/1"})",
     "ImagingStudy.location.reference"},
    {"reasonCode", R"([{"text":"Cough"}])", R"([])", "ImagingStudy.reasonCode"},
    {"reasonReference", R"([{"reference":"Condition/1"}])", R"([{"reference":"Patient/1"}])",
     "ImagingStudy.reasonReference[0].reference"},
    {"note", R"([{"text":"x","authorString":"y","time":"2024"}])", R"([{"authorString":"y"}])",
     "ImagingStudy.note[0].text"},
    {"description", R"("CT Chest with contrast")", R"("")", "ImagingStudy.description"},
    {"series", good_series, R"([{"uid":"1.2.3"}])", "ImagingStudy.series[0].modality"},
    {"series", R"([{"uid":"1","modality":{"code":"CT"}}])",
     R"([{"uid":"1","modality":{"code":"CT"},"performer":[{"function":{"text":"x"}}]}])",
     "ImagingStudy.series[0].performer[0].actor"},
    {"series",
     R"([{"uid":"1","modality":{"code":"CT"},"instance":[{"uid":"1.2","sopClass":{"code":"x"}}]}])",
     R"([{"uid":"1","modality":{"code":"CT"},"instance":[{"uid":"1_2","sopClass":{"code":"x"}}]}])",
     "ImagingStudy.series[0].instance[0].uid"},
    {"text",
     R"({"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>"})",
     R"({"status":"generated","div":"x"})", "ImagingStudy.text.div"},
    {"language", R"("de")", R"(" de")", "ImagingStudy.language"},
    {"implicitRules", R"("http://a.b")", R"("a b")", "ImagingStudy.implicitRules"},
    {"extension", R"([{"url":"http://a.b","valueInteger":1}])", R"([{"valueInteger":1}])",
     "ImagingStudy.extension[0].url"},
};

TEST(ImagingStudy, EachElementIsAcceptedAndChecked) {
  for (const ElementCase& each : element_cases) {
    SCOPED_TRACE(each.element);
    const auto good = parse_resource(study(each.element, each.good));
    EXPECT_TRUE(good) << (good ? "" : good.error().issues.front().diagnostics);
    const auto bad = parse_resource(study(each.element, each.bad));
    ASSERT_FALSE(bad);
    ASSERT_EQ(bad.error().issues.size(), 1U);
    EXPECT_EQ(bad.error().issues.front().expression, each.at);
  }
}

}  // namespace
}  // namespace lightbox::fhir
