// FHIRPath as tables: an expression on one patient, and what it gives.

#include "fhir/fhirpath.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lightbox::fhir {
namespace {

using testing::HasSubstr;

constexpr std::string_view patient = R"({
  "resourceType":"Patient","id":"p1",
  "meta":{"tag":[{"system":"urn:t","code":"a"}]},
  "contained":[{"resourceType":"Organization","id":"o1","name":"Clinic"}],
  "extension":[{"url":"urn:e1","valueString":"x"},{"url":"urn:e2","valueInteger":3}],
  "identifier":[{"system":"urn:mrn","value":"17"},{"system":"urn:ssn","value":"99"}],
  "active":true,
  "name":[{"use":"official","family":"Meyer","given":["Anna","Lena"],
           "_given":[null,{"extension":[{"url":"urn:g","valueCode":"second"}]}]},
          {"use":"nickname","given":["Ann"]}],
  "telecom":[{"system":"phone","value":"1","rank":2},{"system":"email","value":"a@b.c","rank":1}],
  "gender":"female","birthDate":"1974-12-25",
  "_birthDate":{"id":"b","extension":[{"url":"urn:time","valueDateTime":"1974-12-25T14:35:45-05:00"}]},
  "_maritalStatus":{"id":"ignored"},
  "multipleBirthInteger":2,
  "contact":[{"name":{"family":"Roe"},"period":{"start":"2012"}}],
  "managingOrganization":{"reference":"#o1"}})";

std::string shown(const FhirPathValue& value) {
  using Kind = FhirPathValue::Kind;
  if (value.kind == Kind::complex) {
    std::string text;
    write_json(*value.json, text);
    return text;
  }
  if (value.kind == Kind::none) return "-";
  return std::string(value.text());
}

// The values, separated by commas; or what is wrong.
std::string evaluated(std::string_view expression, std::string_view resource = patient,
                      const Limits& limits = {}) {
  const auto document = parse_json(resource);
  const auto path = FhirPath::parse(expression);
  if (!path) return path.error().issues.front().diagnostics;
  const auto values = path->evaluate(*document->root(), limits);
  if (!values) return values.error().issues.front().diagnostics;
  std::string text;
  for (const FhirPathValue& value : *values) text += (text.empty() ? "" : ",") + shown(value);
  return text;
}

struct Case {
  std::string_view expression, result;
};

void expect_all(const std::vector<Case>& cases) {
  for (const Case& test : cases) {
    EXPECT_EQ(evaluated(test.expression), test.result) << test.expression;
  }
}

TEST(FhirPath, Navigates) {
  expect_all({
      {"Patient.birthDate", "1974-12-25"},
      {"birthDate", "1974-12-25"},
      {"Resource.id", "p1"},
      {"DomainResource.id", "p1"},
      {"Observation.status", ""},
      {"Patient.name.given", "Anna,Lena,Ann"},
      {"Patient.name[1].given", "Ann"},
      {"name[0].given[1]", "Lena"},
      {"name[7].given", ""},
      {"name[-1]", ""},
      {"(name.given)[2]", "Ann"},
      {"`name`.`given`[0]", "Anna"},
      {"Patient.multipleBirth", "2"},
      {"birthDate.extension.value", "1974-12-25T14:35:45-05:00"},
      {"birthDate.id", "b"},
      {"birthDate.value", "1974-12-25"},
      {"name.given[1].extension.value", "second"},
      {"name.given.extension.url", "urn:g"},
      {"contained.name", "Clinic"},
      {"contained.nothing", ""},
      {"managingOrganization.resolve().name", "Clinic"},
      {"%resource.id", "p1"},
      {"%context.id & %loinc", "p1http://loinc.org"},
      {"%`ext-a`", "http://hl7.org/fhir/StructureDefinition/a"},
      {"contact.period.start // the year", "2012"},
      {"contact /* of */ . name.family", "Roe"},
      {"{}", ""},
      {"Patient.telecom.rank", "2,1"},
      {"meta.tag.code", "a"},
      {"telecom.children()", "phone,1,2,email,a@b.c,1"},
      {"contact.descendants().count()", "4"},
  });
}

