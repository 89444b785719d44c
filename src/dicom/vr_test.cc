#include "dicom/vr.h"

#include <gtest/gtest.h>

namespace lightbox::dicom {
namespace {

TEST(VrTest, HasItsNameAndNoOther) {
  for (int i = 0; i <= static_cast<int>(Vr::UV); ++i) {
    const Vr vr = static_cast<Vr>(i);
    EXPECT_EQ(vr_of(name_of(vr)), vr);
  }
  for (const std::string_view name : {"", "A", "AEX", "ae", "ZZ", "  ", "@A", "A["}) {
    EXPECT_FALSE(vr_of(name)) << name;
  }
}

// PS3.5 table 6.2-1 and 7.1.2.
TEST(VrTest, SaysWhatItsValuesAre) {
  EXPECT_TRUE(is_text(Vr::UI) && !has_character_set(Vr::UI) && is_multi_valued_text(Vr::UI));
  EXPECT_TRUE(is_text(Vr::PN) && has_character_set(Vr::PN) && is_multi_valued_text(Vr::PN));
  EXPECT_TRUE(is_text(Vr::UT) && has_character_set(Vr::UT) && !is_multi_valued_text(Vr::UT));
  EXPECT_TRUE(is_text(Vr::UR) && !has_character_set(Vr::UR) && !is_multi_valued_text(Vr::UR));
  EXPECT_FALSE(is_text(Vr::SQ) || is_text(Vr::UN) || is_text(Vr::AT) || is_text(Vr::OB));
  EXPECT_EQ(unit_bytes(Vr::AT), 2U);
  EXPECT_EQ(unit_bytes(Vr::OW), 2U);
  EXPECT_EQ(unit_bytes(Vr::FL), 4U);
  EXPECT_EQ(unit_bytes(Vr::OV), 8U);
  EXPECT_EQ(unit_bytes(Vr::UN), 1U);
  for (const Vr vr : {Vr::OB, Vr::OD, Vr::OF, Vr::OL, Vr::OV, Vr::OW, Vr::SQ, Vr::SV, Vr::UC,
                      Vr::UN, Vr::UR, Vr::UT, Vr::UV}) {
    EXPECT_TRUE(has_long_length(vr)) << name_of(vr);
  }
  EXPECT_FALSE(has_long_length(Vr::AT) || has_long_length(Vr::LT) || has_long_length(Vr::FD));
}

}  // namespace
}  // namespace lightbox::dicom
