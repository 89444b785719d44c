// Which words a resource has.

#include "fhir/full_text.h"

#include <gtest/gtest.h>

namespace lightbox::fhir {
namespace {

std::string narrative(std::string_view div) {
  std::string json = R"({"text":{"status":"generated","div":)";
  write_json_string(div, json);
  const auto document = parse_json(json + "}}");
  return narrative_text(*document->root());
}

TEST(NarrativeText, IsWithoutMarkup) {
  EXPECT_EQ(narrative("<div><p>a <b>b</b></p><br/>c</div>"), "  a  b   c ");
  EXPECT_EQ(narrative("<div title=\"x\">a&amp;b&lt;&#233;&#xe9;&nbsp;c&#0;</div>"), " a&b éé c  ");
  EXPECT_EQ(narrative("a<div"), "a ");
  EXPECT_EQ(narrative("a&amp"), "a ");
  EXPECT_EQ(narrative(""), "");
}

TEST(NarrativeText, IsBounded) {
  EXPECT_EQ(narrative(std::string(3'000'000, 'a')).size(), 0U + full_text_bytes_max);
}

TEST(ContentText, IsOfStringsThatPeopleRead) {
  const auto document = parse_json(R"({"resourceType":"Basic","id":"x","meta":{"source":"s"},
      "text":{"div":"<div>narrative</div>"},"code":{"text":"a","coding":[{"code":"b"}]},
      "identifier":[{"value":"urn:oid:1.2.3"},{"value":"1.2.3"},{"value":"12"}],"n":1,"t":true,
      "photo":{"data":"QUJD"},"contained":[{"text":{"div":"<div>within</div>"}}]})");
  EXPECT_EQ(content_text(*document->root()), "a b 12  within ");
}

}  // namespace
}  // namespace lightbox::fhir