TEST(FhirPath, Filters) {
  expect_all({
      {"name.where(use = 'official').family", "Meyer"},
      {"name.where(use = 'none').family", ""},
      {"identifier.where(system='urn:ssn').value", "99"},
      {"telecom.where($this.rank < 2).value", "a@b.c"},
      {"telecom.where($index = 0).value", "1"},
      {"name.given.where($this.startsWith('An'))", "Anna,Ann"},
      {"name.select(given.first())", "Anna,Ann"},
      {"name.given.first()", "Anna"},
      {"name.given.last()", "Ann"},
      {"name.given.tail()", "Lena,Ann"},
      {"name.given.skip(2)", "Ann"},
      {"name.given.take(2)", "Anna,Lena"},
      {"name.given.take(-1)", ""},
      {"contact.single().name.family", "Roe"},
      {"name.single()", "FHIRPath: single() is called on 2 values"},
      {"extension('urn:e2').value", "3"},
      {"extension('urn:none')", ""},
      {"Patient.extension.where(url = 'urn:e1').value", "x"},
      {"extension.value.ofType(string)", "x"},
      {"extension.value.ofType(FHIR.integer)", "3"},
      {"(extension.value as integer)", "3"},
      {"extension.value.as(string)", "x"},
      {"contained.ofType(Organization).name", "Clinic"},
      {"name.exists()", "true"},
      {"name.exists(use = 'old')", "false"},
      {"photo.empty()", "true"},
      {"name.count()", "2"},
      {"name.all(given.exists())", "true"},
      {"name.all(family.exists())", "false"},
      {"photo.all(false)", "true"},
      {"active.not()", "false"},
      {"photo.not()", ""},
      {"name.given.distinct().count()", "3"},
      {"(1 | 1 | 2)", "1,2"},
      {"(1 | 2).union(2 | 3)", "1,2,3"},
      {"(1).combine(1)", "1,1"},
      {"(1 | 2).intersect(2 | 3)", "2"},
      {"(1 | 2).exclude(2 | 3)", "1"},
      {"(1 | 2).subsetOf(1 | 2 | 3)", "true"},
      {"(1 | 2).supersetOf(1 | 3)", "false"},
      {"name.given.isDistinct()", "true"},
      {"iif(active, 'yes', 'no')", "yes"},
      {"iif(photo.exists(), 'yes')", ""},
      {"(true | false).allTrue()", "false"},
      {"(true | false).anyTrue()", "true"},
      {"(true | false).allFalse()", "false"},
      {"(true | false).anyFalse()", "true"},
      {"birthDate.hasValue()", "true"},
      {"name.hasValue()", "false"},
      {"contact.repeat(children()).count()", "4"},
      {"name.trace('n').count()", "2"},
  });
}

TEST(FhirPath, KnowsTypes) {
  expect_all({
      {"birthDate is date", "true"},
      {"gender is code", "true"},
      {"gender is string", "true"},
      {"gender is uri", "false"},
      {"gender.is(FHIR.code)", "true"},
      {"Patient is DomainResource", "true"},
      {"Patient is Element", "false"},
      {"name[0] is HumanName", "true"},
      {"name[0] is Element", "true"},
      {"contact[0] is BackboneElement", "true"},
      {"'a' is String", "true"},
      {"1 is System.Integer", "true"},
      {"active is System.Boolean", "false"},
      {"multipleBirth is integer", "true"},
      {"multipleBirth is Foo", "FHIRPath: \"Foo\" is no type of R4"},
      {"photo is Attachment", ""},
  });
}

