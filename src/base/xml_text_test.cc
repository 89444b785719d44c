#include "base/xml_text.h"

#include <gtest/gtest.h>

namespace lightbox {
namespace {

TEST(XmlText, WritesWhatReadsAsTheText) {
  struct Case {
    std::string_view text;
    std::string_view xml;
  };
  constexpr Case cases[] = {
      {"", ""},
      {"Müller & Söhne", "Müller &amp; Söhne"},
      {R"(<a href="x">)", "&lt;a href=&quot;x&quot;&gt;"},
      {"a\tb\r\nc", "a&#9;b&#13;&#10;c"},
      {std::string_view("a\0b\x1F", 4),
       "a\xEF\xBF\xBD"
       "b\xEF\xBF\xBD"},
      {"\xEF\xBF\xBE\xEF\xBF\xBF\xEF\xBF\xBD", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"\xEF\xBC\xA1", "\xEF\xBC\xA1"},
      {"\xEF", "\xEF"},
  };
  for (const auto& [text, xml] : cases) {
    std::string out = "<";
    append_xml_text(text, out);
    EXPECT_EQ(out, "<" + std::string(xml)) << text;
  }
}

TEST(XmlText, SaysWhatIsForbidden) {
  EXPECT_EQ(xml_forbidden_length("a\x01", 0), 0);
  EXPECT_EQ(xml_forbidden_length("a\x01", 1), 1);
  EXPECT_EQ(xml_forbidden_length("\n", 0), 0);
  EXPECT_EQ(xml_forbidden_length("\xEF\xBF\xBF", 0), 3);
}

}  // namespace
}  // namespace lightbox
