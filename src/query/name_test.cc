#include "query/name.h"

#include <gmock/gmock.h>

namespace lightbox::query {
namespace {

using ::testing::ElementsAre;

TEST(NameTest, FoldsCaseAccentsAndWhatMeansNothing) {
  EXPECT_EQ(folded_name("MÜLLER^Jörg^^^"), "muller^jorg");
  EXPECT_EQ(folded_name(" Doe ^ Jane"), "doe^jane");
  EXPECT_EQ(folded_name("Yamada^Tarou=山田^太郎=="), "yamada^tarou=山田^太郎");
  EXPECT_EQ(folded_name("A^B\\C^D^"), "a^b\\c^d");
  EXPECT_EQ(folded_name("Stra\xC3\x9F"
                        "e"),
            "strasse");
  EXPECT_EQ(folded_name(""), "");
}

struct NameCase {
  const char* name;
  const char* key;
  const char* value;
  bool matches;
};
class NameMatchTest : public ::testing::TestWithParam<NameCase> {};
TEST_P(NameMatchTest, Matches) {
  EXPECT_EQ(matches_name(folded_name(GetParam().key), folded_name(GetParam().value)),
            GetParam().matches);
}
INSTANTIATE_TEST_SUITE_P(
    Names, NameMatchTest,
    ::testing::Values(
        NameCase{"the same in other letters", "doe^jane", "DOE^Jane", true},
        NameCase{"without empty components", "Doe^Jane^^", "Doe^Jane", true},
        NameCase{"the whole, not its begin", "Doe", "Doe^Jane", false},
        NameCase{"a wildcard at the end", "Doe*", "Doe^Jane", true},
        NameCase{"a wildcard on both sides", "*an*", "Doe^Jane", true},
        NameCase{"one character", "D?e^Jane", "Doe^Jane", true},
        NameCase{"one character of several bytes", "?田^太郎", "A=山田^太郎", true},
        NameCase{"one key group finds any", "山田^太郎", "Yamada^Tarou=山田^太郎=やまだ", true},
        NameCase{"groups each by itself", "Yamada*=山*", "Yamada^Tarou=山田^太郎", true},
        NameCase{"groups each by itself, not", "Yamada*=太*", "Yamada^Tarou=山田^太郎", false},
        NameCase{"an empty key group finds all", "=山田*", "Yamada^Tarou=山田^太郎", true},
        NameCase{"a group that is not there", "Yamada*=山*", "Yamada^Tarou", false},
        NameCase{"one of several values", "C*", "A^B\\C^D", true},
        NameCase{"nothing", "x", "", false}),
    [](const auto& each) {
      std::string name = each.param.name;
      std::erase_if(name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; });
      return name;
    });

TEST(NameTest, SplitsNamesIntoWords) {
  EXPECT_THAT(words_of_name("o'brien-smith^jean luc=x"),
              ElementsAre("brien", "jean", "luc", "o", "smith", "x"));
  EXPECT_THAT(words_of_name("ann^ann"), ElementsAre("ann"));
}

TEST(NameTest, WordsThatSoundAlikeHaveOneSound) {
  constexpr std::pair<const char*, const char*> alike[] = {
      {"meyer", "maier"},    {"smith", "schmidt"},  {"catherine", "katherine"}, {"philip", "filip"},
      {"jon", "john"},       {"muller", "mueller"}, {"stephen", "steven"},      {"erik", "eric"},
      {"schwarz", "swartz"}, {"thomas", "tomas"},   {"becker", "bekker"},       {"zoe", "soe"}};
  for (const auto& [left, right] : alike) EXPECT_EQ(sound_of(left), sound_of(right)) << left;
  constexpr std::pair<const char*, const char*> others[] = {
      {"smith", "jones"}, {"anna", "emma"}, {"miller", "meyer"}, {"weber", "wagner"}};
  for (const auto& [left, right] : others) EXPECT_NE(sound_of(left), sound_of(right)) << left;
  EXPECT_EQ(sound_of("山田"), "");
  EXPECT_EQ(sound_of("x"), "");
}

TEST(NameTest, MatchesFuzzilyInAnyOrder) {
  const std::string name = folded_name("Schmidt^Katherine^Anne=山田");
  const auto matches = [&](const char* key) {
    return matches_fuzzily(words_of_name(folded_name(key)), name);
  };
  EXPECT_TRUE(matches("smith"));
  EXPECT_TRUE(matches("catherine smith"));
  EXPECT_TRUE(matches("Ann^Schm"));
  EXPECT_TRUE(matches("山"));
  EXPECT_TRUE(matches(""));
  EXPECT_FALSE(matches("smith jones"));
  EXPECT_FALSE(matches("田"));
}

TEST(NameTest, PatternsStandForCharacters) {
  EXPECT_TRUE(matches_pattern("*", ""));
  EXPECT_TRUE(matches_pattern("a*b*c", "aXXbYYbc"));
  EXPECT_FALSE(matches_pattern("a*b*c", "aXXbYYbcd"));
  EXPECT_TRUE(matches_pattern("?", "ü"));
  EXPECT_FALSE(matches_pattern("?", ""));
  EXPECT_FALSE(matches_pattern("??", "ü"));
  EXPECT_TRUE(matches_pattern("**a**", "a"));
  // What would take an exponential time with a matcher that tries all.
  EXPECT_FALSE(matches_pattern("*a*a*a*a*a*a*a*a*a*a*b", std::string(10'000, 'a')));
}

}  // namespace
}  // namespace lightbox::query
