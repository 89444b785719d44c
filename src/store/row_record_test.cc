#include "store/row_record.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <limits>
#include <random>

#include "store/store_testing.h"

namespace lightbox::store {
namespace {

using namespace std::string_literals;

std::unique_ptr<Database> open(const std::string& directory, std::string_view name) {
  auto database =
      Database::open(fmt::format("{}/{}.db", directory, name), Database::Role::writer, nullptr);
  EXPECT_TRUE(database && migrate(**database));
  return std::move(*database);
}

// Values at the edges of their kinds, and texts that hold or end with what ends a text in a record.
IndexRows random_rows(std::mt19937& random) {
  constexpr std::int64_t integers[] = {INT64_MIN, -1, 0, 1, 255, 256, INT64_MAX};
  constexpr double reals[] = {
      -std::numeric_limits<double>::infinity(), -1e300, -0.5, 0, 1e-300, 7.25,
      std::numeric_limits<double>::infinity()};
  const std::string texts[] = {"",
                               "a",
                               "ab",
                               "a\0b"s,
                               "\0"s,
                               "\0\0"s,
                               "a\0\x01"s,
                               "\xFF\0\xFF"s,
                               "Encounter/e12345",
                               std::string(300, 'z')};
  const auto integer = [&] { return integers[random() % std::size(integers)]; };
  const auto real = [&] { return reals[random() % std::size(reals)]; };
  const auto text = [&] { return texts[random() % std::size(texts)]; };
  IndexRows rows;
  for (int i = 0; i < 4; ++i) {
    // The edge is no part of a key, and of two rows with one key either may stay.
    rows.tokens.push_back({integer(), text(), 3});
    rows.strings.push_back({integer(), text(), text(), 2});
    rows.dates.push_back({integer(), integer(), integer(), integer(), 1});
    rows.numbers.push_back({integer(), integer(), real(), real(), integer(), text(), text(), -1});
    rows.composites.push_back(
        {integer(), text(), integer(), integer(), text(), real(), real(), real(), real()});
    rows.uids.push_back({text(), integer()});
  }
  return rows;
}

std::string dump(Database& database, std::string_view table, int columns) {
  std::string out;
  const std::string sql = fmt::format("SELECT * FROM {}", table);
  Query query(database, sql);
  while (query.next()) {
    for (int i = 0; i < columns; ++i) {
      out.append(query.blob(i)).append(fmt::format("|{}|", query.real(i)));
    }
    out += '\n';
  }
  EXPECT_TRUE(query.ok());
  return out;
}

TEST(RowRecord, FillsTheTablesAsSingleRowsDo) {
  const testing::TemporaryDirectory directory;
  for (const std::size_t arena_bytes : {std::size_t{4'000}, std::size_t{1} << 20U}) {
    const auto single = open(directory.path(), fmt::format("single{}", arena_bytes));
    const auto sorted = open(directory.path(), fmt::format("sorted{}", arena_bytes));
    ASSERT_TRUE(single->execute("BEGIN"));  // one sync, not thousands
    ASSERT_TRUE(sorted->execute("BEGIN"));
    RowSorter sorter(directory.path(), arena_bytes);
    std::mt19937 random(3);  // NOLINT: the same rows each time
    for (std::int64_t resource = 0; resource < 200; ++resource) {
      const IndexRows rows = random_rows(random);
      const RowPlace place{resource % 3 - 1, resource};
      ASSERT_TRUE(insert_rows(*single, rows, place));
      ASSERT_TRUE(add_records(rows, place, sorter));
      if (resource != 120) continue;  // into tables that hold rows already, the second time
      ASSERT_TRUE(write_records(*sorted, sorter, {}));
    }
    double progress = -1;
    ASSERT_TRUE(write_records(*sorted, sorter, [&](double share) { progress = share; }));
    EXPECT_EQ(sorter.size(), 0U);
    EXPECT_LE(progress, 1);
    const std::pair<const char*, int> tables[] = {{"token_index", 5},      {"string_index", 6},
                                                  {"date_index", 7},       {"number_index", 10},
                                                  {"composite_index", 11}, {"uid_index", 3}};
    for (const auto& [table, columns] : tables) {
      const std::string expected = dump(*single, table, columns);
      EXPECT_GT(expected.size(), 10'000U) << table;
      EXPECT_EQ(dump(*sorted, table, columns), expected) << table;
    }
  }
}

TEST(RowRecord, SaysWhenTheDatabaseRefuses) {
  const testing::TemporaryDirectory directory;
  const auto database = open(directory.path(), "closed");
  ASSERT_TRUE(database->execute("DROP TABLE date_index"));
  RowSorter sorter(directory.path());
  IndexRows rows;
  rows.dates.push_back({1, 0, 2, 3, 0});
  ASSERT_TRUE(add_records(rows, {0, 1}, sorter));
  EXPECT_FALSE(write_records(*database, sorter, {}));
  EXPECT_EQ(sorter.size(), 0U);
}

}  // namespace
}  // namespace lightbox::store
