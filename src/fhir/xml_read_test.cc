#include "fhir/xml_read.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

namespace lightbox::fhir {
namespace {

using testing::HasSubstr;

std::string text_of(const Json& value) {
  std::string text;
  write_json(value, text);
  return text;
}

std::string findings(const Problem& problem) {
  std::string text;
  for (const Issue& issue : problem.issues) {
    text += std::string(issue.code) + " " + issue.expression + ": " + issue.diagnostics + "\n";
  }
  return text;
}

std::string with_root(const std::string& type, const std::string& content) {
  return "<" + type + " xmlns=\"http://hl7.org/fhir\">" + content + "</" + type + ">";
}

struct Case {
  const char* name;
  const char* type;
  const char* xml;   // within the root
  const char* json;  // after the resourceType; or what is said of the XML
};

std::string name_of_case(const testing::TestParamInfo<Case>& info) { return info.param.name; }

class XmlReads : public testing::TestWithParam<Case> {};

TEST_P(XmlReads, AsTheSameJson) {
  const Case& given = GetParam();
  const auto read = parse_resource_xml(with_root(given.type, given.xml));
  ASSERT_TRUE(read) << findings(read.error());
  const std::string json = given.json;
  EXPECT_EQ(text_of(read->json()), R"({"resourceType":")" + std::string(given.type) + '"' +
                                       (json.empty() ? "" : ",") + json + "}");
  EXPECT_TRUE(parse_resource(text_of(read->json())));
}

INSTANTIATE_TEST_SUITE_P(
    Cases, XmlReads,
    testing::Values(
        Case{"nothing", "Patient", "", ""},
        Case{"id_is_an_element", "Patient", R"(<id value="p1"/>)", R"("id":"p1")"},
        Case{"boolean", "Patient", R"(<active value="true"/>)", R"("active":true)"},
        Case{"whole_number", "ImagingStudy",
             R"(<status value="available"/><subject><display value="x"/></subject>
                <numberOfSeries value="3"/>)",
             R"("status":"available","subject":{"display":"x"},"numberOfSeries":3)"},
        Case{"number_with_plus", "Patient",
             R"(<telecom><value value="1"/><rank value="+2"/></telecom>)",
             R"("telecom":[{"value":"1","rank":2}])"},
        Case{"decimal_keeps_its_text", "Observation",
             R"(<status value="final"/><code><text value="x"/></code>
                <valueQuantity><value value="1.00"/></valueQuantity>)",
             R"("status":"final","code":{"text":"x"},"valueQuantity":{"value":1.00})"},
        Case{"repeating_elements", "Patient",
             R"(<name><family value="A"/><given value="B"/><given value="C"/></name><name>
                <family value="D"/></name>)",
             R"("name":[{"family":"A","given":["B","C"]},{"family":"D"}])"},
        Case{"id_of_an_element", "Patient", R"(<name id="n"><text value="x"/></name>)",
             R"("name":[{"id":"n","text":"x"}])"},
        Case{
            "id_and_extension_of_a_primitive", "Patient",
            R"(<birthDate id="b" value="1970-03-30"><extension url="http://x.org/e">
                <valueString value="Easter"/></extension></birthDate>)",
            R"("birthDate":"1970-03-30","_birthDate":{"id":"b","extension":[{"url":"http://x.org/e",)"
            R"("valueString":"Easter"}]})"},
        Case{"primitive_without_value", "Patient",
             R"(<active><extension url="http://x.org/e"><valueCode value="unknown"/></extension>
                </active>)",
             R"("_active":{"extension":[{"url":"http://x.org/e","valueCode":"unknown"}]})"},
        Case{"list_padded_before", "Patient",
             R"(<name><given value="A"/><given value="B"/><given id="c" value="C"/></name>)",
             R"("name":[{"given":["A","B","C"],"_given":[null,null,{"id":"c"}]}])"},
        Case{"list_padded_behind", "Patient",
             R"(<name><given><extension url="http://x.org/e"><valueCode value="u"/></extension>
                </given><given value="B"/></name>)",
             R"("name":[{"_given":[{"extension":[{"url":"http://x.org/e","valueCode":"u"}]},null],)"
             R"("given":[null,"B"]}])"},
        Case{
            "extension_within_extension", "Patient",
            R"(<extension url="http://x.org/e"><extension url="a"><valueInteger value="1"/>
                </extension></extension>)",
            R"("extension":[{"url":"http://x.org/e","extension":[{"url":"a","valueInteger":1}]}])"},
        Case{"contained", "Patient",
             R"(<contained><Organization><id value="o"/><name value="O"/></Organization></contained>
                <managingOrganization><reference value="#o"/></managingOrganization>)",
             R"("contained":[{"resourceType":"Organization","id":"o","name":"O"}],)"
             R"("managingOrganization":{"reference":"#o"})"},
        Case{
            "bundle", "Bundle",
            R"(<type value="collection"/><entry><resource><Patient><active value="true"/></Patient>
                </resource></entry><entry><resource><Basic><code><text value="x"/></code></Basic>
                </resource></entry>)",
            R"("type":"collection","entry":[{"resource":{"resourceType":"Patient","active":true}},)"
            R"({"resource":{"resourceType":"Basic","code":{"text":"x"}}}])"},
        Case{"content_reference", "Questionnaire",
             R"(<status value="draft"/><item><linkId value="1"/><type value="group"/><item>
                <linkId value="2"/><type value="string"/></item></item>)",
             R"("status":"draft","item":[{"linkId":"1","type":"group","item":[{"linkId":"2",)"
             R"("type":"string"}]}])"},
        Case{"narrative_as_it_is", "Patient",
             "<text><status value=\"generated\"/><div xmlns=\"http://www.w3.org/1999/xhtml\">"
             "<p class='x'>a &lt; b&#160;<br/> <!-- c --></p></div></text>",
             R"("text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">)"
             R"(<p class='x'>a &lt; b&#160;<br/> <!-- c --></p></div>"})"},
        Case{"entities_and_white_space", "Patient",
             "<name><text value='a &amp; &quot;b&quot;&#xA;&#9;c&#x1F600; d\ne'/></name>",
             R"("name":[{"text":"a & \"b\"\n\tc😀 d e"}])"},
        Case{"comments_and_instructions", "Patient",
             R"(<!-- a --><?x y?><active value="true"/><!-- b -->)", R"("active":true)"}),
    name_of_case);

