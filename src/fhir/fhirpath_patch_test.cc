// FHIRPath Patch as a table: what is in a patient, the operations, and what comes of it.

#include "fhir/fhirpath_patch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fhir/resource.h"

namespace lightbox::fhir {
namespace {

using testing::HasSubstr;

std::string with_members(std::string_view members) {
  return R"({"resourceType":"Patient")" + std::string(members.empty() ? "" : ",") +
         std::string(members) + "}";
}

std::string parameters(std::string_view list) {
  if (list.empty()) return R"({"resourceType":"Parameters"})";
  return R"({"resourceType":"Parameters","parameter":[)" + std::string(list) + "]}";
}

// One operation; `parts` are what it has besides its type and path.
std::string operation(std::string_view type, std::string_view path, std::string_view parts = "") {
  return R"({"name":"operation","part":[{"name":"type","valueCode":")" + std::string(type) +
         R"("},{"name":"path","valueString":")" + std::string(path) + R"("})" +
         (parts.empty() ? "" : ",") + std::string(parts) + "]}";
}

std::string name(std::string_view element) {
  return R"({"name":"name","valueString":")" + std::string(element) + R"("},)";
}

Result<std::string> patched(std::string_view resource, std::string_view patch,
                            const Limits& limits = {}) {
  auto patch_document = parse_json(patch);
  TRY(const auto operations, read_fhirpath_patch(*patch_document->root(), limits));
  TRY(const auto result, apply_fhirpath_patch(operations, *parse_json(resource), limits));
  std::string text;
  write_json(*result.root(), text);
  return text;
}

struct Case {
  std::string_view name, members;
  std::string operations;
  std::string_view result;
};

