#include "imaging/merge_plan.h"

#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fhir/resource.h"

namespace lightbox::imaging {
namespace {

using store::IdentityKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const fhir::ResourceType& type_of(std::string_view name) {
  return *fhir::Definitions::r4().resource_type(name);
}

class MergePlanTest : public ::testing::Test {
 protected:
  MergePlanTest() {
    std::string name =
        (std::filesystem::temp_directory_path() / "lightbox-imaging-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    auto store = store::Store::open({.data_directory = folder_, .limits = limits_, .index = {}});
    EXPECT_TRUE(store) << store.error().issues[0].diagnostics;
    store_ = std::move(*store);
    put(R"({"resourceType":"Patient","id":"s","identifier":[{"system":"urn:a","value":"1"}]})");
    put(R"({"resourceType":"Patient","id":"t","identifier":[{"system":"urn:a","value":"2"}]})");
  }
  ~MergePlanTest() override {
    store_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  void put(std::string_view json) {
    const auto resource = fhir::parse_resource(json);
    ASSERT_TRUE(resource) << resource.error().issues[0].diagnostics;
    std::vector<store::Operation> operations;
    operations.push_back(
        {.kind = store::Operation::Kind::put,
         .type = resource->type,
         .id = std::string(resource->id()),
         .body = fhir::to_stored(resource->json()),
         .index = fhir::index_resource(*resource->type, resource->json(), index_)});
    ASSERT_TRUE(store_->commit_and_wait(std::move(operations)));
  }

  void identify(IdentityKind kind, std::string key, std::string_view type, std::string id,
                std::string rank = {}) {
    ASSERT_TRUE(store_->dicom().reassign({},
                                         {{.kind = kind,
                                           .key = std::move(key),
                                           .type = &type_of(type),
                                           .id = std::move(id),
                                           .projected = R"({"resourceType":"Patient"})",
                                           .rank = std::move(rank)}},
                                         {}));
  }

  Result<MergePlan> plan(const std::string& source = "s", const std::string& target = "t") {
    return plan_merge({.store = *store_, .index = index_, .limits = limits_}, source, target);
  }
  store::CommitResult commit(const MergePlan& merge) {
    return store_->dicom().reassign(merge.operations, merge.identities, merge.changed_studies);
  }

  static std::vector<std::string> written(const MergePlan& merge) {
    std::vector<std::string> names;
    for (const auto& one : merge.operations) {
      names.push_back(fmt::format("{}/{}", one.type->name, one.id));
    }
    return names;
  }
  std::string read(std::string_view type, std::string_view id) {
    std::string json;
    const auto found = store_->read(type_of(type), id);
    if (found) store::append_resource(*found, json);
    return json;
  }

  std::string folder_;
  Limits limits_;
  fhir::IndexOptions index_{.own_bases = {"http://here/baseR4/"}};
  std::unique_ptr<store::Store> store_;
};

TEST_F(MergePlanTest, WhatRefersToTheSourceIsRewritten) {
  put(R"({"resourceType":"Observation","id":"a","status":"final","code":{"text":"x"},
          "subject":{"reference":"http://here/baseR4/Patient/s"},
          "performer":[{"reference":"Patient/s"},{"reference":"Patient/t"},
                       {"reference":"http://there/Patient/s"}]})");
  put(R"({"resourceType":"Observation","id":"b","status":"final","code":{"text":"x"},
          "subject":{"reference":"Patient/t"}})");
  put(R"({"resourceType":"Provenance","id":"c","recorded":"2026-01-01T00:00:00Z",
          "agent":[{"who":{"display":"x"}}],"target":[{"reference":"Patient/s/_history/1"}]})");
  const auto merge = plan();
  ASSERT_TRUE(merge) << merge.error().issues[0].diagnostics;
  EXPECT_THAT(written(*merge), ElementsAre("Patient/s", "Patient/t", "Observation/a"));
  EXPECT_THAT(merge->referring, ElementsAre(::testing::Pair("Observation", 1)));
  ASSERT_TRUE(commit(*merge));
  const std::string observation = read("Observation", "a");
  EXPECT_THAT(observation, HasSubstr(R"("subject":{"reference":"Patient/t"})"));
  EXPECT_THAT(observation, HasSubstr(R"({"reference":"http://there/Patient/s"})"));
  EXPECT_THAT(read("Patient", "s"), HasSubstr(R"("active":false)"));
  const auto again = plan();
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->is_empty());
}

TEST_F(MergePlanTest, NothingIsWrittenWhenOneOfThemChangedMeanwhile) {
  put(R"({"resourceType":"Basic","id":"a","code":{"text":"x"},"subject":{"reference":"Patient/s"}})");
  const auto merge = plan();
  ASSERT_TRUE(merge);
  put(R"({"resourceType":"Basic","id":"a","code":{"text":"y"},"subject":{"reference":"Patient/s"}})");
  const auto done = commit(*merge);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ProblemKind::precondition_failed);
  EXPECT_EQ(store_->read(type_of("Patient"), "s")->version, 1);
  EXPECT_EQ(*store_->dicom().identity(IdentityKind::patient, "urn:a|1"), std::nullopt);
}

TEST_F(MergePlanTest, DicomKnowsTheTargetByWhatItKnewTheSourceBy) {
  identify(IdentityKind::patient, "urn:a|0", "Patient", "s", "2026 1.2");
  identify(IdentityKind::patient, "urn:a|9", "Patient", "other");
  put(R"({"resourceType":"Patient","id":"s","identifier":[{"system":"urn:a","value":"1"},
          {"system":"urn:a","value":"9"},{"system":"urn:a","value":"2"},{"value":"7"}]})");
  const auto merge = plan();
  ASSERT_TRUE(merge);
  ASSERT_TRUE(commit(*merge));
  const auto target_of = [&](std::string_view key) {
    const auto identity = store_->dicom().identity(IdentityKind::patient, key);
    return identity && *identity ? (*identity)->id + " " + (*identity)->rank : "";
  };
  EXPECT_EQ(target_of("urn:a|0"), "t ~");
  EXPECT_EQ(target_of("urn:a|1"), "t ~");
  EXPECT_EQ(target_of("|7"), "t ~");
  EXPECT_EQ(target_of("urn:a|2"), "t ") << "both have it: it says something of the target";
  EXPECT_EQ(target_of("urn:a|9"), "other ");
}

