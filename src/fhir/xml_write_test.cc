#include "fhir/xml_write.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include "fhir/resource.h"

namespace lightbox::fhir {
namespace {

constexpr std::string_view declaration = R"(<?xml version="1.0" encoding="UTF-8"?>)";

struct Case {
  const char* name;
  const char* json;  // after the resourceType Patient
  const char* xml;   // within the root
};

std::string name_of_case(const testing::TestParamInfo<Case>& info) { return info.param.name; }

class XmlWrites : public testing::TestWithParam<Case> {};

TEST_P(XmlWrites, WhatTheJsonHas) {
  const auto json =
      parse_json(R"({"resourceType":"Patient",)" + std::string(GetParam().json) + "}");
  ASSERT_TRUE(json);
  const auto xml = write_xml(*json->root());
  ASSERT_TRUE(xml) << xml.error().issues.front().diagnostics;
  EXPECT_EQ(*xml, std::string(declaration) + R"(<Patient xmlns="http://hl7.org/fhir">)" +
                      GetParam().xml + "</Patient>");
}

INSTANTIATE_TEST_SUITE_P(
    Cases, XmlWrites,
    testing::Values(
        Case{"order_of_the_definitions",
             R"("birthDate":"1970","active":true,"name":[{"given":["A"],"family":"B"}],"id":"p")",
             R"(<id value="p"/><active value="true"/><name><family value="B"/><given value="A"/>)"
             R"(</name><birthDate value="1970"/>)"},
        Case{"choice", R"("multipleBirthInteger":2)", R"(<multipleBirthInteger value="2"/>)"},
        Case{"decimal_keeps_its_text", R"("extension":[{"url":"u","valueDecimal":1.00}])",
             R"(<extension url="u"><valueDecimal value="1.00"/></extension>)"},
        Case{
            "id_and_extension_of_a_primitive",
            R"("_birthDate":{"extension":[{"url":"u","valueCode":"c"}],"id":"b"},"birthDate":"1970")",
            R"(<birthDate id="b" value="1970"><extension url="u"><valueCode value="c"/></extension>)"
            R"(</birthDate>)"},
        Case{"padded_lists", R"("name":[{"given":["A",null],"_given":[null,{"id":"g"}]}])",
             R"(<name><given value="A"/><given id="g"/></name>)"},
        Case{"ids_are_attributes", R"("name":[{"text":"x","id":"n"}])",
             R"(<name id="n"><text value="x"/></name>)"},
        Case{"contained", R"("contained":[{"resourceType":"Basic","id":"b"}])",
             R"(<contained><Basic><id value="b"/></Basic></contained>)"},
        Case{
            "escapes", R"("name":[{"text":"<a> & \"b\"\n\t\r 'c' é 😀"}])",
            R"(<name><text value="&lt;a&gt; &amp; &quot;b&quot;&#10;&#9;&#13; 'c' é 😀"/></name>)"},
        Case{"what_xml_cannot_say", R"("name":[{"text":"a\u0001b\uFFFEc\uFFFDd\uF900"}])",
             "<name><text value=\"a\xEF\xBF\xBD"
             "b\xEF\xBF\xBD"
             "c\xEF\xBF\xBD"
             "d\xEF\xA4\x80\"/></name>"},
        Case{
            "narrative",
            R"("text":{"div":" <div xmlns=\"http://www.w3.org/1999/xhtml\">a&nbsp;&lt;&#160;&copy;)"
            R"(<!--&nbsp;--><![CDATA[&nbsp;]]><br/></div>","status":"generated"})",
            R"(<text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml">a&#160;)"
            R"(&lt;&#160;&#169;<!--&nbsp;--><![CDATA[&nbsp;]]><br/></div></text>)"}),
    name_of_case);

TEST(XmlWrite, IndentsByTwo) {
  const auto json =
      parse_json(R"({"resourceType":"Bundle","type":"collection","entry":[{"resource":)"
                 R"({"resourceType":"Patient","active":true}}]})");
  ASSERT_TRUE(json);
  EXPECT_EQ(*write_xml(*json->root(), XmlStyle::pretty),
            R"(<?xml version="1.0" encoding="UTF-8"?>
<Bundle xmlns="http://hl7.org/fhir">
  <type value="collection"/>
  <entry>
    <resource>
      <Patient>
        <active value="true"/>
      </Patient>
    </resource>
  </entry>
</Bundle>
)");
}

TEST(XmlWrite, FailsOnWhatIsNoResource) {
  for (const char* text :
       {"[]", R"({"resourceType":"Patent"})", R"({"resourceType":"Patient","colour":1})",
        R"({"resourceType":"Patient","name":{"text":"x"}})",
        R"({"resourceType":"Patient","name":["x"]})",
        R"({"resourceType":"Patient","active":{"x":1}})",
        R"({"resourceType":"Patient","text":{"div":{}}})"}) {
    const auto json = parse_json(text);
    ASSERT_TRUE(json) << text;
    EXPECT_FALSE(write_xml(*json->root())) << text;
  }
}

}  // namespace
}  // namespace lightbox::fhir