TEST(FhirPathPatch, Applies) {
  const std::string value_date = R"({"name":"value","valueDate":"1930-01-01"})";
  const std::string index = R"({"name":"index","valueInteger":)";
  const std::string number = R"({"name":"value","valueIdentifier":{"value":"new"}})";
  const auto moved = [](int source, int destination) {
    return R"({"name":"source","valueInteger":)" + std::to_string(source) +
           R"(},{"name":"destination","valueInteger":)" + std::to_string(destination) + "}";
  };
  const std::string_view four =
      R"("identifier":[{"value":"a"},{"value":"b"},{"value":"c"},{"value":"d"}])";
  const std::vector<Case> cases{
      {"no operation", R"("active":true)", "", R"("active":true)"},
      // add
      {"add a primitive", "", operation("add", "Patient", name("birthDate") + value_date),
       R"("birthDate":"1930-01-01")"},
      {"add to a list that is not there", "",
       operation("add", "Patient", name("identifier") + number),
       R"("identifier":[{"value":"new"}])"},
      {"add to the end of a list", R"("identifier":[{"value":"a"}])",
       operation("add", "Patient", name("identifier") + number),
       R"("identifier":[{"value":"a"},{"value":"new"}])"},
      {"add within one of several", R"("name":[{"use":"old"},{"use":"usual","given":["A"]}])",
       operation("add", "Patient.name.where(use = 'usual')",
                 name("given") + R"({"name":"value","valueString":"B"})"),
       R"("name":[{"use":"old"},{"use":"usual","given":["A","B"]}])"},
      {"add a boolean and a decimal text", R"("extension":[{"url":"u"}])",
       operation("add", "Patient", name("active") + R"({"name":"value","valueBoolean":false})") +
           "," +
           operation("add", "Patient.extension[0]",
                     name("value") + R"({"name":"value","valueDecimal":1.50})"),
       R"("extension":[{"url":"u","valueDecimal":1.50}],"active":false)"},
      {"add a choice", "",
       operation("add", "Patient", name("multipleBirth") + R"({"name":"value","valueInteger":2})"),
       R"("multipleBirthInteger":2)"},
      {"add an element without a type's name, by parts", "",
       operation("add", "Patient",
                 name("contact") +
                     R"({"name":"value","part":[{"name":"name","valueHumanName":{"text":"N"}},)"
                     R"({"name":"telecom","valueContactPoint":{"value":"1"}},)"
                     R"({"name":"telecom","valueContactPoint":{"value":"2"}},)"
                     R"({"name":"gender","valueCode":"male"}]})"),
       R"("contact":[{"name":{"text":"N"},"telecom":[{"value":"1"},{"value":"2"}],"gender":"male"}])"},
      {"parts of parts", "",
       operation("add", "Patient",
                 name("contact") +
                     R"({"name":"value","part":[{"name":"name","part":[{"name":"family",)"
                     R"("valueString":"F"},{"name":"given","valueString":"G"}]}]})"),
       R"("contact":[{"name":{"family":"F","given":["G"]}}])"},
      {"a narrative by parts", "",
       operation("add", "Patient",
                 name("text") +
                     R"({"name":"value","part":[{"name":"status","valueCode":"generated"},)"
                     R"({"name":"div","valueString":"<div/>"}]})"),
       R"("text":{"status":"generated","div":"<div/>"})"},
      {"an extension by parts", "",
       operation("add", "Patient",
                 name("extension") + R"({"name":"value","part":[{"name":"url","valueUri":"u"},)"
                                     R"({"name":"value","valueCode":"c"}]})"),
       R"("extension":[{"url":"u","valueCode":"c"}])"},
      {"an extension of a primitive", R"("birthDate":"1974")",
       operation("add", "Patient.birthDate",
                 name("extension") + R"({"name":"value","part":[{"name":"url","valueUri":"u"},)"
                                     R"({"name":"value","valueCode":"c"}]})"),
       R"("birthDate":"1974","_birthDate":{"extension":[{"url":"u","valueCode":"c"}]})"},
      {"an extension of a primitive in a list", R"("name":[{"given":["A","B"]}])",
       operation("add", "Patient.name.given[1]",
                 name("id") + R"({"name":"value","valueString":"i"})"),
       R"("name":[{"given":["A","B"],"_given":[null,{"id":"i"}]}])"},
      {"a value with an extension", "",
       operation(
           "add", "Patient",
           name("gender") +
               R"({"name":"value","_valueCode":{"extension":[{"url":"u","valueCode":"c"}]}})"),
       R"("_gender":{"extension":[{"url":"u","valueCode":"c"}]})"},
      {"a contained resource", "",
       operation("add", "Patient",
                 name("contained") +
                     R"({"name":"value","resource":{"resourceType":"Patient","id":"b"}})"),
       R"("contained":[{"resourceType":"Patient","id":"b"}])"},
      // insert
      {"insert at the front", R"("identifier":[{"value":"a"}])",
       operation("insert", "Patient.identifier", number + "," + index + "0}"),
       R"("identifier":[{"value":"new"},{"value":"a"}])"},
      {"insert at the end", R"("identifier":[{"value":"a"}])",
       operation("insert", "Patient.identifier", number + "," + index + "1}"),
       R"("identifier":[{"value":"a"},{"value":"new"}])"},
      {"insert into a list that is not there", "",
       operation("insert", "identifier", number + "," + index + "0}"),
       R"("identifier":[{"value":"new"}])"},
      {"insert keeps extensions where they belong",
       R"("name":[{"given":["A","B"],"_given":[null,{"id":"b"}]}])",
       operation("insert", "Patient.name[0].given",
                 R"({"name":"value","valueString":"N"},)" + index + "1}"),
       R"("name":[{"given":["A","N","B"],"_given":[null,null,{"id":"b"}]}])"},
      // delete
      {"delete a primitive with its extensions", R"("birthDate":"1974","_birthDate":{"id":"b"})",
       operation("delete", "Patient.birthDate"), ""},
      {"delete of nothing", R"("active":true)", operation("delete", "Patient.birthDate"),
       R"("active":true)"},
      {"delete one of a list", four, operation("delete", "Patient.identifier.where(value = 'b')"),
       R"("identifier":[{"value":"a"},{"value":"c"},{"value":"d"}])"},
      {"delete the last of a list", R"("active":true,"identifier":[{"value":"a"}])",
       operation("delete", "Patient.identifier[0]"), R"("active":true)"},
      {"delete of a list's primitive", R"("name":[{"given":["A","B"],"_given":[null,{"id":"b"}]}])",
       operation("delete", "Patient.name.given.last()"), R"("name":[{"given":["A"]}])"},
      {"delete an extension", R"("extension":[{"url":"u","valueCode":"c"},{"url":"v"}])",
       operation("delete", "Patient.extension('u')"), R"("extension":[{"url":"v"}])"},
      {"delete all that an element has", R"("contact":[{"name":{"text":"a"},"gender":"male"}])",
       operation("delete", "Patient.contact[0].name.text"), R"("contact":[{"gender":"male"}])"},
      {"delete all that a list has", R"("active":true,"contact":[{"name":{"text":"a"}}])",
       operation("delete", "Patient.contact[0].name.text"), R"("active":true)"},
      {"delete the only extension of a list's primitive",
       R"("name":[{"given":["A","B","C"],"_given":[{"id":"a"},{"id":"b"},null]}])",
       operation("delete", "Patient.name.given[1].id"),
       R"("name":[{"given":["A","B","C"],"_given":[{"id":"a"},null,null]}])"},
      {"delete the last extension of a list",
       R"("name":[{"given":["A","B"],"_given":[null,{"id":"b"}]}])",
       operation("delete", "Patient.name.given[1].id"), R"("name":[{"given":["A","B"]}])"},
      {"delete a choice", R"("deceasedBoolean":true)", operation("delete", "Patient.deceased"), ""},
      // replace
      {"replace a primitive, in its place",
       R"("birthDate":"1974","_birthDate":{"id":"b"},"active":true)",
       operation("replace", "Patient.birthDate", value_date),
       R"("birthDate":"1930-01-01","active":true)"},
      {"replace one of a list", four,
       operation("replace", "Patient.identifier.where(value = 'c')", number),
       R"("identifier":[{"value":"a"},{"value":"b"},{"value":"new"},{"value":"d"}])"},
      {"replace a choice by another type",
       R"("active":true,"deceasedBoolean":true,"gender":"male")",
       operation("replace", "Patient.deceased", R"({"name":"value","valueDateTime":"2020"})"),
       R"("active":true,"deceasedDateTime":"2020","gender":"male")"},
      {"replace below a list", R"("name":[{"family":"a"},{"family":"b"}])",
       operation("replace", "Patient.name[1].family", R"({"name":"value","valueString":"c"})"),
       R"("name":[{"family":"a"},{"family":"c"}])"},
      {"replace by parts", R"("contact":[{"gender":"male"}])",
       operation("replace", "Patient.contact[0]",
                 R"({"name":"value","part":[{"name":"gender","valueCode":"female"}]})"),
       R"("contact":[{"gender":"female"}])"},
      // move
      {"move back", four, operation("move", "Patient.identifier", moved(0, 3)),
       R"("identifier":[{"value":"b"},{"value":"c"},{"value":"d"},{"value":"a"}])"},
      {"move to the front", four, operation("move", "Patient.identifier", moved(3, 0)),
       R"("identifier":[{"value":"d"},{"value":"a"},{"value":"b"},{"value":"c"}])"},
      {"move by one", four, operation("move", "Patient.identifier", moved(1, 2)),
       R"("identifier":[{"value":"a"},{"value":"c"},{"value":"b"},{"value":"d"}])"},
      {"move with extensions", R"("name":[{"given":["A","B"],"_given":[null,{"id":"b"}]}])",
       operation("move", "Patient.name.given", moved(1, 0)),
       R"("name":[{"given":["B","A"],"_given":[{"id":"b"},null]}])"},
      // in order
      {"operations see what came before", "",
       operation("add", "Patient",
                 name("contact") + R"({"name":"value","part":[{"name":"id","valueString":"c"}]})") +
           "," +
           operation("add", "Patient.contact[0]",
                     name("gender") + R"({"name":"value","valueCode":"male"})"),
       R"("contact":[{"id":"c","gender":"male"}])"},
  };
  for (const Case& test : cases) {
    const auto result = patched(with_members(test.members), parameters(test.operations));
    EXPECT_EQ(result ? *result : result.error().issues.front().diagnostics,
              with_members(test.result))
        << test.name;
  }
}