TEST(FhirPath, Compares) {
  expect_all({
      {"1 = 1.0", "true"},
      {"1.0 ~ 1", "true"},
      {"gender = 'female'", "true"},
      {"gender != 'female'", "false"},
      {"gender ~ 'Female'", "true"},
      {"gender !~ 'male'", "true"},
      {"'a' = 1", "false"},
      {"photo = 1", ""},
      {"name = name", "true"},
      {"name[0] = name[1]", "false"},
      {"(1 | 2) = (2 | 1)", "false"},
      {"(1 | 2) ~ (2 | 1)", "true"},
      {"1 < 2 and 2 > 1 and 1 <= 1 and 2 >= 2", "true"},
      {"'a' < 'b'", "true"},
      {"'a' < 1", "FHIRPath: < cannot compare a string with an integer"},
      {"birthDate < @1975", "true"},
      {"birthDate < @1974", ""},
      {"birthDate = @1974-12-25", "true"},
      {"birthDate = '1974-12-25'", "true"},
      {"birthDate > @1974-12-25T00:00:00Z", ""},
      {"birthDate.extension.value > @1974-12-25T14:00:00-05:00", "true"},
      {"@2012-01-01T10:00:00Z = @2012-01-01T11:00:00.000+01:00", "true"},
      {"@T10:30 < @T11", "true"},
      {"@T10:30:00 = @T10:30:00.000", "true"},
      {"birthDate < '1975'",
       "FHIRPath: < cannot compare a date with a string; a date is written "
       "@2024-06-15"},
      {"'Ann' in name.given", "true"},
      {"name.given contains 'Lena'", "true"},
      {"name.given contains 'Eva'", "false"},
  });
}

TEST(FhirPath, ReasonsWithThreeValues) {
  expect_all({
      {"true and false", "false"},
      {"true and {}", ""},
      {"{} and false", "false"},
      {"{} or true", "true"},
      {"{} or false", ""},
      {"true xor true", "false"},
      {"true xor {}", ""},
      {"false implies {}", "true"},
      {"{} implies true", "true"},
      {"{} implies false", ""},
      {"true implies false", "false"},
      {"false or true and false", "false"},
      {"1 = 1 and name", "and needs one boolean, not 2 values"},
  });
}

TEST(FhirPath, Calculates) {
  expect_all({
      {"1 + 2 * 3", "7"},
      {"(1 + 2) * 3", "9"},
      {"0.1 + 0.2 = 0.3", "true"},
      {"7 div 2", "3"},
      {"7 mod 2", "1"},
      {"7 / 2", "3.5"},
      {"1 / 0", ""},
      {"-2 + 5", "3"},
      {"- - 2", "2"},
      {"5 - 7", "-2"},
      {"'a' + 'b'", "ab"},
      {"'a' & {}", "a"},
      {"'a' + {}", ""},
      {"1 + photo", ""},
      {"telecom.rank[0] * 10", "20"},
      {"1 + 'a'", "FHIRPath: + is not possible with an integer and a string"},
      {"1000000000000000000 * 1000000000000000000", ""},
  });
}

TEST(FhirPath, HandlesText) {
  expect_all({
      {"name[0].family.lower()", "meyer"},
      {"'\\u00e4'.upper()", "\u00c4"},
      {"'\u00e4\u00f6'.length()", "2"},
      {"'abc'.contains('b')", "true"},
      {"'abc'.startsWith('ab')", "true"},
      {"'abc'.endsWith('bc')", "true"},
      {"'\u00e4bc'.indexOf('c')", "2"},
      {"'abc'.indexOf('x')", "-1"},
      {"'\u00e4bcd'.substring(1, 2)", "bc"},
      {"'abc'.substring(3)", ""},
      {"'abc'.substring(-1)", ""},
      {"'a-b-c'.replace('-', '+')", "a+b+c"},
      {"'  a b '.trim()", "a b"},
      {"'abc'.matches('b')", "true"},
      {"'abc'.matches('^b')", "false"},
      {"'abc'.matchesFull('[a-c]+')", "true"},
      {"'a1b2'.replaceMatches('[0-9]', '#')", "a#b#"},
      {"'12'.toInteger() + 1", "13"},
      {"'x'.toInteger()", ""},
      {"'1.50'.toDecimal()", "1.50"},
      {"true.toString()", "true"},
      {"'yes'.toBoolean()", "true"},
      {"'it\\'s \"q\" \\t'", "it's \"q\" \t"},
      {"1.lower()", "FHIRPath: lower() needs a string, not an integer"},
      {"name.given.lower()", "FHIRPath: lower() needs one string, not 3 values"},
  });
}

