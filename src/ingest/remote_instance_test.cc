// Instances that only another archive has, in the archive beside those that are here.

#include "ingest/remote_instance.h"

#include <gmock/gmock.h>

#include "ingest/archive_testing.h"
#include "ingest/projector.h"
#include "ingest/stored_object.h"

namespace lightbox::ingest {
namespace {

using testing::ArchiveTest;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr std::string_view told =
    R"({"00080016":{"vr":"UI","Value":["1.2.840.10008.5.1.4.1.1.2"]},)"
    R"("00080018":{"vr":"UI","Value":["1.2.3.1.1"]},)"
    R"("00080020":{"vr":"DA","Value":["20240105"]},"00080060":{"vr":"CS","Value":["CT"]},)"
    R"("00100020":{"vr":"LO","Value":["P1"]},"0020000D":{"vr":"UI","Value":["1.2.3"]},)"
    R"("0020000E":{"vr":"UI","Value":["1.2.3.1"]},"00200013":{"vr":"IS","Value":[7]}})";

store::SourceStudy study(std::optional<std::uint64_t> instances = 1) {
  return {.source = "main",
          .study_uid = "1.2.3",
          .day = "20240105",
          .instances = instances,
          .attributes =
              R"({"00080020":{"vr":"DA","Value":["20240105"]},)"
              R"("00080061":{"vr":"CS","Value":["CT","SR"]},)"
              R"("00100010":{"vr":"PN","Value":[{"Alphabetic":"Doe^Jane"}]},)"
              R"("00100020":{"vr":"LO","Value":["P1"]},)"
              R"("0020000D":{"vr":"UI","Value":["1.2.3"]},)"
              R"("00201206":{"vr":"IS","Value":[2]},"00201208":{"vr":"IS","Value":[12]}})"};
}

class RemoteInstanceTest : public ArchiveTest {
 protected:
  void tell(std::string_view json = told) {
    auto instance = describe_remote(json, "main", {});
    ASSERT_TRUE(instance) << instance.error().issues[0].diagnostics;
    ASSERT_TRUE(archive_->put_source_study(study(), {std::move(*instance)}));
  }
  std::string project() {
    ProjectorOptions options;
    options.rules.dicomweb_base = "http://localhost:8080/dicomweb";
    options.rules.source_endpoints = {{"near", "https://near.example.org"},
                                      {"main", "https://main.example.org"}};
    auto projector = Projector::start(options, *archive_);
    EXPECT_TRUE(projector);
    EXPECT_TRUE((*projector)->project("1.2.3"));
    projector->reset();
    const auto& type = *fhir::Definitions::r4().resource_type("ImagingStudy");
    std::string json;
    if (auto found = store_->read(type, "1.2.3")) store::append_resource(*found, json);
    return json;
  }
};

TEST_F(RemoteInstanceTest, IsDescribedByWhatIsTold) {
  const auto instance = describe_remote(told, "main", {});
  ASSERT_TRUE(instance);
  EXPECT_EQ(instance->sop_instance_uid, "1.2.3.1.1");
  EXPECT_EQ(instance->number, 7);
  EXPECT_EQ(instance->file, "");
  EXPECT_EQ(instance->metadata, told);
  EXPECT_THAT(instance->attributes, HasSubstr("00100020"));
  EXPECT_EQ(describe_remote(told, "main", {})->hash, instance->hash);
  for (const char* wrong : {"{", R"({"00080018":{"vr":"UI","Value":["1.2.3.1.1"]}})"}) {
    const auto refused = describe_remote(wrong, "main", {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ProblemKind::invalid);
  }
}

TEST_F(RemoteInstanceTest, IsShownWithTheEndpointsOfThoseWhoHoldIt) {
  tell();
  const std::string json = project();
  EXPECT_THAT(json, HasSubstr(R"("status":"available")"));
  EXPECT_THAT(json, HasSubstr(R"("numberOfInstances":1)"));
  const auto& type = *fhir::Definitions::r4().resource_type("Endpoint");
  fhir::SearchContext context;
  const auto query = fhir::parse_search(type, {}, context);
  EXPECT_THAT(store_->search(*query, {})->matches, SizeIs(2));  // not that of "near"
}

TEST_F(RemoteInstanceTest, OfWhichNoInstanceIsKnownIsRegistered) {
  ASSERT_TRUE(archive_->put_source_study(study(12), {}));
  const std::string json = project();
  EXPECT_THAT(json, HasSubstr(R"("status":"registered")"));
  EXPECT_THAT(json, HasSubstr(R"("numberOfSeries":2)"));
  EXPECT_THAT(json, HasSubstr(R"("numberOfInstances":12)"));
  EXPECT_THAT(json, HasSubstr(R"("code":"SR")"));
  EXPECT_THAT(json, HasSubstr(R"("started":"2024-01-05")"));
  EXPECT_THAT(json, HasSubstr("Jane Doe"));
  EXPECT_THAT(json, Not(HasSubstr(R"("series":)")));
  tell();
  EXPECT_THAT(project(), HasSubstr(R"("status":"available")"));
  ASSERT_TRUE(archive_->remove_source_study("main", "1.2.3"));
  EXPECT_EQ(project(), "");
}

TEST_F(RemoteInstanceTest, IsNotOpenedBeforeItIsHere) {
  tell();
  auto object = StoredObject::find(*archive_, {"1.2.3", "1.2.3.1", "1.2.3.1.1"});
  ASSERT_TRUE(object);
  const auto opened = object->open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ProblemKind::unavailable);
  EXPECT_THAT(opened.error().issues[0].diagnostics, HasSubstr("in the archive main"));
}

TEST_F(RemoteInstanceTest, WhatComesWhileItIsFetchedIsACopy) {
  tell();
  const std::string pixels(128, 'x');
  const std::string file = testing::image_file("1.2.3", "1.2.3.1", "1.2.3.1.1", pixels);
  {
    const auto fetching = archive_->fetching("TEST", "1.2.3", "main");
    EXPECT_EQ(add_one(file).outcome, Admitted::Outcome::stored);
  }
  const auto copies = store_->dicom().fetched(10);
  ASSERT_THAT(*copies, SizeIs(1));
  EXPECT_EQ(store_->dicom().find({"1.2.3.1.1"})->front()->source, "main");
  EXPECT_THAT(files(), SizeIs(1));
  ASSERT_TRUE(archive_->release({copies->front().key}));
  EXPECT_THAT(files(), IsEmpty());
  EXPECT_TRUE(store_->dicom().find({"1.2.3.1.1"})->front()->is_remote());
  // By itself it is the archive's own.
  EXPECT_EQ(archive_->accept(incoming(file)).outcome, Admitted::Outcome::stored);
  archive_->await_index();
  EXPECT_THAT(*store_->dicom().fetched(10), IsEmpty());
  EXPECT_THAT(files(), SizeIs(1));
}

TEST_F(RemoteInstanceTest, ItsOwnTakesThePlaceOfACopy) {
  tell();
  const std::string pixels(128, 'x');
  const std::string file = testing::image_file("1.2.3", "1.2.3.1", "1.2.3.1.1", pixels);
  {
    const auto fetching = archive_->fetching("TEST", "1.2.3", "main");
    EXPECT_EQ(archive_->accept(incoming(file)).outcome, Admitted::Outcome::stored);
    EXPECT_EQ(archive_->accept(incoming(file)).outcome, Admitted::Outcome::known);
  }
  archive_->await_index();
  EXPECT_EQ(archive_->accept(incoming(file)).outcome, Admitted::Outcome::stored);
  archive_->await_index();
  EXPECT_THAT(*store_->dicom().fetched(10), IsEmpty());
  EXPECT_THAT(files(), SizeIs(1));
  EXPECT_TRUE(archive_->remove({.study_uid = "1.2.3"}));
  EXPECT_THAT(files(), IsEmpty());
}

}  // namespace
}  // namespace lightbox::ingest