TEST(FhirPathPatch, FailsAndSaysWhy) {
  const std::string string_value = R"({"name":"value","valueString":"x"})";
  const std::string index9 = R"(,{"name":"index","valueInteger":9})";
  const std::vector<Case> cases{
      {"add what is there", R"("birthDate":"1974")",
       operation("add", "Patient", name("birthDate") + R"({"name":"value","valueDate":"2000"})"),
       "Patient.birthDate is there already and is no list: use replace"},
      {"add a choice that is there in another type", R"("deceasedBoolean":true)",
       operation("add", "Patient", name("deceased") + R"({"name":"value","valueDateTime":"2000"})"),
       "Patient.deceased is there already"},
      {"add to several", R"("name":[{"use":"old"},{"use":"usual"}])",
       operation("add", "Patient.name", name("family") + string_value),
       "the path finds 2 elements: expected one"},
      {"add to nothing", "", operation("add", "Patient.name", name("family") + string_value),
       "the path finds nothing"},
      {"add an unknown element", "", operation("add", "Patient", name("brithDate") + string_value),
       R"(Patient has no element "brithDate": is "birthDate" meant?)"},
      {"add a choice by its JSON name", "",
       operation("add", "Patient", name("deceasedBoolean") + string_value),
       "is deceased, with its value as valueBoolean"},
      {"a value of the wrong type", "", operation("add", "Patient", name("gender") + string_value),
       "Patient.gender cannot be valueString: expected valueCode"},
      {"a choice of the wrong type", "",
       operation("add", "Patient", name("deceased") + string_value),
       "Patient.deceased cannot be valueString: expected valueBoolean, valueDateTime"},
      {"a value where parts are needed", "",
       operation("add", "Patient", name("contact") + string_value),
       "Patient.contact cannot be valueString: expected parts for its elements"},
      {"an unknown part of a value", "",
       operation(
           "add", "Patient",
           name("contact") + R"({"name":"value","part":[{"name":"nick","valueString":"x"}]})"),
       R"(Patient.contact has no element "nick")"},
      {"a part of a value twice", "",
       operation("add", "Patient",
                 name("contact") + R"({"name":"value","part":[{"name":"gender","valueCode":"a"},)"
                                   R"({"name":"gender","valueCode":"b"}]})"),
       "Patient.contact.gender is given twice"},
      {"insert too far", R"("identifier":[{"value":"a"}])",
       operation("insert", "Patient.identifier",
                 R"({"name":"value","valueIdentifier":{"value":"b"}})" + index9),
       "Patient.identifier has 1 items: expected an index from 0 to 1, not 9"},
      {"insert into no list", "",
       operation("insert", "Patient.birthDate", R"({"name":"value","valueDate":"2000"})" + index9),
       "Patient.birthDate is no list"},
      {"insert into an item", R"("identifier":[{"value":"a"}])",
       operation("insert", "Patient.identifier[0]",
                 R"({"name":"value","valueIdentifier":{"value":"b"}})" + index9),
       "the path must end with the name of the list"},
      {"delete several", R"("identifier":[{"value":"a"},{"value":"b"}])",
       operation("delete", "Patient.identifier"), "only one can be deleted at a time"},
      {"delete the resource", "", operation("delete", "Patient"), "is removed with DELETE"},
      {"delete a computed value", R"("active":true)", operation("delete", "Patient.active.not()"),
       "the path gives a computed value, not an element"},
      {"replace nothing", "", operation("replace", "Patient.gender", string_value),
       "the path finds nothing"},
      {"replace the resource", "", operation("replace", "Patient", string_value), "with PUT"},
      {"move from beyond the end", R"("identifier":[{"value":"a"}])",
       operation("move", "Patient.identifier",
                 R"({"name":"source","valueInteger":1},{"name":"destination","valueInteger":0})"),
       "Patient.identifier has 1 items, so there is no 1"},
      {"an unknown function", "", operation("delete", "Patient.name.frobnicate()"),
       "the function frobnicate() is not supported"},
      {"the second operation", "",
       operation("delete", "Patient.name") + "," + operation("delete", "Patient.nmae"),
       R"(Operation 1 of the patch (delete "Patient.nmae") fails)"},
  };
  for (const Case& test : cases) {
    const auto result = patched(with_members(test.members), parameters(test.operations));
    ASSERT_FALSE(result) << test.name << ": " << *result;
    EXPECT_EQ(result.error().kind, ProblemKind::unprocessable) << test.name;
    EXPECT_THAT(result.error().issues.front().diagnostics, HasSubstr(std::string(test.result)))
        << test.name;
  }
}

