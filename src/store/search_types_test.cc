// Pages over several types: every match once, in order, however the pages are cut.

#include "fhir/search_types.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <set>

#include "store/store_testing.h"

namespace lightbox::store {
namespace {

using Parameters = std::vector<std::pair<std::string, std::string>>;

class SearchTypesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = Store::open({.data_directory = directory_.path(), .limits = {}, .index = {}});
    ASSERT_TRUE(opened);
    store_ = std::move(*opened);
    // Few commits, so that many have one time, and the same ids in each type.
    for (int commit = 0; commit < 3; ++commit) {
      std::vector<Operation> all;
      for (int i = commit * 10; i < commit * 10 + 10; ++i) {
        for (const char* type : {"Patient", "Device", "Person"}) {
          all.push_back(testing::put(
              fmt::format(R"({{"resourceType":"{}","id":"i{}","identifier":[{{"value":"{}"}}]}})",
                          type, i, i % 2)));
        }
      }
      ASSERT_TRUE(store_->commit_and_wait(std::move(all)));
    }
    ASSERT_TRUE(store_->commit_and_wait(testing::one(testing::remove("Device", "i3"))));
  }

  SearchPage page(const Parameters& parameters) {
    const fhir::ResourceType* const types[] = {
        &testing::type_of("Basic"), &testing::type_of("Device"), &testing::type_of("Patient"),
        &testing::type_of("Person")};
    const auto queries = fhir::parse_search_types(types, parameters, {});
    EXPECT_TRUE(queries);
    auto found = store_->search(*queries, {});
    EXPECT_TRUE(found);
    return found ? std::move(*found) : SearchPage{};
  }

  std::vector<std::string> walk(Parameters parameters, std::size_t count) {
    parameters.emplace_back("_count", std::to_string(count));
    std::vector<std::string> names;
    std::string cursor;
    do {
      Parameters with = parameters;
      if (!cursor.empty()) with.emplace_back("_cursor", cursor);
      const SearchPage found = page(with);
      EXPECT_FALSE(found.matches.empty());
      EXPECT_LE(found.matches.size(), count);
      for (const auto& match : found.matches) {
        names.push_back(fmt::format("{}/{}", match.type->name, match.id));
      }
      cursor = found.next_cursor;
    } while (!cursor.empty() && names.size() < 1'000);
    return names;
  }

  testing::TemporaryDirectory directory_;
  std::unique_ptr<Store> store_;
};

TEST_F(SearchTypesTest, GivesEveryMatchOnceHoweverPagesAreCut) {
  for (const char* sort : {"", "_id", "-_id", "_lastUpdated", "-_lastUpdated"}) {
    for (const char* identifier : {"", "1"}) {
      const Parameters parameters{{"_sort", sort}, {"identifier", identifier}};
      const auto whole = walk(parameters, 1'000);
      EXPECT_EQ(whole.size(), *identifier == '\0' ? 89U : 44U) << sort;
      EXPECT_EQ(std::set(whole.begin(), whole.end()).size(), whole.size()) << sort;
      for (const std::size_t count : {1, 2, 7, 10, 29, 30, 88, 89}) {
        EXPECT_EQ(walk(parameters, count), whole) << sort << " " << count;
      }
    }
  }
}

TEST_F(SearchTypesTest, SortsAcrossTypes) {
  const auto by_id = walk({{"_sort", "_id"}}, 5);
  EXPECT_EQ(by_id[0], "Device/i0");
  EXPECT_EQ(by_id[1], "Patient/i0");
  EXPECT_EQ(by_id[2], "Person/i0");
  EXPECT_EQ(by_id[3], "Device/i1");
  const auto backward = walk({{"_sort", "-_id"}}, 5);
  EXPECT_EQ(backward[0], "Device/i9");
  EXPECT_EQ(backward[2], "Person/i9");
}

TEST_F(SearchTypesTest, RefusesListsThatNobodyHasRead) {
  const auto query =
      fhir::parse_search(testing::type_of("Patient"), Parameters{{"_list", "1"}}, {});
  ASSERT_TRUE(query);
  const auto found = store_->search(*query, {});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, ProblemKind::invalid);
}

TEST_F(SearchTypesTest, CountsAllTypes) {
  EXPECT_EQ(page({{"_summary", "count"}}).total, 89);
  EXPECT_EQ(page({{"_count", "2"}}).total, 89);  // without criteria it costs nothing
  EXPECT_EQ(page({{"identifier", "1"}, {"_count", "2"}}).total, std::nullopt);
  EXPECT_EQ(page({{"identifier", "1"}, {"_count", "2"}, {"_total", "accurate"}}).total, 44);
  EXPECT_EQ(page({{"identifier", "nobody's"}}).total, 0);
}

TEST_F(SearchTypesTest, RefusesCursorsOfOtherSearches) {
  const fhir::ResourceType* const types[] = {&testing::type_of("Device"),
                                             &testing::type_of("Patient")};
  const std::string other = page({{"_sort", "_id"}, {"_count", "1"}}).next_cursor;
  for (const std::string& cursor : {std::string("x"), std::string("Person."), other}) {
    const Parameters parameters{{"_cursor", cursor}, {"identifier", "1"}};
    const auto queries = fhir::parse_search_types(types, parameters, {});
    ASSERT_TRUE(queries);
    const auto found = store_->search(*queries, {});
    ASSERT_FALSE(found) << cursor;
    EXPECT_EQ(found.error().kind, ProblemKind::invalid);
  }
}

}  // namespace
}  // namespace lightbox::store
