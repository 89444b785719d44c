#include "dicom/data_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dicom/part10_test_support.h"

namespace lightbox::dicom {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace testing;  // NOLINT: the builders

class DataSetTest : public ::testing::Test {
 protected:
  const DataSet& read(std::string bytes) {
    bytes_ = file(bytes);
    MemorySource source(bytes_);
    object_.emplace(Part10::read(source, Limits{}));
    EXPECT_TRUE(*object_);
    return (*object_)->data_set();
  }

 private:
  std::string bytes_;
  std::optional<Result<Part10>> object_;
};

TEST_F(DataSetTest, GivesTextInManyWays) {
  const DataSet& data_set =
      read(element(tags::SpecificCharacterSet, "CS", "ISO_IR 100") +
           element(0x00080008, "CS", "DERIVED \\ SECONDARY\\") +
           element(0x00081048, "PN", "J\xE9r\xF4me^A\\M\xFCller ") +
           element(0x00100020, "LO", " ID ") + element(0x00104000, "LT", " two\\lines ") +
           element(0x0020000D, "UI", std::string("1.2.3\0", 6)) + element(0x00200010, "SH", ""));
  EXPECT_EQ(data_set.character_set, "ISO_IR 100");
  EXPECT_THAT(data_set.texts(0x00080008), ElementsAre("DERIVED", "SECONDARY", ""));
  EXPECT_EQ(data_set.first(0x00080008), "DERIVED");
  EXPECT_THAT(data_set.texts(0x00081048), ElementsAre("Jérôme^A", "Müller"));
  EXPECT_EQ(data_set.text(0x00081048), "Jérôme^A");
  EXPECT_EQ(data_set.bytes(0x00100020), "ID");
  EXPECT_THAT(data_set.texts(0x00104000), ElementsAre(" two\\lines"));
  EXPECT_EQ(data_set.first(tags::StudyInstanceUID), "1.2.3");
  EXPECT_NE(data_set.find(0x00200010), nullptr);
  EXPECT_THAT(data_set.texts(0x00200010), IsEmpty());
  EXPECT_EQ(data_set.text(0x00200010), "");
  EXPECT_EQ(data_set.find(tags::Modality), nullptr);
  EXPECT_EQ(data_set.text(tags::Modality), "");
  EXPECT_EQ(data_set.first(tags::Modality), "");
  EXPECT_THAT(data_set.items(tags::Modality), IsEmpty());
}

TEST_F(DataSetTest, GivesIntegersOfEveryKind) {
  const DataSet& data_set =
      read(element(0x00186020, "SL", number_32(0xFFFFFFFE)) +
           element(0x00186050, "UL", number_32(0xFFFFFFFE)) + element(0x00200011, "IS", " +12 ") +
           element(0x00200012, "IS", "1.5 ") + element(0x00200013, "IS", "-3\\4") +
           element(0x00200019, "IS", "") + element(0x00280010, "US", number_16(0xFFFE)) +
           element(0x00281041, "SS", number_16(0xFFFE)) + element(0x00281050, "DS", "12") +
           element(0x00720083, "SV", std::string(8, '\xFF')) +
           element(0x00720084, "UV", std::string(8, '\xFF')));
  EXPECT_EQ(data_set.integer(0x00186020), -2);
  EXPECT_EQ(data_set.integer(0x00186050), 4294967294);
  EXPECT_EQ(data_set.integer(0x00200011), 12);
  EXPECT_EQ(data_set.integer(0x00200012), std::nullopt);
  EXPECT_EQ(data_set.integer(0x00200013), -3);
  EXPECT_EQ(data_set.integer(0x00200019), std::nullopt);
  EXPECT_EQ(data_set.integer(0x00280010), 65534);
  EXPECT_EQ(data_set.integer(0x00281041), -2);
  EXPECT_EQ(data_set.integer(0x00281050), std::nullopt);
  EXPECT_EQ(data_set.integer(0x00720083), -1);
  EXPECT_EQ(data_set.integer(0x00720084), std::nullopt);
  EXPECT_EQ(data_set.integer(0x00280011), std::nullopt);
}

}  // namespace
}  // namespace lightbox::dicom