TEST(FhirPathPatch, RefusesWhatIsMalformed) {
  struct Malformed {
    std::string_view name;
    std::string patch;
    std::string_view expression, diagnostics;
  };
  const std::vector<Malformed> cases{
      {"no Parameters", R"({"resourceType":"Patient"})", "", "is a Parameters resource"},
      {"a JSON Patch", "[]", "", "a JSON Patch has the type application/json-patch+json"},
      {"invalid Parameters", R"({"resourceType":"Parameters","parameter":[{}]})",
       "Parameters.parameter[0].name", ""},
      {"another parameter", parameters(R"({"name":"op"})"), "Parameters.parameter[0]",
       R"(the parameter is called "op": expected operation)"},
      {"no type", parameters(R"({"name":"operation","part":[{"name":"path","valueString":"a"}]})"),
       "Parameters.parameter[0]", "no part type: expected add, insert, delete, replace or move"},
      {"an unknown type", parameters(operation("remove", "a")), "Parameters.parameter[0].part[0]",
       R"(the type is "remove": expected add)"},
      {"an unknown part",
       parameters(operation("delete", "a", R"({"name":"Path","valueString":"a"})")),
       "Parameters.parameter[0].part[2]", R"(an operation has no part "Path")"},
      {"a part twice", parameters(operation("delete", "a", R"({"name":"path","valueString":"a"})")),
       "Parameters.parameter[0].part[2]", "the part path is there twice"},
      {"no path",
       parameters(R"({"name":"operation","part":[{"name":"type","valueCode":"delete"}]})"),
       "Parameters.parameter[0]", "no part path: expected a FHIRPath"},
      {"a path that is none", parameters(operation("delete", "Patient.")),
       "Parameters.parameter[0].part[1]", "at character 9: expected the name of an element"},
      {"no name", parameters(operation("add", "a", R"({"name":"value","valueString":"a"})")),
       "Parameters.parameter[0]", "no part name: expected the name of the element"},
      {"no value", parameters(operation("replace", "a")), "Parameters.parameter[0]",
       "no part value: expected a value[x]"},
      {"no index", parameters(operation("insert", "a", R"({"name":"value","valueString":"a"})")),
       "Parameters.parameter[0]", "no part index"},
      {"an index that is text",
       parameters(operation("move", "a",
                            R"({"name":"source","valueString":"1"},)"
                            R"({"name":"destination","valueInteger":1})")),
       "Parameters.parameter[0].part[2]", "the part source has no valueInteger"},
      {"an index below zero",
       parameters(operation("move", "a",
                            R"({"name":"source","valueInteger":-1},)"
                            R"({"name":"destination","valueInteger":1})")),
       "Parameters.parameter[0].part[2]", "the part source is -1: expected a number from 0"},
  };
  for (const Malformed& test : cases) {
    const auto result = patched(with_members(""), test.patch);
    ASSERT_FALSE(result) << test.name;
    EXPECT_EQ(result.error().kind, ProblemKind::invalid) << test.name;
    EXPECT_EQ(result.error().issues.front().expression, test.expression) << test.name;
    EXPECT_THAT(result.error().issues.front().diagnostics, HasSubstr(std::string(test.diagnostics)))
        << test.name;
  }
}

