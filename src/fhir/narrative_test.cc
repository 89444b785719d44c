#include "fhir/narrative.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "fhir/narrative_entities.h"

namespace lightbox::fhir {
namespace {

std::string div(std::string_view inner) {
  return "<div xmlns=\"http://www.w3.org/1999/xhtml\">" + std::string(inner) + "</div>";
}

TEST(Narrative, AcceptsTheSafeSubset) {
  const std::vector<std::string> cases{
      "text",
      "<p>a</p><br/><hr />",
      "<table class='grid' border=\"1\"><tr><td colspan=\"2\">x</td></tr></table>",
      "<a href=\"http://a.b/c?d=1&amp;e=2\">x</a><a name=\"n\"/>",
      "<img src=\"#logo\" alt=\"\"/>",
      "<img src='data:image/png;base64,AAAA'/>",
      "&lt;script&gt; &nbsp; &copy; &#169; &#xA9; &apos;",
      "<!-- a comment --><b>x</b>",
      "<![CDATA[ a < b && c ]]>",
      "<!----><!-- -> --><b>x</b>",
      "<span style=\"color: red; font-weight: bold\" title='\"'>x</span>",
      "<p xml:lang=\"de\" lang=\"de\">\xC3\xA4</p>",
      "<ul><li>a</li><li>b <i>c</i></li></ul>",
  };
  for (const std::string& each : cases) EXPECT_EQ(check_narrative(div(each)), "") << each;
  EXPECT_EQ(check_narrative(div("x") + "\n"), "");
  EXPECT_EQ(check_narrative("<div class=\"a\" xmlns='http://www.w3.org/1999/xhtml'>x</div>"), "");
}

struct Refused {
  std::string inner;
  std::string says;
};

TEST(Narrative, RefusesTheRest) {
  const std::vector<Refused> cases{
      {"", "some text"},
      {" <p> </p> ", "some text"},
      {"<script>x</script>", "<script> is not allowed"},
      {"<SCRIPT>x</SCRIPT>", "<SCRIPT> is not allowed"},
      {"<form>x</form>", "<form> is not allowed"},
      {"<iframe src=\"x\"/>", "<iframe> is not allowed"},
      {"<object/>x", "<object> is not allowed"},
      {"<svg/>x", "<svg> is not allowed"},
      {"<style>x</style>", "<style> is not allowed"},
      {"<link/>x", "<link> is not allowed"},
      {"<p onclick=\"x()\">x</p>", "onclick of <p> is not allowed"},
      {"<p ONCLICK='x'>x</p>", "ONCLICK of <p> is not allowed"},
      {"<img src='x' onerror='y'/>", "onerror of <img> is not allowed"},
      {"<p style=\"background: url(http://a.b)\">x</p>", "\"url(\" is not allowed"},
      {"<p style=\"background: U R&#76;(x)\">x</p>", "\"url(\" is not allowed"},
      {"<p style=\"width: expression(alert(1))\">x</p>", "\"expression(\""},
      {"<a href=\"javascript:alert(1)\">x</a>", "javascript: address"},
      {"<a href=\" &#106;ava&#x73;cript&#58;alert(1)\">x</a>", "javascript: address"},
      {"<a href=\"java&#10;script&colon;alert(1)\">x</a>", "is no entity"},
      {"<a href=\"java&#10;script:alert(1)\">x</a>", "javascript: address"},
      {"<a href=\"data:text/html,x\">x</a>", "data: address"},
      {"<p>x", "</div> where </p> is expected"},
      {"<b><i>x</b></i>", "</b> where </i>"},
      {"x</div><p>y</p>", "expected nothing after"},
      {"x</div>y", "expected nothing after"},
      {"<p a=b>x</p>", "needs quotes"},
      {"<p class>x</p>", "has no value"},
      {"<p class='a' class='b'>x</p>", "class twice"},
      {"<p class='a'id='b'>x</p>", "malformed attributes"},
      {"<p class='<'>x</p>", "&lt;"},
      {"a < b", "&lt;"},
      {"a & b", "no entity"},
      {"a &unknown; b", "no entity"},
      {"a &amp b", "no entity"},
      {"&#0;", "no entity"},
      {"&#xD800;", "no entity"},
      {"&#x110000;", "no entity"},
      {"&#;", "no entity"},
      {"<!-- a -- b -->x", "a comment"},
      {"<!-- a ", "a comment"},
      {"<!--><script>x()</script>-->x", "must not start with > or ->"},
      {"<!---><script>x()</script>-->x", "must not start with > or ->"},
      {"<![CDATA[><script>x()</script>]]>", "in a CDATA section"},
      {"<![CDATA[ x", "CDATA"},
      {"a ]]> b", "]]>"},
      {"<!DOCTYPE html>x", "DOCTYPE"},
      {"<?xml version='1.0'?>x", "processing instructions"},
      {"<p", "malformed attributes"},
      {"<p xmlns=\"http://other\">x</p>", "xmlns must be"},
      {"<x:p>x</x:p>", "<x:p> is not allowed"},
  };
  for (const Refused& each : cases) {
    EXPECT_THAT(check_narrative(div(each.inner)), testing::HasSubstr(each.says)) << each.inner;
  }
}

TEST(Narrative, NeedsADivOfXhtml) {
  EXPECT_THAT(check_narrative("text"), testing::HasSubstr("expected the text to start with <div"));
  EXPECT_THAT(check_narrative("<p>x</p>"), testing::HasSubstr("start with <div"));
  EXPECT_THAT(check_narrative("<divider/>"), testing::HasSubstr("start with <div"));
  EXPECT_THAT(check_narrative("<div>x</div>"), testing::HasSubstr("needs xmlns="));
  EXPECT_THAT(check_narrative("<div xmlns=\"http://www.w3.org/1999/xhtml\">x"),
              testing::HasSubstr("<div> is not closed"));
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<b>";
  EXPECT_THAT(check_narrative(div(deep)), testing::HasSubstr("levels deep"));
}

TEST(Narrative, KnowsEntitiesOfBothCases) {
  for (const std::string_view name :
       {"Aacute", "aacute", "AElig", "apos", "zwnj", "amp", "frac12"}) {
    EXPECT_NE(html_entity(name), 0U) << name;
  }
  EXPECT_EQ(html_entity("nbsp"), 160U);
  for (const std::string_view name : {"", "AMP", "nbsp;", "unknown"}) {
    EXPECT_EQ(html_entity(name), 0U) << name;
  }
}

}  // namespace
}  // namespace lightbox::fhir
