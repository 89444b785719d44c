#include "dicom/tag.h"

#include <gtest/gtest.h>

namespace lightbox::dicom {
namespace {

TEST(TagTest, IsWrittenAndRead) {
  EXPECT_EQ(text_of(0x7FE00010), "7FE00010");
  EXPECT_EQ(text_of(0x0020000D), "0020000D");
  EXPECT_EQ(display_of(0x0020000D), "(0020,000D)");
  EXPECT_EQ(tag_of("0020000D"), 0x0020000DU);
  EXPECT_EQ(tag_of("0020000d"), 0x0020000DU);
  EXPECT_EQ(tag_of("FFFEE000"), tags::Item);
  for (const char* text : {"", "0020000", "0020000DD", "0020000G", "0020,00D", " 020000D"}) {
    EXPECT_FALSE(tag_of(text)) << text;
  }
}

TEST(TagTest, IsPrivateInOddGroups) {
  EXPECT_EQ(group_of(0x00091001), 9);
  EXPECT_TRUE(is_private(0x00091001));
  EXPECT_FALSE(is_private(0x00080009));
}

}  // namespace
}  // namespace lightbox::dicom