TEST_F(MergePlanTest, StudiesAreProjectedAgain) {
  put(R"({"resourceType":"ImagingStudy","id":"x","status":"available",
          "subject":{"reference":"Patient/s"}})");
  identify(IdentityKind::study, "1.2", "ImagingStudy", "x");
  ASSERT_TRUE(store_->dicom().add_problem({.kind = store::DicomProblemKind::mapping,
                                           .study_uid = "1.9",
                                           .code = "multiple-matches",
                                           .diagnostics = "x"}));
  EXPECT_THAT(plan()->changed_studies, ElementsAre("1.2", "1.9"));
}

TEST_F(MergePlanTest, TooManyAreRefused) {
  limits_.merged_resources_max = 2;
  limits_.page_size_max = 1;
  const auto refer = [&](int id) {
    put(fmt::format(
        R"({{"resourceType":"Basic","id":"{}","code":{{"text":"x"}},"subject":{{"reference":"Patient/s"}}}})",
        id));
  };
  refer(1);
  refer(2);
  EXPECT_THAT(plan()->operations, SizeIs(4));
  refer(3);
  const auto refused = plan();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ProblemKind::unprocessable);
  EXPECT_EQ(refused.error().issues[0].code, "too-costly");
  EXPECT_THAT(refused.error().issues[0].diagnostics, HasSubstr("merged_resources_max"));
}

TEST_F(MergePlanTest, OnePatientIsNotTwo) {
  EXPECT_EQ(plan("s", "s").error().kind, ProblemKind::unprocessable);
  EXPECT_EQ(plan("s", "nobody").error().issues[0].code, "not-found");
  EXPECT_EQ(plan("nobody", "t").error().issues[0].code, "not-found");
}

}  // namespace
}  // namespace lightbox::imaging
