// Each criterion finds a contained resource exactly when it finds the same resource on its own.

#include <algorithm>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "store/store_testing.h"

namespace lightbox::store {
namespace {

using ::testing::ElementsAreArray;

constexpr int observations = 60;

std::string observation(int n) {
  constexpr std::string_view codes[] = {"a", "b", "c"};
  constexpr std::string_view states[] = {"final", "amended", "preliminary"};
  std::string json = fmt::format(
      R"({{"resourceType":"Observation","id":"o{}","status":"{}",)"
      R"("code":{{"text":"The text {}","coding":[{{"system":"urn:s{}","code":"{}"}}]}})",
      n, states[n % 3], n % 4, n % 2, codes[n % 3]);
  if (n % 4 != 0) json += fmt::format(R"(,"subject":{{"reference":"Patient/p{}"}})", n % 3);
  if (n % 5 != 0) json += fmt::format(R"(,"effectiveDateTime":"20{:02}-06-0{}")", n % 7, 1 + n % 3);
  if (n % 3 != 0) {
    json += fmt::format(
        R"(,"valueQuantity":{{"value":{}.5,"system":"http://unitsofmeasure.org","code":"{}"}})",
        n % 10, n % 2 == 0 ? "mg" : "g");
  } else {
    json += fmt::format(R"(,"valueString":"Wört {}")", n);
  }
  json += fmt::format(
      R"(,"component":[{{"code":{{"coding":[{{"system":"urn:s","code":"x"}}]}},"valueQuantity":{{"value":{}}}}})",
      n % 8);
  json += fmt::format(
      R"(,{{"code":{{"coding":[{{"code":"y"}}]}},"valueQuantity":{{"value":{}}}}}]}})", n % 6);
  return json;
}

class SearchContained : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    shared_directory = new testing::TemporaryDirectory();
    auto opened =
        Store::open({.data_directory = shared_directory->path(), .limits = {}, .index = {}});
    ASSERT_TRUE(opened);
    shared_store = opened->release();
    for (int n = 0; n < 3; ++n) {
      commit(fmt::format(R"({{"resourceType":"Patient","id":"p{}","name":[{{"family":"N{}"}}]}})",
                         n, n % 2));
    }
    for (int n = 0; n < observations; ++n) {
      commit(observation(n));
      commit(fmt::format(
          R"({{"resourceType":"Basic","id":"b{0}","subject":{{"reference":"#o{0}"}},"contained":[{1}]}})",
          n, observation(n)));
    }
  }
  static void TearDownTestSuite() {
    delete shared_store;
    delete shared_directory;
  }
  static void commit(const std::string& json) {
    ASSERT_TRUE(shared_store->commit_and_wait(testing::one(testing::put(json))));
  }

  // The ids of what is found, page by page: those of contained ones, with the containers' as
  // "Basic/1#", behind those of the others.
  static std::vector<std::string> find(fhir::SearchQuery query, std::size_t count,
                                       std::size_t& pages) {
    std::vector<std::string> ids;
    query.count = count;
    for (pages = 1;; ++pages) {
      const auto page = shared_store->search(query, {});
      EXPECT_TRUE(page) << testing::text_of(page.error());
      if (!page) return ids;
      // None but a first page is empty.
      EXPECT_TRUE(pages == 1 || page->matches.size() + page->contained.size() > 0);
      for (const auto& match : page->matches) ids.push_back(match.id);
      for (const auto& match : page->contained) {
        const auto hash = match.path.find('#');
        EXPECT_EQ(match.path.substr(0, hash), "Basic/b" + match.path.substr(hash + 2));
        EXPECT_NE(match.json.find(fmt::format(R"("id":"{}")", match.path.substr(hash + 1))),
                  std::string::npos);
        ids.push_back(match.path.substr(hash + 1));
      }
      if (page->next_cursor.empty()) return ids;
      query.cursor = page->next_cursor;
    }
  }

  static testing::TemporaryDirectory* shared_directory;
  static Store* shared_store;
};
testing::TemporaryDirectory* SearchContained::shared_directory = nullptr;
Store* SearchContained::shared_store = nullptr;

