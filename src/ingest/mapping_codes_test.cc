#include "ingest/mapping_codes.h"

#include <gtest/gtest.h>

namespace lightbox::ingest {
namespace {

TEST(MappingCodesTest, Modalities) {
  ASSERT_TRUE(find_modality("CT"));
  EXPECT_EQ(find_modality("CT")->display, "Computed Tomography");
  EXPECT_TRUE(find_modality("CT")->is_acquisition);
  EXPECT_TRUE(find_modality("ECG")->is_acquisition);
  for (const std::string_view other : {"SR", "PR", "KO", "SEG", "RTSTRUCT", "DOC", "OT"}) {
    ASSERT_TRUE(find_modality(other)) << other;
    EXPECT_FALSE(find_modality(other)->is_acquisition) << other;
    EXPECT_FALSE(find_modality(other)->display.empty()) << other;
  }
  EXPECT_FALSE(find_modality("ct"));
  EXPECT_FALSE(find_modality(""));
}

TEST(MappingCodesTest, BodyParts) {
  for (const std::string_view spelling : {"CSPINE", "cspine", "C SPINE", "C-Spine", "C_SPINE"}) {
    ASSERT_TRUE(find_body_part(spelling)) << spelling;
    EXPECT_EQ(find_body_part(spelling)->code, "122494005") << spelling;
    EXPECT_EQ(find_body_part(spelling)->display, "Cervical spine") << spelling;
  }
  ASSERT_TRUE(find_body_part("FETALHEART"));
  EXPECT_EQ(find_body_part("FETALHEART")->code, "");
  EXPECT_FALSE(find_body_part("WHOLE HAND AND FOOT"));
  EXPECT_FALSE(find_body_part(""));
}

TEST(MappingCodesTest, Lateralities) {
  EXPECT_EQ(find_laterality("L")->code, "7771000");
  EXPECT_EQ(find_laterality("R")->code, "24028007");
  EXPECT_EQ(find_laterality("B")->code, "51440002");
  EXPECT_EQ(find_laterality("U")->code, "66459002");
  EXPECT_FALSE(find_laterality("LEFT"));
}

TEST(MappingCodesTest, Rejections) {
  EXPECT_EQ(find_rejection("113001"), "cancelled");
  EXPECT_EQ(find_rejection("113037"), "entered-in-error");
  EXPECT_EQ(find_rejection("113038"), "entered-in-error");
  EXPECT_EQ(find_rejection("113039"), "cancelled");
  EXPECT_FALSE(find_rejection("113000"));
}

TEST(MappingCodesTest, Schemes) {
  EXPECT_EQ(scheme_uri("SCT"), snomed_system);
  EXPECT_EQ(scheme_uri("SRT"), snomed_system);
  EXPECT_EQ(scheme_uri("LN"), "http://loinc.org");
  EXPECT_EQ(scheme_uri("DCM"), dcm_system);
  EXPECT_EQ(scheme_uri("RADLEX"), "http://radlex.org");
  EXPECT_EQ(scheme_uri("99LOCAL"), "");
}

}  // namespace
}  // namespace lightbox::ingest
