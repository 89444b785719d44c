#include <gtest/gtest.h>
#include <string>

#include "fhir/index.h"

namespace lightbox::fhir {
namespace {

struct Case {
  std::string_view name;
  std::string_view text;
  std::string_view normalised;
};

class Normalise : public testing::TestWithParam<Case> {};

TEST_P(Normalise, MakesTextComparable) {
  EXPECT_EQ(normalise(GetParam().text), GetParam().normalised);
  EXPECT_EQ(normalise(GetParam().normalised), GetParam().normalised) << "not stable";
}

INSTANTIATE_TEST_SUITE_P(
    Table, Normalise,
    testing::Values(Case{"Empty", "", ""}, Case{"LowerCase", "CT Chest", "ct chest"},
                    Case{"Spaces", "  CT \t\n Chest  ", "ct chest"}, Case{"OnlySpaces", " \t ", ""},
                    Case{"Digits", "4711-X", "4711-x"}, Case{"Umlaut", "MÜLLER", "muller"},
                    Case{"CombiningMark", "Mu\xCC\x88ller", "muller"},
                    Case{"SharpS", "Straße", "strasse"},
                    Case{"Accents", "Éloïse Ñandú", "eloise nandu"}, Case{"Greek", "ΌΣΟΣ", "οσοσ"},
                    Case{"Cyrillic", "Йод", "иод"}, Case{"DottedI", "İstanbul", "istanbul"},
                    Case{"Ligature", "ﬁbula", "fibula"},
                    Case{"NoBreakSpace", "CT\xC2\xA0 Chest\xE3\x80\x80", "ct chest"},
                    Case{"Han", "山田", "山田"}, Case{"Beyond16Bits", "𝒳 😀", "𝒳 😀"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(NormaliseText, IsTheSameForComposedAndDecomposed) {
  EXPECT_EQ(normalise("한국"), normalise("\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB"
                                         "\xE1\x84\x80\xE1\x85\xAE\xE1\x86\xA8"));
}

TEST(NormaliseText, SurvivesWhatIsNotUtf8) {
  EXPECT_FALSE(normalise("abc\xFF\xFE").empty());
  EXPECT_FALSE(normalise("\xC3").empty());
}

TEST(StripUid, TakesThePrefixOffUidsOnly) {
  EXPECT_EQ(strip_uid("urn:oid:1.2.840.10008"), "1.2.840.10008");
  EXPECT_EQ(strip_uid("1.2.840.10008"), "1.2.840.10008");
  for (const std::string_view text :
       {"urn:oid:", "urn:oid:1..2", "urn:oid:1.2.", "urn:oid:.1", "urn:oid:1.2a", "urn:uuid:1.2",
        "URN:OID:1.2", "", "urn:oid"}) {
    EXPECT_EQ(strip_uid(text), text);
  }
}

}  // namespace
}  // namespace lightbox::fhir
