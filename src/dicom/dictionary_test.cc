#include "dicom/dictionary.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace lightbox::dicom {
namespace {

struct Case {
  Tag tag;
  Vr vr;
  Vr other_vr;
  std::string_view keyword;
};

const Case cases[] = {
    {0x00080005, Vr::CS, Vr::CS, "SpecificCharacterSet"},
    {0x0020000D, Vr::UI, Vr::UI, "StudyInstanceUID"},
    {0x00280106, Vr::US, Vr::SS, "SmallestImagePixelValue"},
    {0x00283006, Vr::OW, Vr::US, "LUTData"},
    {0x7FE00010, Vr::OW, Vr::OB, "PixelData"},
    {0x60003000, Vr::OW, Vr::OB, "OverlayData"},
    {0x00203100, Vr::CS, Vr::CS, "SourceImageIDs"},
    {0xFFFCFFFC, Vr::OB, Vr::OB, "DataSetTrailingPadding"},
    {0x00041200, Vr::UL, Vr::UL, "OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity"},
};

TEST(DictionaryTest, KnowsTagsAndKeywords) {
  for (const Case& example : cases) {
    for (const auto& entry : {find_tag(example.tag), find_keyword(example.keyword)}) {
      ASSERT_TRUE(entry) << example.keyword;
      EXPECT_EQ(entry->tag, example.tag) << example.keyword;
      EXPECT_EQ(entry->vr, example.vr) << example.keyword;
      EXPECT_EQ(entry->other_vr, example.other_vr) << example.keyword;
      EXPECT_EQ(entry->keyword, example.keyword);
    }
  }
}

TEST(DictionaryTest, FindsRepeatingGroupsByTheirFirst) {
  EXPECT_EQ(find_tag(0x601E3000)->keyword, "OverlayData");
  EXPECT_EQ(find_tag(0x50020010)->keyword, "NumberOfPoints");
  EXPECT_EQ(find_tag(0x7F040010)->keyword, "VariablePixelData");
  EXPECT_EQ(find_tag(0x002031AB)->keyword, "SourceImageIDs");
}

TEST(DictionaryTest, DoesNotKnowPrivateAndUnknown) {
  EXPECT_FALSE(find_tag(0x00090010));
  EXPECT_FALSE(find_tag(0x60013000));
  EXPECT_FALSE(find_tag(0x00100007));
  EXPECT_FALSE(find_tag(0x00080007));
  EXPECT_FALSE(find_keyword("PatientsName"));
  EXPECT_FALSE(find_keyword(""));
}

TEST(DictionaryTest, KnowsUids) {
  const auto ct = find_uid("1.2.840.10008.5.1.4.1.1.2");
  ASSERT_TRUE(ct);
  EXPECT_EQ(ct->name, "CT Image Storage");
  EXPECT_EQ(ct->kind, UidKind::sop_class);
  EXPECT_EQ(find_uid("1.2.840.10008.1.2.4.201")->name,
            "High-Throughput JPEG 2000 Image Compression (Lossless Only)");
  EXPECT_EQ(find_uid("1.2.840.10008.1.2.4.201")->kind, UidKind::transfer_syntax);
  EXPECT_EQ(find_uid("1.2.840.10008.1.2")->name, "Implicit VR Little Endian");
  EXPECT_EQ(find_uid("1.2.840.10008.3.1.1.1")->kind, UidKind::other);
  EXPECT_FALSE(find_uid("1.2.840.10008.5.1.4.1.1.2.3.4"));
}

bool has(const std::vector<UidEntry>& entries, std::string_view uid) {
  return std::ranges::find(entries, uid, &UidEntry::uid) != entries.end();
}

TEST(DictionaryTest, ListsWhatAnAssociationMayHold) {
  for (const std::string_view uid : {
           "1.2.840.10008.5.1.4.1.1.2",      // CT
           "1.2.840.10008.5.1.4.1.1.5",      // NM, retired
           "1.2.840.10008.5.1.4.1.1.79.1",   // Macular Grid Thickness and Volume Report
           "1.2.840.10008.5.1.4.38.1",       // Hanging Protocol (GG.3)
           "1.2.840.10008.5.1.4.34.7",       // RT Beams Delivery Instruction
           "1.2.840.10008.5.1.4.1.1.201.1",  // Inventory
       }) {
    EXPECT_TRUE(has(storage_sop_classes(), uid)) << uid;
  }
  for (const std::string_view uid : {
           "1.2.840.10008.1.1",              // Verification
           "1.2.840.10008.1.20.1",           // Storage Commitment
           "1.2.840.10008.1.3.10",           // Media Storage Directory
           "1.2.840.10008.5.1.4.1.1.201.2",  // Inventory - FIND
       }) {
    EXPECT_FALSE(has(storage_sop_classes(), uid)) << uid;
  }
  EXPECT_EQ(storage_sop_classes().size(), 210U);
  EXPECT_EQ(transfer_syntaxes().size(), 63U);
  for (const std::string_view uid : {"1.2.840.10008.1.2.4.203", "1.2.840.10008.1.2.4.205",
                                     "1.2.840.10008.1.2.4.112", "1.2.840.10008.1.2.4.95"}) {
    EXPECT_TRUE(has(transfer_syntaxes(), uid)) << uid;
  }
}

}  // namespace
}  // namespace lightbox::dicom