TEST(FhirPathPatch, ListsEveryFault) {
  const auto result = patched(
      with_members(""), parameters(operation("x", "Patient.") + "," + operation("replace", "a")));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().issues.size(), 3);
}

TEST(FhirPathPatch, IsBounded) {
  const std::string operations = operation("delete", "Patient.name") + "," +
                                 operation("delete", "Patient.descendants().where(false)");
  Limits limits;
  limits.patch_steps_max = 3;
  EXPECT_THAT(patched(with_members(R"("active":true)"), parameters(operations), limits)
                  .error()
                  .issues.front()
                  .diagnostics,
              HasSubstr("patch_steps_max"));
  limits.patch_operations_max = 1;
  EXPECT_THAT(
      patched(with_members(""), parameters(operations), limits).error().issues.front().diagnostics,
      HasSubstr("patch_operations_max"));
  // An extension within an extension, and so on.
  std::string deep;
  std::string path = "Patient";
  for (int i = 0; i < 40; ++i) {
    deep +=
        (i > 0 ? "," : "") +
        operation("add", path,
                  name("extension") + R"({"name":"value","part":[{"name":"url","valueUri":"u"}]})");
    path += ".extension[0]";
  }
  EXPECT_THAT(patched(with_members(""), parameters(deep)).error().issues.front().diagnostics,
              HasSubstr("json_depth_max"));
}

}  // namespace
}  // namespace lightbox::fhir
