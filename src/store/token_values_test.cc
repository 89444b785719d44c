// Which values of a parameter are in use.

#include "store/token_values.h"

#include <gmock/gmock.h>

#include "store/store_testing.h"

namespace lightbox::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::one;
using testing::put;
using testing::type_of;

class TokenValuesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    StoreOptions options;
    options.data_directory = directory_.path();
    auto opened = Store::open(options);
    ASSERT_TRUE(opened) << testing::text_of(opened.error());
    store_ = std::move(*opened);
  }

  void commit(Operation operation) {
    ASSERT_TRUE(store_->commit_and_wait(one(std::move(operation))));
  }

  std::vector<std::string> values(std::string_view parameter, std::size_t values_max = 10) {
    const auto found =
        store_->token_values(*type_of("Patient").search_parameter(parameter), values_max);
    if (!found) return {found.error().issues.front().diagnostics};
    std::vector<std::string> texts;
    for (const auto& value : *found) texts.push_back(value.system.value_or("*") + "|" + value.code);
    return texts;
  }

  testing::TemporaryDirectory directory_;
  std::unique_ptr<Store> store_;
};

TEST_F(TokenValuesTest, ListsEachValueOnce) {
  EXPECT_THAT(values("_tag"), IsEmpty());
  commit(put(R"({"resourceType":"Patient","id":"1","meta":{"profile":["http://p"],
      "tag":[{"system":"http://a","code":"x"},{"code":"x"}]}})"));
  commit(put(R"({"resourceType":"Patient","id":"2","meta":{"profile":["http://p","http://q"],
      "tag":[{"system":"http://a","code":"x"},{"system":"http://b","code":"x"}]}})"));
  commit(put(R"({"resourceType":"Device","id":"3","meta":{"tag":[{"code":"y"}]}})"));
  EXPECT_THAT(values("_tag"), ::testing::UnorderedElementsAre("|x", "http://a|x", "http://b|x"));
  EXPECT_THAT(values("_profile"), ElementsAre("*|http://p", "*|http://q"));
}

TEST_F(TokenValuesTest, ForgetsWhatIsNoLongerUsed) {
  commit(put(R"({"resourceType":"Patient","id":"1","meta":{"tag":[{"code":"x"},{"code":"y"}]}})"));
  commit(put(R"({"resourceType":"Patient","id":"1","meta":{"tag":[{"code":"y"}]}})"));
  EXPECT_THAT(values("_tag"), ElementsAre("|y"));
  commit(testing::remove("Patient", "1"));
  EXPECT_THAT(values("_tag"), IsEmpty());
}

TEST_F(TokenValuesTest, RefusesMoreThanItMayList) {
  commit(put(R"({"resourceType":"Patient","id":"1","meta":{"tag":[{"code":"x"},{"code":"y"}]}})"));
  EXPECT_THAT(values("_tag", 2), ElementsAre("|x", "|y"));
  EXPECT_THAT(values("_tag", 1), ElementsAre("More than 1 different values of _tag are in use"));
}

}  // namespace
}  // namespace lightbox::store
