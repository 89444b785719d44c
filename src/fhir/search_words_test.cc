// What words ask for, and what is said of what is none.

#include "fhir/search_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lightbox::fhir {
namespace {

std::string query(std::string_view text) {
  const auto words = parse_words(text);
  return words ? *words : words.error();
}

TEST(SearchWords, BecomeAQuery) {
  EXPECT_EQ(query("liver"), R"((("liver")))");
  EXPECT_EQ(query(" liver  bone "), R"((("liver" AND "bone")))");
  EXPECT_EQ(query("liver AND bone or x*"), R"((("liver" AND "bone") OR ("x"*)))");
  EXPECT_EQ(query(R"("liver bone"x)"), R"((("liver bone" AND "x")))");
  EXPECT_EQ(query("(a OR b) c"), R"((((("a") OR ("b")) AND "c")))");
  // What means something to FTS5 elsewhere is a word here.
  EXPECT_EQ(query("a:b NEAR content^"), R"((("a:b" AND "NEAR" AND "content^")))");
}

TEST(SearchWords, AreRefusedWithTheReason) {
  using testing::HasSubstr;
  EXPECT_THAT(query(R"("a)"), HasSubstr("a \" is missing. Write words"));
  EXPECT_THAT(query("(a"), HasSubstr("a ) is missing"));
  EXPECT_THAT(query("a)"), HasSubstr("a ) is too many"));
  EXPECT_THAT(query("a or"), HasSubstr("a word is missing at the end"));
  EXPECT_THAT(query("or a"), HasSubstr("a word is missing"));
  EXPECT_THAT(query("()"), HasSubstr("a word is missing"));
  EXPECT_THAT(query("a not b"), HasSubstr("'not' is not supported"));
  EXPECT_THAT(query("a*b"), HasSubstr("at the end of a word"));
  EXPECT_THAT(query("-"), HasSubstr("'-' is no word"));
  EXPECT_THAT(query("*"), HasSubstr("'' is no word"));
  EXPECT_THAT(query(R"("")"), HasSubstr("'' is no word"));
  EXPECT_THAT(query(std::string(100'000, '(')), HasSubstr("too many parentheses"));
  std::string many;
  for (int i = 0; i < 101; ++i) many += "a ";
  EXPECT_THAT(query(many), HasSubstr("more than 100 words"));
  // However long they are, the message is not.
  EXPECT_LT(query(std::string(1'000'000, '-')).size(), 300U);
  EXPECT_THAT(query("a not " + std::string(50, 'x') + "ééééé"), HasSubstr("xéé…'"));
}

}  // namespace
}  // namespace lightbox::fhir