TEST(XmlRead, TakesPrefixesForTheNamespace) {
  const auto read = parse_resource_xml(
      R"(<?xml version="1.0" encoding="utf-8"?><f:Patient xmlns:f="http://hl7.org/fhir" )"
      R"(xmlns="http://www.w3.org/1999/xhtml"><f:text><f:status value="generated"/>)"
      R"(<div><p>x</p></div></f:text></f:Patient>)");
  ASSERT_TRUE(read) << findings(read.error());
  EXPECT_EQ(read->json().find("text")->string("div"),
            R"(<div xmlns="http://www.w3.org/1999/xhtml"><p>x</p></div>)");
}

TEST(XmlRead, SkipsAByteOrderMark) {
  const auto read = parse_resource_xml(
      "\xEF\xBB\xBF" + with_root("Patient",
                                 "<text><status value=\"generated\"/>"
                                 "<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div></text>"));
  ASSERT_TRUE(read) << findings(read.error());
  EXPECT_EQ(read->json().find("text")->string("div"),
            R"(<div xmlns="http://www.w3.org/1999/xhtml">x</div>)");
}

class XmlRefuses : public testing::TestWithParam<Case> {};

TEST_P(XmlRefuses, AndSaysWhatWouldBeRight) {
  const Case& given = GetParam();
  const auto read = parse_resource_xml(with_root(given.type, given.xml));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, ProblemKind::invalid);
  EXPECT_THAT(findings(read.error()), HasSubstr(given.json));
}

INSTANTIATE_TEST_SUITE_P(
    Cases, XmlRefuses,
    testing::Values(
        Case{"order", "Patient", R"(<gender value="male"/><active value="true"/>)",
             "structure Patient.active: line 1, column 60: active is out of order: expected before "
             "gender"},
        Case{
            "order_of_a_list", "Patient",
            R"(<name><given value="A"/><family value="B"/><given value="C"/></name>)",
            "structure Patient.name[0].family: line 1, column 62: family is out of order: expected "
            "before given"},
        Case{"repetition", "Patient", R"(<gender value="male"/><gender value="female"/>)",
             "structure Patient.gender: line 1, column 60: gender is there more than once"},
        Case{"two_types_of_a_choice", "Patient",
             R"(<deceasedBoolean value="true"/><deceasedDateTime value="2020"/>)",
             "structure Patient.deceased: deceasedBoolean and deceasedDateTime exclude each other"},
        Case{
            "unknown_element", "Patient", R"(<brithDate value="1970"/>)",
            "structure Patient.brithDate: line 1, column 38: Patient has no element \"brithDate\": "
            "is \"birthDate\" meant?"},
        Case{"unknown_attribute", "Patient", R"(<name use="official"><text value="x"/></name>)",
             "structure Patient.name[0]: line 1, column 38: unknown attribute \"use\""},
        Case{"attribute_with_a_namespace", "Patient", R"(<active xml:lang="en" value="true"/>)",
             "structure Patient.active: line 1, column 38: unknown attribute \"lang\": FHIR has no "
             "attributes with a namespace"},
        Case{"value_of_a_complex_element", "Patient", R"(<name value="x"/>)",
             "unknown attribute \"value\": HumanName has elements, not a value"},
        Case{"resource_id_as_attribute", "Bundle",
             R"(<type value="collection"/><entry><resource><Patient id="x"/></resource></entry>)",
             "structure Bundle.entry[0].resource: line 1, column 80: unknown attribute \"id\": a "
             "resource's id is an element"},
        Case{"element_id_as_element", "Patient", R"(<name><id value="x"/><text value="y"/></name>)",
             "Patient.name[0].id: line 1, column 44: id is an attribute here: expected id="},
        Case{"url_as_element", "Patient",
             R"(<extension><url value="http://x.org"/><valueCode value="y"/></extension>)",
             "Patient.extension[0].url: line 1, column 49: url is an attribute here"},
        Case{"text", "Patient", R"(<active>true</active>)",
             "structure Patient.active: line 1, column 46: text \"true\" outside a narrative"},
        Case{"text_in_cdata", "Patient", R"(<![CDATA[x]]>)",
             "structure Patient: line 1, column 47: text \"x\" outside a narrative"},
        Case{"no_value", "Patient", R"(<active/>)",
             "structure Patient.active: line 1, column 47: expected the attribute value, or an"},
        Case{"empty_value", "Patient", R"(<language value=""/>)", "value Patient.language: \"\""},
        Case{"empty_element", "Patient", R"(<name/>)",
             "structure Patient.name[0]: an empty object"},
        Case{"child_of_a_primitive", "Patient", R"(<active><value value="true"/></active>)",
             "structure Patient.active.value: line 1, column 46: boolean has no element \"value\""},
        Case{"not_a_boolean", "Patient", R"(<active value="yes"/>)",
             "value Patient.active: line 1, column 59: \"yes\": expected true or false"},
        Case{"not_a_decimal", "Observation",
             R"(<status value="final"/><code><text value="x"/></code><valueQuantity>
             <value value="1,5"/></valueQuantity>)",
             "value Observation.value.value: line 2, column 34: \"1,5\": expected a decimal"},
        Case{"not_a_whole_number", "Patient", R"(<telecom><rank value="007"/></telecom>)",
             "value Patient.telecom[0].rank: line 1, column 66: \"007\": expected a whole number"},
        Case{"fraction_of_a_whole_number", "Patient", R"(<telecom><rank value="1.5"/></telecom>)",
             "value Patient.telecom[0].rank: \"1.5\""},
        Case{"other_namespace", "Patient", R"(<active xmlns="urn:x" value="true"/>)",
             "structure Patient.active: line 1, column 38: the namespace is \"urn:x\": expected "
             "http://hl7.org/fhir"},
        Case{"narrative_without_namespace", "Patient",
             R"(<text><status value="generated"/><div>x</div></text>)",
             "invariant Patient.text.div: the outer <div> needs xmlns="},
        Case{"narrative_with_script", "Patient",
             R"(<text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml"><script>
             </script></div></text>)",
             "invariant Patient.text.div: <script> is not allowed"},
        Case{"unknown_resource", "Bundle",
             R"(<type value="collection"/><entry><resource><Patent/></resource></entry>)",
             "structure Bundle.entry[0].resource: line 1, column 80: \"Patent\" is no resource "
             "type"},
        Case{"no_resource", "Bundle",
             R"(<type value="collection"/><entry><resource></resource></entry>)",
             "structure Bundle.entry[0].resource: line 1, column 80: expected a resource in it"},
        Case{
            "two_resources", "Bundle",
            R"(<type value="collection"/><entry><resource><Patient/><Patient/></resource></entry>)",
            "structure Bundle.entry[0].resource: line 1, column 90: a second resource"},
        Case{"what_json_refuses_too", "Patient", R"(<gender value="man"/>)",
             "code-invalid Patient.gender: \"man\" is not in"},
        Case{"ends_early", "Patient", "<active", "structure : XML, line 1, column 45: not well-"},
        Case{"wrong_end", "Patient", "<name></nam>", "XML, line 1, column 46: mismatched tag"},
        Case{"attribute_twice", "Patient", R"(<active value="true" value="false"/>)",
             "XML, line 1, column 59: duplicate attribute"},
        Case{"html_entity", "Patient", R"(<language value="&nbsp;"/>)",
             "undefined entity: XML has"},
        Case{"control_character", "Patient", "<language value=\"\x01\"/>",
             "XML, line 1, column 55: not well-formed"},
        Case{"number_of_a_control_character", "Patient", R"(<language value="&#1;"/>)",
             "reference to invalid character number"},
        Case{"invalid_utf8", "Patient", "<language value=\"\xC0\xAF\"/>", "XML, line 1, column 55"},
        Case{"unbound_prefix", "Patient", R"(<x:active value="true"/>)", "unbound prefix"}),
    name_of_case);