TEST_F(SearchContained, FindsWhatIsFoundOnItsOwn) {
  const std::vector<std::pair<std::string, std::string>> criteria{
      {"status", "final"},
      {"status:not", "final,amended"},
      {"code", "a,b"},
      {"code", "urn:s1|"},
      {"code", "urn:s1|c"},
      {"code", "|a"},
      {"code", "urn:nowhere|a"},
      {"code:not", "urn:nowhere|a"},
      {"code:text", "text 2"},
      {"code:missing", "false"},
      {"subject", "Patient/p1"},
      {"patient", "p2"},
      {"subject:missing", "true"},
      {"subject:Patient.family", "n1"},
      {"subject.family:missing", "false"},
      {"_has:Basic:subject:code", "x"},
      {"date", "2003"},
      {"date", "ne2003-06-01"},
      {"date", "gt2004-06"},
      {"date", "le2002-06-02"},
      {"date:missing", "true"},
      {"value-quantity", "4.5"},
      {"value-quantity", "gt3.5|http://unitsofmeasure.org|mg"},
      {"value-quantity", "ne4.5||g"},
      {"value-string", "wort"},
      {"value-string:exact", "Wört 3"},
      {"value-string:contains", "T 1"},
      {"component-code-value-quantity", "x$gt4"},
      {"component-code-value-quantity", "urn:s|x$3,y$lt2"},
      {"code-value-quantity", "a$gt1,b$4.5||mg"},
      {"_id", "o3,o4,o400"},
      {"_id:not", "o3"},
      {"_filter", "status eq final and not (code eq a)"},
      {"_filter", "code ne a or date pr false"},
      {"_filter", "value-string ew \"3\" or value-string co \"rt 1\""},
      {"_filter", "component[code eq y and value-quantity gt 3]"},
      {"_filter", "component[code eq y and not (value-quantity gt 3)]"},
      {"_filter", "patient.family eq \"n0\" and date ge 2003"},
  };
  int found = 0;
  for (const auto& criterion : criteria) {
    for (const bool with_another : {false, true}) {
      std::vector<std::pair<std::string, std::string>> parameters{criterion};
      if (with_another) parameters.emplace_back("code", "a,c");
      const auto query = fhir::parse_search(testing::type_of("Observation"), parameters, {});
      ASSERT_TRUE(query && query->notes.empty()) << criterion.first;
      const std::string name = fmt::format("{}={}", criterion.first, criterion.second);
      std::size_t pages = 0;
      std::vector<std::string> expected = find(*query, 1000, pages);
      found += static_cast<int>(expected.size());

      fhir::SearchQuery within = *query;
      within.contained = fhir::ContainedSearch::only;
      within.contained_result = fhir::ContainedResult::contained;
      EXPECT_THAT(find(within, 1000, pages), ElementsAreArray(expected)) << name;
      EXPECT_THAT(find(within, 7, pages), ElementsAreArray(expected)) << name;
      EXPECT_EQ(pages, std::max<std::size_t>(1, (expected.size() + 6) / 7)) << name;

      fhir::SearchQuery both = within;
      both.contained = fhir::ContainedSearch::both;
      both.count_only = true;
      const auto count = shared_store->search(both, {});
      ASSERT_TRUE(count);
      EXPECT_EQ(count->total, 2 * expected.size()) << name;
      both.count_only = false;
      std::vector<std::string> twice = expected;
      twice.insert(twice.end(), expected.begin(), expected.end());
      EXPECT_THAT(find(both, 6, pages), ElementsAreArray(twice)) << name;
      EXPECT_EQ(pages, std::max<std::size_t>(1, (twice.size() + 5) / 6)) << name;

      within.contained_result = fhir::ContainedResult::container;
      for (std::string& id : expected) id.front() = 'b';
      EXPECT_THAT(find(within, 5, pages), ElementsAreArray(expected)) << name;
    }
  }
  EXPECT_GT(found, 1000);
}

TEST_F(SearchContained, IsNotWhatAConditionIsAbout) {
  fhir::SearchQuery query;
  query.type = &testing::type_of("Observation");
  query.contained = fhir::ContainedSearch::only;
  const fhir::SearchQuery queries[] = {query, query};
  const auto page = shared_store->search(queries, {});
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().kind, ProblemKind::invalid);
}

}  // namespace
}  // namespace lightbox::store
