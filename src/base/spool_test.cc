#include "base/spool.h"

#include <filesystem>
#include <gtest/gtest.h>

namespace lightbox {
namespace {

std::string temporary() { return std::filesystem::temp_directory_path().string(); }

class SpoolTest : public ::testing::TestWithParam<std::size_t> {};  // memory_bytes_max

TEST_P(SpoolTest, GivesBackWhatWasAppended) {
  Spool spool(temporary(), GetParam());
  std::string all;
  for (const std::string piece : {"", "abc", "defghij", "k", "lmnopqrstuvwxyz"}) {
    ASSERT_TRUE(spool.append(piece));
    all += piece;
  }
  EXPECT_EQ(spool.size(), all.size());
  for (std::uint64_t offset = 0; offset <= all.size(); ++offset) {
    char out[4];
    const auto count = spool.read(offset, out, sizeof out);
    ASSERT_TRUE(count);
    EXPECT_EQ(std::string(out, *count), all.substr(offset, sizeof out)) << offset;
  }
  std::string copied;
  ASSERT_TRUE(spool.copy(2, 20, [&](std::string_view bytes) {
    copied += bytes;
    return Result<void>();
  }));
  EXPECT_EQ(copied, all.substr(2, 20));
}
INSTANTIATE_TEST_SUITE_P(MemoryBytesMax, SpoolTest, ::testing::Values(0, 3, 10, 1'000));

TEST(SpoolTest, SaysWhenAppendingWouldWrite) {
  Spool spool(temporary(), 4);
  EXPECT_FALSE(spool.blocks(4));
  EXPECT_TRUE(spool.blocks(5));
  ASSERT_TRUE(spool.append("12345"));
  EXPECT_TRUE(spool.blocks(1));
}

TEST(SpoolTest, FailsWhereNoFileCanBeMade) {
  Spool spool("/nowhere", 2);
  ASSERT_TRUE(spool.append("ab"));
  EXPECT_EQ(spool.append("c").error().kind, ProblemKind::unavailable);
}

}  // namespace
}  // namespace lightbox