TEST(XmlRead, ListsAllFindingsAtOnce) {
  const auto read = parse_resource_xml(
      with_root("ImagingStudy", R"(<colour value="blue"/><status value="finished"/>
        <started value="2024-02-30"/><series number="1"><uid value="1.2.3"/></series>)"));
  ASSERT_FALSE(read);
  const std::string all = findings(read.error());
  for (const char* one : {"ImagingStudy.colour", "ImagingStudy.status", "ImagingStudy.started",
                          "ImagingStudy.subject", "ImagingStudy.series[0].modality",
                          "ImagingStudy.series[0]: line 2, column 38: unknown attribute"}) {
    EXPECT_THAT(all, HasSubstr(one));
  }
}

TEST(XmlRead, CountsFindingsBeyondTheLimit) {
  std::string many;
  for (int i = 0; i < 50; ++i) many += "<x/><active value=\"2\"/>";
  const auto read = parse_resource_xml(with_root("Patient", many), {.issues_max = 10});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().issues.size(), 11U);
  EXPECT_EQ(read.error().issues.back().code, "too-costly");
}

struct Hostile {
  const char* name;
  std::string text;
  const char* says;
};

std::string repeated(int times, const std::string& text) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST(XmlRead, RefusesWhatIsNoDocument) {
  const std::string bomb =
      R"(<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><Patient xmlns="http://hl7.org/fhir">)"
      R"(<language value="&b;"/></Patient>)";
  const std::vector<Hostile> all{
      {"empty", "", "no element found"},
      {"json", "{}", "XML, line 1, column 1"},
      {"two roots", "<Patient xmlns='http://hl7.org/fhir'/><Patient/>", "junk after document"},
      {"no resource", "<html xmlns='http://hl7.org/fhir'/>", "\"html\" is no resource type of R4"},
      {"no namespace", "<Patient><active value='true'/></Patient>",
       "the namespace is missing: expected xmlns=\"http://hl7.org/fhir\""},
      {"entities", bomb, "security : XML, line 1, column 13: a DOCTYPE is not allowed"},
      {"external", R"(<!DOCTYPE Patient SYSTEM "file:///etc/passwd"><Patient/>)", "DOCTYPE"},
      {"latin1", "<?xml version='1.0' encoding='ISO-8859-1'?><Patient/>", "expected UTF-8"},
      {"utf16", std::string("\xFF\xFE<\0P\0/\0>\0", 10), "the text is UTF-16: expected UTF-8"},
      {"utf16 without mark", std::string("\0<\0P\0/\0>", 8), "the text is UTF-16"},
      {"nul", std::string("<Patient \0/>", 12), "XML, line 1"},
      {"deep", with_root("Bundle", repeated(100'000, "<entry>")), "json_depth_max"},
      {"deep extensions", with_root("Patient", repeated(40, "<extension url='a'>")),
       "json_depth_max"},
      {"deep and unknown", with_root("Patient", repeated(100'000, "<a>")), "json_depth_max"},
      {"many values", with_root("Patient", repeated(10'000, "<name/>")), "json_nodes_max"},
  };
  for (const Hostile& given : all) {
    const auto read = parse_resource_xml(given.text, {.json_nodes_max = 5'000});
    ASSERT_FALSE(read) << given.name;
    EXPECT_THAT(findings(read.error()), HasSubstr(given.says)) << given.name;
  }
}

// A start tag is in memory as a whole before anything is known of it.
TEST(XmlRead, BoundsTheMemoryOfAStartTag) {
  std::string tag = "<Patient xmlns='http://hl7.org/fhir'";
  for (int i = 0; i < 300'000; ++i) tag += " a" + std::to_string(i) + "=''";
  const auto read = parse_resource_xml(tag + "/>");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().issues.front().code, "too-costly");
}

TEST(XmlRead, TakesALargeValue) {
  const std::string data(8 * 1024 * 1024, 'A');
  const auto read = parse_resource_xml(
      with_root("Binary", "<contentType value=\"text/plain\"/><data value=\"" + data + "\"/>"));
  ASSERT_TRUE(read) << findings(read.error());
  EXPECT_EQ(read->json().string("data").size(), data.size());
}

}  // namespace
}  // namespace lightbox::fhir
