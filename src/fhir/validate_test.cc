// The rules, one named case each. A case is what is put into a valid resource, and the finding.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "fhir/resource.h"

namespace lightbox::fhir {
namespace {

using testing::HasSubstr;

std::vector<Issue> findings(const std::string& text) {
  auto resource = parse_resource(text);
  if (resource) return {};
  return std::move(resource.error().issues);
}

std::string patient(const std::string& members) {
  return R"({"resourceType":"Patient")" + (members.empty() ? "" : "," + members) + "}";
}

std::string observation(const std::string& members) {
  return R"({"resourceType":"Observation","status":"final","code":{"text":"x"},)" + members + "}";
}

struct Valid {
  std::string name;
  std::string text;
};

TEST(Validate, Accepts) {
  const std::string extension = R"({"url":"http://a.b","valueString":"x"})";
  const std::vector<Valid> cases{
      {"a resource without elements", patient("")},
      {"null padding", patient(R"("name":[{"given":["a",null],"_given":[null,{"extension":[)" +
                               extension + "]}]}]")},
      {"an extension instead of a value",
       patient(R"("_birthDate":{"extension":[)" + extension + "]}")},
      {"an id beside a value", patient(R"("birthDate":"2024","_birthDate":{"id":"a"})")},
      {"a sibling before its value", patient(R"("_birthDate":{"id":"a"},"birthDate":"2024")")},
      {"extensions only, of a list",
       patient(R"("name":[{"_given":[{"extension":[)" + extension + "]}]}]")},
      {"an extension for a required element",
       R"({"resourceType":"Observation","_status":{"extension":[)" + extension +
           R"(]},"code":{"text":"x"}})"},
      {"a choice with a sibling", observation(R"("valueString":"x","_valueString":{"id":"a"})")},
      {"members in any order",
       R"({"code":{"text":"x"},"status":"final","resourceType":"Observation"})"},
      {"a nested extension",
       patient(R"("extension":[{"url":"http://a.b","extension":[)" + extension + "]}]")},
      {"a contained resource",
       patient(R"("contained":[{"resourceType":"Organization","id":"o","name":"x"}],)"
               R"("managingOrganization":{"reference":"#o"})")},
      {"a contained resource that points to its container",
       patient(
           R"("contained":[{"resourceType":"Provenance","id":"p","target":[{"reference":"#"}],)"
           R"("recorded":"2024-01-01T00:00:00Z","agent":[{"who":{"reference":"Device/1"}}]}])")},
      {"one contained resource that points to another",
       patient(R"("contained":[{"resourceType":"Organization","id":"a","name":"x"},)"
               R"({"resourceType":"Organization","id":"b","partOf":{"reference":"#a"}}],)"
               R"("managingOrganization":{"reference":"#b"})")},
      {"a contained resource by canonical",
       R"({"resourceType":"QuestionnaireResponse","status":"completed","questionnaire":"#q",)"
       R"("contained":[{"resourceType":"Questionnaire","id":"q","status":"active"}]})"},
      {"references of every form",
       patient(R"("generalPractitioner":[{"reference":"Practitioner/1"},)"
               R"({"reference":"http://a.b/fhir/Organization/2/_history/3"},)"
               R"({"reference":"urn:uuid:c757873d-ec9a-4326-a141-556f43239520"},)"
               R"({"reference":"urn:oid:1.2.3"},{"reference":"http://a.b/anything"},)"
               R"({"reference":"https://a.b/Patient"},{"reference":"local"},)"
               R"({"reference":"Practitioner?identifier=1"},{"display":"x"},)"
               R"({"identifier":{"value":"1"},"type":"Practitioner"},)"
               R"({"type":"http://a.b/logical","display":"x"}])")},
      {"a reference to anything",
       R"({"resourceType":"Basic","code":{"text":"x"},"subject":{"reference":"Binary/1"}})"},
      {"a coding of a required value set",
       R"({"resourceType":"Condition","subject":{"reference":"Patient/1"},"clinicalStatus":{"coding":[)"
       R"({"system":"http://a.b","code":"x"},{"system":)"
       R"("http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]}})"},
      {"codes that cannot be listed",
       R"({"resourceType":"Media","status":"completed","content":{"contentType":"image/x-any"}})"},
      {"a Bundle", R"({"resourceType":"Bundle","type":"batch","entry":[{"resource":)" +
                       patient("") + R"(,"request":{"method":"POST","url":"Patient"}}]})"},
      {"Parameters", R"({"resourceType":"Parameters","parameter":[{"name":"a","resource":)" +
                         patient("") +
                         R"(},{"name":"b","valueInteger":-1},)"
                         R"({"name":"c","part":[{"name":"d","valueCode":"x"}]}]})"},
      {"a Binary", R"({"resourceType":"Binary","contentType":"image/png","data":"AAAA"})"},
      {"content references",
       R"({"resourceType":"Questionnaire","status":"draft","item":[{"linkId":"1","type":"group",)"
       R"("item":[{"linkId":"2","type":"group","item":[{"linkId":"3","type":"string"}]}]}]})"},
      {"a precise decimal", observation(R"("valueQuantity":{"value":1.000000000000000000000010})")},
  };
  for (const Valid& each : cases) {
    const auto found = findings(each.text);
    EXPECT_TRUE(found.empty()) << each.name << ": " << found.front().expression << " "
                               << found.front().diagnostics;
  }
}

struct Finding {
  std::string name;
  std::string text;
  std::string_view code;
  std::string expression;
  std::string says;
};

void expect_one(const std::vector<Finding>& cases) {
  for (const Finding& each : cases) {
    SCOPED_TRACE(each.name);
    const auto found = findings(each.text);
    ASSERT_FALSE(found.empty());
    for (std::size_t at = 1; at < found.size(); ++at) {
      ADD_FAILURE() << "also: " << found[at].expression << " " << found[at].diagnostics;
    }
    EXPECT_EQ(found[0].code, each.code);
    EXPECT_EQ(found[0].expression, each.expression);
    EXPECT_THAT(found[0].diagnostics, HasSubstr(each.says));
  }
}

TEST(Validate, FindsWrongStructure) {
  expect_one({
      {"not an object", "[]", "structure", "", "an object, not an array"},
      {"no type", "{}", "structure", "", "resourceType"},
      {"a type that is no string", R"({"resourceType":1})", "structure", "", "resourceType"},
      {"an unknown type", R"({"resourceType":"Patiend"})", "structure", "resourceType",
       "\"Patiend\" is no resource type"},
      {"an abstract type", R"({"resourceType":"DomainResource"})", "structure", "resourceType",
       "no resource type"},
      {"unknown element", patient(R"("birthdate":"2024")"), "structure", "Patient.birthdate",
       "is \"birthDate\" meant?"},
      {"unknown element, nothing near", patient(R"("zzzzzz":1)"), "structure", "Patient.zzzzzz",
       "Patient has no element \"zzzzzz\""},
      {"unknown element, deep", patient(R"("name":[{"familly":"x"}])"), "structure",
       "Patient.name[0].familly", "is \"family\" meant?"},
      {"element of another version", patient(R"("animal":{"species":{"text":"x"}})"), "structure",
       "Patient.animal", "no element \"animal\""},
      {"choice without a type", observation(R"("value":"x")"), "structure", "Observation.value",
       "value[x] is written with its type: expected valueQuantity"},
      {"choice of a wrong type", observation(R"("valueMoney":{"value":1})"), "structure",
       "Observation.valueMoney", "no element"},
      {"two of a choice", observation(R"("valueString":"x","valueInteger":1)"), "structure",
       "Observation.value", "valueString and valueInteger exclude each other"},
      {"two of a choice, one by extension",
       observation(
           R"("valueInteger":1,"_valueString":{"extension":[{"url":"http://a.b","valueCode":"x"}]})"),
       "structure", "Observation.value", "exclude each other"},
      {"fhir_comments", patient(R"("fhir_comments":["x"])"), "structure", "Patient.fhir_comments",
       "not part of R4"},
      {"resourceType in a data type",
       patient(R"("name":[{"resourceType":"HumanName","text":"x"}])"), "structure",
       "Patient.name[0].resourceType", "resources only"},
      {"a number for a string", patient(R"("name":[{"family":1}])"), "structure",
       "Patient.name[0].family", "expected a string (string), not a number"},
      {"a string for a boolean", patient(R"("active":"true")"), "structure", "Patient.active",
       "expected true or false (boolean), not a string"},
      {"a string for a number", observation(R"("valueInteger":"1")"), "structure",
       "Observation.value", "expected a number (integer), not a string"},
      {"a string for an object", observation(R"("subject":"Patient/1")"), "structure",
       "Observation.subject", "expected an object (Reference), not a string"},
      {"an object for a string", patient(R"("gender":{"code":"male"})"), "structure",
       "Patient.gender", "expected a string (code), not an object"},
      {"one for a list", patient(R"("name":{"family":"x"})"), "structure", "Patient.name",
       "name is a list: expected an array, not an object"},
      {"a list for one", observation(R"("subject":[{"reference":"Patient/1"}])"), "structure",
       "Observation.subject", "expected Reference without [ ]"},
      {"a list in a list", patient(R"("name":[[{"family":"x"}]])"), "structure", "Patient.name[0]",
       "expected an object (HumanName), not an array"},
      {"an empty array", patient(R"("name":[])"), "structure", "Patient.name", "an empty array"},
      {"an empty object", patient(R"("maritalStatus":{})"), "structure", "Patient.maritalStatus",
       "an empty object"},
      {"null", patient(R"("gender":null)"), "structure", "Patient.gender", "null is no value"},
      {"null in a list", patient(R"("name":[{"given":["a",null]}])"), "structure",
       "Patient.name[0].given[1]", "null without an extension"},
      {"null in a list of objects", patient(R"("name":[null])"), "structure", "Patient.name[0]",
       "null is no value"},
      {"a sibling of an object", patient(R"("_maritalStatus":{"id":"a"})"), "structure",
       "Patient._maritalStatus", "only a primitive"},
      {"a sibling of the id", patient(R"("id":"a","_id":{"id":"b"})"), "structure", "Patient._id",
       "only a primitive"},
      {"a sibling that is no object", patient(R"("birthDate":"2024","_birthDate":"x")"),
       "structure", "Patient.birthDate", "expected an object with id and extension"},
      {"a sibling without content", patient(R"("birthDate":"2024","_birthDate":{})"), "structure",
       "Patient.birthDate", "an empty object"},
      {"something else in a sibling", patient(R"("birthDate":"2024","_birthDate":{"value":"x"})"),
       "structure", "Patient.birthDate.value", "Element has no element"},
      {"a sibling list that is too short",
       patient(R"("name":[{"given":["a","b"],"_given":[{"id":"x"}]}])"), "structure",
       "Patient.name[0].given", "given has 2 items and _given has 1"},
      {"a sibling list that is no list", patient(R"("name":[{"given":["a"],"_given":{"id":"x"}}])"),
       "structure", "Patient.name[0].given", "_given belongs to a list"},
      {"null on both sides", patient(R"("name":[{"given":["a",null],"_given":[{"id":"x"},null]}])"),
       "structure", "Patient.name[0].given[1]", "neither a value nor an extension"},
      {"a resource that is none",
       R"({"resourceType":"Bundle","type":"batch","entry":[{"resource":{}}]})", "structure",
       "Bundle.entry[0].resource", "resourceType"},
  });
}

TEST(Validate, FindsWrongContent) {
  expect_one({
      {"a required element", R"({"resourceType":"Observation","code":{"text":"x"}})", "required",
       "Observation.status", "status is required"},
      {"a required list", R"({"resourceType":"Linkage","author":{"reference":"Organization/1"}})",
       "required", "Linkage.item", "at least one"},
      {"a required choice",
       R"({"resourceType":"MedicationRequest","status":"active","intent":"order",)"
       R"("subject":{"reference":"Patient/1"}})",
       "required", "MedicationRequest.medication", "medication[x] is required"},
      {"a required element of an element", patient(R"("link":[{"type":"seealso"}])"), "required",
       "Patient.link[0].other", "other is required"},
      {"a date", patient(R"("birthDate":"2024-02-30")"), "value", "Patient.birthDate",
       "\"2024-02-30\": expected a day that the calendar has"},
      {"an empty string", patient(R"("name":[{"family":""}])"), "value", "Patient.name[0].family",
       "expected some text"},
      {"a control character", patient("\"name\":[{\"family\":\"a\\u0001\"}]"), "value",
       "Patient.name[0].family", "no control characters"},
      {"an id", patient(R"("id":"a_b")"), "value", "Patient.id", "1 to 64"},
      {"an element's id", patient(R"("name":[{"id":"a b","family":"x"}])"), "value",
       "Patient.name[0].id", "without spaces"},
      {"an integer with a fraction", observation(R"("valueInteger":1.0)"), "value",
       "Observation.value", "\"1.0\": expected an integer"},
      {"a code", patient(R"("gender":"Male")"), "code-invalid", "Patient.gender",
       "expected female, male, other, unknown"},
      {"a code of many",
       R"({"resourceType":"CompartmentDefinition","url":"http://a.b","name":"x",)"
       R"("status":"active","code":"Patient","search":true,"resource":[{"code":"X"}]})",
       "code-invalid", "CompartmentDefinition.resource[0].code", "or 138 more"},
      {"a coding of another system",
       R"({"resourceType":"Condition","subject":{"reference":"Patient/1"},"clinicalStatus":)"
       R"({"coding":[{"system":"http://a.b","code":"active"}]}})",
       "code-invalid", "Condition.clinicalStatus", "expected one of active"},
      {"no coding",
       R"({"resourceType":"Condition","subject":{"reference":"Patient/1"},"clinicalStatus":{"text":"x"}})",
       "code-invalid", "Condition.clinicalStatus", "no coding is in"},
      {"base64", R"({"resourceType":"Binary","contentType":"a/b","data":"A"})", "value",
       "Binary.data", "base64"},
      {"a narrative",
       patient(R"("text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">)"
               R"(<script>x</script></div>"})"),
       "invariant", "Patient.text.div", "<script> is not allowed"},
      {"a target of a wrong type", observation(R"("subject":{"reference":"Practitioner/1"})"),
       "structure", "Observation.subject.reference",
       "a reference to a Practitioner: expected Device, Group"},
      {"an absolute target of a wrong type",
       observation(R"("subject":{"reference":"https://a.b/r4/Practitioner/1/_history/2"})"),
       "structure", "Observation.subject.reference", "a reference to a Practitioner"},
      {"a conditional target of a wrong type",
       observation(R"("subject":{"reference":"Practitioner?name=x"})"), "structure",
       "Observation.subject.reference", "a reference to a Practitioner"},
      {"a contained target of a wrong type",
       patient(R"("contained":[{"resourceType":"Device","id":"d"}],)"
               R"("managingOrganization":{"reference":"#d"})"),
       "structure", "Patient.managingOrganization.reference", "a reference to a Device"},
      {"Reference.type of a wrong type",
       observation(R"("subject":{"type":"Practitioner","display":"x"})"), "structure",
       "Observation.subject.type", "a reference to a Practitioner"},
      {"Reference.type that is none", observation(R"("subject":{"type":"X","display":"x"})"),
       "code-invalid", "Observation.subject.type", "no resource type"},
      {"Reference.type of another type",
       observation(R"("subject":{"type":"Group","reference":"Patient/1"})"), "invariant",
       "Observation.subject.type", "but the reference is to a Patient"},
      {"a reference to nothing contained", observation(R"("subject":{"reference":"#x"})"),
       "invariant", "Observation.subject.reference", "is not in contained"},
      {"a canonical to nothing contained",
       R"({"resourceType":"QuestionnaireResponse","status":"completed","questionnaire":"#q"})",
       "invariant", "QuestionnaireResponse.questionnaire", "is not in contained"},
      {"an extension without url", patient(R"("extension":[{"valueCode":"x"}])"), "required",
       "Patient.extension[0].url", "url is required"},
      {"an extension without content", patient(R"("extension":[{"url":"http://a.b"}])"),
       "invariant", "Patient.extension[0]", "ext-1"},
      {"an extension with both",
       patient(R"("extension":[{"url":"http://a.b","valueCode":"x",)"
               R"("extension":[{"url":"http://c.d","valueCode":"x"}]}])"),
       "invariant", "Patient.extension[0]", "exclude each other"},
      {"an id alone", patient(R"("maritalStatus":{"id":"a"})"), "invariant",
       "Patient.maritalStatus", "ele-1"},
      {"an id alone for a primitive", patient(R"("_birthDate":{"id":"a"})"), "invariant",
       "Patient.birthDate", "ele-1"},
      {"contained in contained",
       patient(
           R"("contained":[{"resourceType":"Organization","id":"o","contained":[)"
           R"({"resourceType":"Organization","id":"p","partOf":{"reference":"#"}}],"name":"x"}],)"
           R"("managingOrganization":{"reference":"#o"})"),
       "invariant", "Patient.contained[0].contained", "dom-2"},
      {"contained without id",
       patient(R"("contained":[{"resourceType":"Organization","name":"x"}])"), "required",
       "Patient.contained[0].id", "needs an id"},
      {"contained and not used",
       patient(R"("contained":[{"resourceType":"Organization","id":"o","name":"x"}])"), "invariant",
       "Patient.contained[0]", "dom-3"},
      {"contained twice",
       patient(R"("contained":[{"resourceType":"Organization","id":"o","name":"x"},)"
               R"({"resourceType":"Organization","id":"o","name":"y"}],)"
               R"("managingOrganization":{"reference":"#o"})"),
       "invariant", "Patient.contained[1]", "used by another"},
      {"contained with a version",
       patient(R"("contained":[{"resourceType":"Organization","id":"o","meta":{"versionId":"1"}}],)"
               R"("managingOrganization":{"reference":"#o"})"),
       "invariant", "Patient.contained[0].meta.versionId", "dom-4"},
      {"contained with a security label",
       patient(R"("contained":[{"resourceType":"Organization","id":"o",)"
               R"("meta":{"security":[{"code":"R"}]}}],"managingOrganization":{"reference":"#o"})"),
       "invariant", "Patient.contained[0].meta.security", "dom-5"},
      {"in an entry",
       R"({"resourceType":"Bundle","type":"batch","entry":[{"fullUrl":"urn:x:1"},{"resource":)" +
           patient(R"("name":[{"text":"x"},{"use":"nick"}])") + "}]}",
       "code-invalid", "Bundle.entry[1].resource.name[1].use", "nickname"},
      {"a reference is resolved in its own entry",
       R"({"resourceType":"Bundle","type":"batch","entry":[{"resource":)" +
           patient(R"("contained":[{"resourceType":"Organization","id":"o","name":"x"}],)"
                   R"("managingOrganization":{"reference":"#o"})") +
           R"(},{"resource":)" + patient(R"("managingOrganization":{"reference":"#o"})") + "}]}",
       "invariant", "Bundle.entry[1].resource.managingOrganization.reference", "not in contained"},
  });
}

TEST(Validate, FindsEverythingAtOnce) {
  const auto found = findings(patient(
      R"("active":"yes","birthDate":"2024-13","gender":"m","name":[],"x":1,"contact":[{}])"));
  std::vector<std::string> expressions;
  for (const Issue& issue : found) expressions.push_back(issue.expression);
  EXPECT_THAT(expressions,
              testing::UnorderedElementsAre("Patient.active", "Patient.birthDate", "Patient.gender",
                                            "Patient.name", "Patient.x", "Patient.contact[0]"));
}

TEST(Validate, ListsAtMostSoManyFindings) {
  std::string names;
  for (int i = 0; i < 50; ++i) names += std::string(i > 0 ? "," : "") + R"({"x":1})";
  const auto resource = parse_resource(patient("\"name\":[" + names + "]"), {.issues_max = 10});
  ASSERT_FALSE(resource);
  EXPECT_EQ(resource.error().issues.size(), 11U);
  EXPECT_THAT(resource.error().issues.back().diagnostics, HasSubstr("40 more findings"));
}

TEST(Validate, FindsDuplicateKeysAndTheRestAtOnce) {
  const auto found = findings(patient(R"("active":true,"active":"no","x":1)"));
  std::vector<std::string> expressions;
  for (const Issue& issue : found) expressions.push_back(issue.expression);
  EXPECT_THAT(expressions, testing::ElementsAre("Patient.active", "Patient.active", "Patient.x"));
}

// A list of nulls beside as many members must not be gone through for each: this took an hour.
TEST(Validate, ManyMistakesTakeNoLongTime) {
  std::string text = R"("name":[{)";
  for (int i = 0; i < 200'000; ++i) text += "\"valueX" + std::to_string(i) + "\":1,";
  text += "\"given\":[null";
  for (int i = 0; i < 200'000; ++i) text += ",null";
  EXPECT_EQ(findings(patient(text + "]}]")).size(), 101U);
}

// R4, http.html#create: 400 for what fails the basic rules.
TEST(Validate, AllFailuresAreInvalidContent) {
  for (const std::string& text : {std::string("{"), std::string("{}"),
                                  std::string(R"({"resourceType":"X"})"), patient("\"x\":1")}) {
    const auto resource = parse_resource(text);
    ASSERT_FALSE(resource) << text;
    EXPECT_EQ(resource.error().kind, ProblemKind::invalid) << text;
  }
}

TEST(Validate, StartsItsExpressionsWhereItIsTold) {
  const auto document = parse_json(patient(R"("gender":"x")"));
  EXPECT_EQ(validate(*document->root(), "Bundle.entry[3].resource").front().expression,
            "Bundle.entry[3].resource.gender");
  EXPECT_EQ(validate(*document->root()).front().expression, "Patient.gender");
}

}  // namespace
}  // namespace lightbox::fhir