TEST(FhirPath, SaysWhatIsWrong) {
  const std::vector<Case> cases{
      {"Patient.brithDate", R"(Patient has no element "brithDate": is "birthDate" meant?)"},
      {"multipleBirthInteger", R"("multipleBirthInteger" is written multipleBirth in a path; )"
                               ".ofType(integer) keeps one type"},
      {"name.frobnicate()", "the function frobnicate() is not supported"},
      {"name.first(1)", "first() takes 0 arguments, not 1"},
      {"name.substring()", "substring() takes 1 to 2 arguments, not 0"},
      {"%unknown", "there is no variable %unknown"},
      {"name[", "at character 6: expected an expression, not the end"},
      {"name.", "expected the name of an element or a function, not the end"},
      {"name..given", R"(expected the name of an element or a function, not ".")"},
      {"name)", R"x(at character 5: expected an operator or the end, not ")")x"},
      {"name.where(use = 'x'", "expected ,, not the end"},
      {"'abc", "at character 1: ' has no end"},
      {"'\\q'", R"(expected one of \' \")"},
      {"#", R"("#" has no meaning here)"},
      {"@", "expected a date or time after @"},
      {"@2024-13", "@2024-13 is no date or time"},
      {"4 days", "quantities (a number with a unit) are not supported"},
      {"5 'mg'", "quantities (a number with a unit) are not supported"},
      {"$that", R"(expected $this or $index, not "that")"},
      {"'a'.matches('(')", R"(The regular expression "(" cannot be used)"},
      {"name['a']", "an index in [] is one integer"},
      {"", "expected an expression, not the end"},
      {"/* no end", "the comment has no end"},
  };
  for (const Case& test : cases) {
    EXPECT_THAT(evaluated(test.expression), HasSubstr(std::string(test.result))) << test.expression;
  }
}

TEST(FhirPath, IsBounded) {
  std::string nested(1'000, '(');
  EXPECT_THAT(evaluated(nested + "1" + std::string(1'000, ')')), HasSubstr("nested too deeply"));
  EXPECT_THAT(evaluated(std::string(1'000, '-') + "1"), HasSubstr("nested too deeply"));
  std::string chain = "name";
  for (int i = 0; i < 1'000; ++i) chain += ".first()";
  EXPECT_THAT(evaluated(chain), HasSubstr("nested too deeply"));
  EXPECT_THAT(evaluated(std::string(100'000, ' ') + "1"), HasSubstr("at most 65536"));
  Limits limits;
  limits.fhirpath_steps_max = 1'000;
  EXPECT_THAT(evaluated("descendants().where(%resource.descendants().exists())", patient, limits),
              HasSubstr("fhirpath_steps_max"));
  EXPECT_THAT(evaluated("'aaaaaaaaaaaaaaaaaaaa'.replace('a','" + std::string(2'000, 'b') + "')",
                        patient, limits),
              HasSubstr("fhirpath_steps_max"));
  // Backtracking without end.
  EXPECT_THAT(evaluated("'" + std::string(5'000, 'a') + "'.matches('^(a|aa)+$x')"),
              testing::AnyOf(HasSubstr("cannot be used"), HasSubstr("fhirpath_steps_max")));
}

TEST(FhirPath, SurvivesWhatIsNoValidResource) {
  const std::string_view broken =
      R"({"resourceType":"Patient","name":"x","birthDate":[1,null],"_birthDate":7,"contact":[[{}],3],)"
      R"("contained":[4,{"resourceType":"Nothing"}],"active":{"a":1},"extension":{"url":[]}})";
  EXPECT_EQ(evaluated("descendants().count() > 0", broken), "true");
  EXPECT_EQ(evaluated("name.given", broken), "");
  EXPECT_EQ(evaluated("extension('a')", broken), "");
  EXPECT_THAT(evaluated("id", R"({"resourceType":"Nothing"})"), HasSubstr("no resource type"));
}

}  // namespace
}  // namespace lightbox::fhir
