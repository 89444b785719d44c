// What becomes of a chain's result when resources of the other type change.

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "store/store_testing.h"

namespace lightbox::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class SearchChain : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = Store::open({.data_directory = directory_.path(), .limits = {}, .index = {}});
    ASSERT_TRUE(opened);
    store_ = std::move(*opened);
  }
  void put_patient(std::string_view id, std::string_view family) {
    commit(testing::put(fmt::format(
        R"({{"resourceType":"Patient","id":"{}","name":[{{"family":"{}"}}]}})", id, family)));
  }
  void put_study(std::string_view id, std::string_view patient) {
    commit(testing::put(fmt::format(
        R"({{"resourceType":"ImagingStudy","id":"{}","status":"available","subject":{{"reference":"Patient/{}"}}}})",
        id, patient)));
  }
  void commit(Operation operation) {
    ASSERT_TRUE(store_->commit_and_wait(testing::one(std::move(operation))));
  }
  std::vector<std::string> find(std::string_view type, std::string name, std::string value) {
    const std::vector<std::pair<std::string, std::string>> parameters{
        {std::move(name), std::move(value)}};
    const auto query = fhir::parse_search(testing::type_of(type), parameters, {});
    EXPECT_TRUE(query && query->notes.empty());
    const auto page = store_->search(*query, {});
    EXPECT_TRUE(page);
    std::vector<std::string> ids;
    for (const auto& match : page->matches) ids.push_back(match.id);
    return ids;
  }

  testing::TemporaryDirectory directory_;
  std::unique_ptr<Store> store_;
};

TEST_F(SearchChain, FollowsEachChangeOfTheOtherType) {
  put_patient("p", "Smith");
  put_study("s", "p");
  for (int round = 0; round < 3; ++round) {
    EXPECT_THAT(find("ImagingStudy", "patient.family", "smith"), ElementsAre("s"));
    EXPECT_THAT(find("ImagingStudy", "patient.family:contains", "mit"), ElementsAre("s"));
    put_patient("p", "Jones");
    EXPECT_THAT(find("ImagingStudy", "patient.family", "smith"), IsEmpty());
    EXPECT_THAT(find("ImagingStudy", "patient.family:contains", "mit"), IsEmpty());
    put_patient("p", "Smith");
  }
  commit(testing::remove("Patient", "p"));
  EXPECT_THAT(find("ImagingStudy", "patient.family", "smith"), IsEmpty());
}

TEST_F(SearchChain, HasFollowsEachChangeOfTheOtherType) {
  put_patient("p", "Smith");
  put_patient("q", "Jones");
  put_study("s", "p");
  EXPECT_THAT(find("Patient", "_has:ImagingStudy:patient:status", "available"), ElementsAre("p"));
  put_study("s", "q");
  EXPECT_THAT(find("Patient", "_has:ImagingStudy:patient:status", "available"), ElementsAre("q"));
  commit(testing::remove("ImagingStudy", "s"));
  EXPECT_THAT(find("Patient", "_has:ImagingStudy:patient:status", "available"), IsEmpty());
}

TEST_F(SearchChain, ToSeveralTypesIsOfAllThatHaveTheParameter) {
  put_patient("p", "Smith");
  commit(testing::put(
      R"({"resourceType":"Practitioner","id":"d","active":true,"name":[{"family":"Smith"}]})"));
  commit(testing::put(
      R"({"resourceType":"Appointment","id":"a","status":"booked","participant":[{"actor":{"reference":"Patient/p"},"status":"accepted"}]})"));
  commit(testing::put(
      R"({"resourceType":"Appointment","id":"b","status":"booked","participant":[{"actor":{"reference":"Practitioner/d"},"status":"accepted"}]})"));
  EXPECT_THAT(find("Appointment", "actor.name", "smith"), ElementsAre("a", "b"));
  EXPECT_THAT(find("Appointment", "actor:Practitioner.name", "smith"), ElementsAre("b"));
}

}  // namespace
}  // namespace lightbox::store
