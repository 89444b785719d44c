#include "store/row_sorter.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <random>

#include "store/store_testing.h"

namespace lightbox::store {
namespace {

std::vector<std::string> drained(RowSorter& sorter) {
  std::vector<std::string> out;
  const auto sorted = sorter.sorted();
  EXPECT_TRUE(sorted);
  for (;;) {
    const auto record = (*sorted)->next();
    EXPECT_TRUE(record);
    if (!record || !*record) return out;
    out.emplace_back(**record);
  }
}

// Records that share long prefixes, hold zero bytes, are empty or longer than a read buffer.
std::vector<std::string> random_records(std::size_t count) {
  std::mt19937 random(7);  // NOLINT: the same records each time
  std::vector<std::string> records;
  for (std::size_t i = 0; i < count; ++i) {
    std::string record(random() % 20, static_cast<char>(random() % 3));
    record += fmt::format("{}", random() % 1000);
    if (i % 97 == 0) record.clear();
    if (i % 499 == 0) record.append(300'000, 'x');
    records.push_back(std::move(record));
  }
  return records;
}

TEST(RowSorter, SortsInMemoryAndOverRuns) {
  for (const std::size_t arena_bytes :
       {std::size_t{1}, std::size_t{5'000}, std::size_t{64} << 20U}) {
    const testing::TemporaryDirectory directory;
    RowSorter sorter(directory.path(), arena_bytes);
    auto records = random_records(arena_bytes == 1 ? 300 : 3'000);
    for (const auto& record : records) ASSERT_TRUE(sorter.add(record));
    EXPECT_EQ(sorter.size(), records.size());
    std::sort(records.begin(), records.end());
    EXPECT_EQ(drained(sorter), records) << arena_bytes;
    EXPECT_EQ(sorter.size(), 0U);
    ASSERT_TRUE(sorter.add("again"));
    EXPECT_EQ(drained(sorter), std::vector<std::string>{"again"});
    EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
  }
}

TEST(RowSorter, NeedNotBeReadToTheEnd) {
  const testing::TemporaryDirectory directory;
  RowSorter sorter(directory.path(), 1'000);
  for (const auto& record : random_records(3'000)) ASSERT_TRUE(sorter.add(record));
  {
    const auto sorted = sorter.sorted();
    ASSERT_TRUE(sorted);
    ASSERT_TRUE((*sorted)->next());
  }
  EXPECT_EQ(sorter.size(), 0U);
  EXPECT_TRUE(drained(sorter).empty());
}

TEST(RowSorter, SaysWhenARunCannotBeWritten) {
  RowSorter sorter("/nowhere", 10);
  ASSERT_TRUE(sorter.add("first"));
  const auto refused = sorter.add("second that fills the arena");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ProblemKind::unavailable);
}

}  // namespace
}  // namespace lightbox::store
