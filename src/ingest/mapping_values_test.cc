#include "ingest/mapping_values.h"

#include <gtest/gtest.h>

#include "dicom/json.h"
#include "ingest/mapping_attribute.h"
#include "ingest/mapping_tags.h"
#include "ingest/mapping_test_support.h"

namespace lightbox::ingest {
namespace {

dicom::ParsedJson parsed(std::string_view attributes) {
  auto json = dicom::ParsedJson::parse(attributes_of(attributes), {});
  EXPECT_TRUE(json) << attributes;
  return std::move(*json);
}

TEST(MappingValuesTest, Text) {
  EXPECT_EQ(clean_text(std::string_view(" A \0", 4)).text, "A");
  EXPECT_EQ(clean_text("A\r\nB\tC").text, "A\r\nB\tC");
  EXPECT_EQ(clean_text("A\r\nB\tC").fault, "");
  EXPECT_EQ(clean_text("A\x07").text, "A");
  EXPECT_NE(clean_text("A\x07").fault, "");
  EXPECT_EQ(clean_text("A\xff\xfe").text, "A\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_NE(clean_text("A\xff").fault, "");
  EXPECT_EQ(clean_text("\x01\x02 \r\n").text, "");
  EXPECT_EQ(clean_text(std::string(1024 * 1024 + 1, 'A')).text, "");
  EXPECT_EQ(clean_text(std::string(1024 * 1024, 'A')).fault, "");
}

TEST(MappingValuesTest, Names) {
  EXPECT_EQ(readable_name("Adams^John^Q^Rev.^B.A."), "Rev. John Q Adams B.A.");
  EXPECT_EQ(readable_name("=山田^太郎=やまだ^たろう"), "太郎 山田");
  EXPECT_EQ(readable_name("A^B^C^D^E^F=G=H=I"), "D B C A E");
  EXPECT_EQ(readable_name(" ^ ^ "), "");
  EXPECT_EQ(readable_name(""), "");
  EXPECT_TRUE(human_names("^^=^=").empty());
}

TEST(MappingValuesTest, TitlesOfInstances) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"ImageType=ORIGINAL\\PRIMARY\\AXIAL", "AXIAL"},
      {"ImageType=ORIGINAL\\PRIMARY\\\\M\\ND", "M\\ND"},
      {"ImageType=ORIGINAL\\PRIMARY", ""},
      {"ImageType=DERIVED\\PRIMARY\\X; ContentLabel=LIVER", "LIVER"},
      {"ConceptNameCodeSequence=(CodeValue=1; CodeMeaning=Imaging Report)", "Imaging Report"},
      {"ConceptNameCodeSequence=(CodeMeaning=Report); DocumentTitle=Letter", "Letter"},
      {"PatientID=1", ""},
  };
  for (const auto& [attributes, title] : cases)
    EXPECT_EQ(title_of(parsed(attributes).data_set()), title) << attributes;
}

TEST(MappingValuesTest, NumbersOfSeriesAndInstances) {
  const std::pair<std::string_view, std::optional<std::int64_t>> cases[] = {
      {"InstanceNumber=0", 0},  {"InstanceNumber=17", 17},         {"InstanceNumber=-1", {}},
      {"InstanceNumber=x", {}}, {"InstanceNumber=3000000000", {}}, {"PatientID=1", {}},
  };
  for (const auto& [attributes, number] : cases) {
    EXPECT_EQ(number_of(parsed(attributes).data_set(), tags::InstanceNumber), number) << attributes;
  }
}

TEST(MappingValuesTest, Attributes) {
  EXPECT_EQ(name_of_attribute(tags::BodyPartExamined), "(0018,0015) BodyPartExamined");
  EXPECT_EQ(name_of_attribute(0x00091001), "(0009,1001)");
  const auto data =
      parsed("ImageType=A\\B; ProcedureCodeSequence=(CodeValue=1; CodeMeaning=M)(CodeValue=2)");
  EXPECT_EQ(value_text(data.data_set(), tags::ImageType), "A\\B");
  EXPECT_EQ(value_text(data.data_set(), tags::ProcedureCodeSequence), "(1, M), (2)");
  EXPECT_EQ(value_text(data.data_set(), tags::PatientID), "");
  const auto other =
      parsed("ImageType=A\\B; ProcedureCodeSequence=(CodeValue=1; CodeMeaning=M)(CodeValue=3)");
  EXPECT_TRUE(same_value(data.data_set(), other.data_set(), tags::ImageType));
  EXPECT_FALSE(same_value(data.data_set(), other.data_set(), tags::ProcedureCodeSequence));
  const auto large = parsed("StudyDescription=" + std::string(5'000, 'A'));
  EXPECT_LT(value_text(large.data_set(), tags::StudyDescription).size(), 1'000U);
}

TEST(MappingValuesTest, UidsAndReferences) {
  EXPECT_EQ(uid_identifier("1.2.3"), R"({"system":"urn:dicom:uid","value":"urn:oid:1.2.3"})");
  EXPECT_EQ(uid_identifier(""), "");
  EXPECT_EQ(identifier("", "no uri", "1"), R"({"value":"1"})");
  EXPECT_EQ(identifier("ACSN", "", ""), "");
  EXPECT_EQ(logical_reference("Device", "", ""), "");
}

}  // namespace
}  // namespace lightbox::ingest
