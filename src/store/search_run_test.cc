// What a search sees while others write.

#include "store/search_run.h"

#include <atomic>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <thread>

#include "store/store_testing.h"

namespace lightbox::store {
namespace {

fhir::SearchQuery parse(const std::vector<std::pair<std::string, std::string>>& parameters) {
  auto query = fhir::parse_search(testing::type_of("ImagingStudy"), parameters, {});
  EXPECT_TRUE(query.has_value());
  return *query;
}

std::string study(int number, std::string_view modality, std::string_view status) {
  return fmt::format(
      R"({{"resourceType":"ImagingStudy","id":"s{}","status":"{}","subject":{{"reference":"Patient/1"}},)"
      R"("modality":[{{"code":"{}"}}]}})",
      number, status, modality);
}

// Each study is either CT and available or MR and cancelled, and goes from one to the other all the
// time. With criteria answered from sets, no snapshot may show a match that is not one, nor a count
// that no commit has seen.
TEST(SearchWhileWriting, SetsAndSnapshotAreOfOneCommit) {
  const testing::TemporaryDirectory directory;
  auto store = Store::open({.data_directory = directory.path(), .limits = {}, .index = {}});
  ASSERT_TRUE(store);
  constexpr int studies = 700;  // more than are gathered without sets
  std::vector<Operation> all;
  for (int i = 0; i < studies; ++i) {
    all.push_back(
        testing::put(i % 2 == 0 ? study(i, "CT", "available") : study(i, "MR", "cancelled")));
  }
  ASSERT_TRUE((*store)->commit_and_wait(std::move(all)));

  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) {
      // Two studies change places in one commit, so that there are always as many of each.
      const int left = i % studies / 2 * 2;
      const bool back = i / studies % 2 == 1;
      std::vector<Operation> pair;
      pair.push_back(
          testing::put(back ? study(left, "CT", "available") : study(left, "MR", "cancelled")));
      pair.push_back(testing::put(back ? study(left + 1, "MR", "cancelled")
                                       : study(left + 1, "CT", "available")));
      EXPECT_TRUE((*store)->commit_and_wait(std::move(pair)));
    }
  });
  auto page = parse({{"modality", "CT"}, {"status:not", "cancelled"}, {"_count", "1000"}});
  auto count = parse({{"modality", "CT"}, {"status:not", "cancelled"}, {"_summary", "count"}});
  auto never = parse({{"modality", "CT"}, {"status", "cancelled"}, {"_total", "accurate"}});
  for (int i = 0; i < 200; ++i) {
    const auto found = (*store)->search(page, {});
    ASSERT_TRUE(found);
    EXPECT_EQ(found->matches.size(), studies / 2);
    for (const auto& match : found->matches) {
      EXPECT_NE(match.body.find("\"CT\""), std::string::npos) << match.body;
    }
    const auto counted = (*store)->search(count, {});
    ASSERT_TRUE(counted);
    EXPECT_EQ(counted->total, studies / 2);
    const auto none = (*store)->search(never, {});
    ASSERT_TRUE(none);
    EXPECT_TRUE(none->matches.empty());
  }
  stop = true;
  writer.join();
}

// One code in two systems has two rows; the study is still one match, of any way to find it.
TEST(SearchOfTokens, CountsAResourceOnceForACodeInTwoSystems) {
  const testing::TemporaryDirectory directory;
  auto store = Store::open({.data_directory = directory.path(), .limits = {}, .index = {}});
  ASSERT_TRUE(store);
  std::vector<Operation> all;
  for (int i = 0; i < 5; ++i) {
    all.push_back(testing::put(fmt::format(
        R"({{"resourceType":"ImagingStudy","id":"s{}","status":"available","subject":{{"reference":"Patient/1"}},)"
        R"("modality":[{{"system":"http://a","code":"CT"}},{{"system":"http://b","code":"CT"}},)"
        R"({{"code":"CT"}}]}})",
        i)));
  }
  ASSERT_TRUE((*store)->commit_and_wait(std::move(all)));
  for (const char* value : {"CT", "http://a|CT", "http://b|", "|CT", "http://b|CT,CT"}) {
    auto query = parse({{"modality", value}, {"_count", "3"}, {"_total", "accurate"}});
    const auto first = (*store)->search(query, {});
    ASSERT_TRUE(first);
    EXPECT_EQ(first->matches.size(), 3U) << value;
    EXPECT_EQ(first->total, 5U) << value;
    query.cursor = first->next_cursor;
    const auto second = (*store)->search(query, {});
    ASSERT_TRUE(second);
    EXPECT_EQ(second->matches.size(), 2U) << value;
    EXPECT_EQ(second->next_cursor, "") << value;
  }
  EXPECT_TRUE((*store)->search(parse({{"modality", "http://c|CT"}}), {})->matches.empty());
}

}  // namespace
}  // namespace lightbox::store
