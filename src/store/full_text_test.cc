// The index of words follows each change of a resource, and a change of the setting.

#include "store/full_text.h"

#include <gmock/gmock.h>

#include "store/bulk_load.h"
#include "store/store_testing.h"

namespace lightbox::store {
namespace {

using fhir::FullText;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::one;
using testing::TemporaryDirectory;

using Ids = std::vector<std::string>;

class WordIndex : public ::testing::Test {
 protected:
  void open(FullText choice) {
    store_.reset();
    options_.data_directory = directory_.path();
    options_.index.full_text = choice;
    auto store = Store::open(options_);
    ASSERT_TRUE(store) << testing::text_of(store.error());
    store_ = std::move(*store);
  }

  static std::string report(std::string_view id, std::string_view narrative,
                            std::string_view conclusion) {
    return fmt::format(
        R"({{"resourceType":"DiagnosticReport","id":"{}","status":"final","code":{{"text":"c"}},"conclusion":"{}","text":{{"status":"generated","div":"<div>{}</div>"}}}})",
        id, conclusion, narrative);
  }

  Operation put(std::string_view json) const {
    Operation operation = testing::put(json);
    const auto document = fhir::parse_json(json);
    operation.index = fhir::index_resource(*operation.type, *document->root(), options_.index);
    return operation;
  }

  void commit(Operation operation) {
    const auto result = store_->commit_and_wait(one(std::move(operation)));
    ASSERT_TRUE(result) << testing::text_of(result.error());
  }

  Ids find(std::string_view parameter, std::string_view words) {
    fhir::SearchContext context;
    context.index = options_.index;
    const std::vector<std::pair<std::string, std::string>> parameters = {
        {std::string(parameter), std::string(words)}};
    const auto query =
        fhir::parse_search(testing::type_of("DiagnosticReport"), parameters, context);
    if (!query) throw std::runtime_error(testing::text_of(query.error()));
    if (query->criteria.empty()) return {"not supported"};
    const auto page = store_->search(*query, {});
    if (!page) throw std::runtime_error(testing::text_of(page.error()));
    Ids ids;
    for (const auto& match : page->matches) ids.push_back(match.id);
    return ids;
  }

  TemporaryDirectory directory_;
  StoreOptions options_;
  std::unique_ptr<Store> store_;
};

TEST_F(WordIndex, FollowsEachChange) {
  open(FullText::content);
  commit(put(report("a", "liver", "pneumonia")));
  commit(put(report("b", "bone", "pneumonia")));
  EXPECT_THAT(find("_text", "liver"), ElementsAre("a"));
  EXPECT_THAT(find("_text", "pneumonia"), IsEmpty());
  EXPECT_THAT(find("_content", "pneumonia"), ElementsAre("a", "b"));
  commit(put(report("a", "bone", "pneumonia")));
  EXPECT_THAT(find("_text", "liver"), IsEmpty());
  EXPECT_THAT(find("_text", "bone"), ElementsAre("a", "b"));
  commit(testing::remove("DiagnosticReport", "b"));
  EXPECT_THAT(find("_content", "pneumonia"), ElementsAre("a"));
  commit(put(report("b", "spine", "none")));
  EXPECT_THAT(find("_content", "pneumonia"), ElementsAre("a"));
  EXPECT_THAT(find("_text", "spine"), ElementsAre("b"));
}

TEST_F(WordIndex, IsMadeAgainWhenTheSettingChanges) {
  open(FullText::none);
  for (int i = 0; i < 1'100; ++i) commit(put(report(fmt::format("r{}", i), "liver", "pneumonia")));
  commit(put(report("a", "bone", "cold")));
  commit(testing::remove("DiagnosticReport", "r0"));
  EXPECT_THAT(find("_text", "bone"), ElementsAre("not supported"));
  open(FullText::narrative);
  EXPECT_THAT(find("_text", "bone"), ElementsAre("a"));
  EXPECT_EQ(find("_text", "liver").size(), 50U);
  EXPECT_THAT(find("_content", "cold"), ElementsAre("not supported"));
  open(FullText::content);
  EXPECT_THAT(find("_content", "cold"), ElementsAre("a"));
  commit(put(report("a", "spine", "cold")));
  EXPECT_THAT(find("_text", "bone"), IsEmpty());
  open(FullText::narrative);
  EXPECT_THAT(find("_text", "spine"), ElementsAre("a"));
  open(FullText::none);
  open(FullText::content);
  EXPECT_THAT(find("_text", "spine"), ElementsAre("a"));
  EXPECT_THAT(find("_text", "bone"), IsEmpty());
}

TEST_F(WordIndex, IsFilledByABulkLoad) {
  options_.data_directory = directory_.path();
  options_.index.full_text = FullText::content;
  {
    auto bulk = BulkLoad::open(options_);
    ASSERT_TRUE(bulk);
    ASSERT_TRUE((*bulk)->put(BulkLoad::prepare(put(report("a", "liver", "cold")))));
    ASSERT_TRUE((*bulk)->put(BulkLoad::prepare(put(report("b", "liver", "cold")))));
    ASSERT_TRUE((*bulk)->put(BulkLoad::prepare(put(report("b", "bone", "cold")))));
    ASSERT_TRUE((*bulk)->finish());
  }
  open(FullText::content);
  EXPECT_THAT(find("_text", "liver"), ElementsAre("a"));
  EXPECT_THAT(find("_content", "cold"), ElementsAre("a", "b"));
}

// A request that fails takes its words back.
TEST_F(WordIndex, HasNothingOfARequestThatFailed) {
  open(FullText::content);
  commit(put(report("a", "liver", "cold")));
  std::vector<Operation> operations;
  operations.push_back(put(report("b", "bone", "cold")));
  operations.push_back(put(report("a", "bone", "cold")));
  operations[1].preconditions.if_match = VersionSet::of(7);
  EXPECT_FALSE(store_->commit_and_wait(std::move(operations)));
  EXPECT_THAT(find("_text", "bone"), IsEmpty());
  EXPECT_THAT(find("_text", "liver"), ElementsAre("a"));
}

}  // namespace
}  // namespace lightbox::store
