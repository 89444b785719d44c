// Studies that other archives hold: their rows beside those of instances that are here.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/dicom_index.h"
#include "store/store_testing.h"

namespace lightbox::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* study_uid = "1.2";

DicomInstance told(const std::string& uid, const std::string& source = "main",
                   const std::string& title = "") {
  DicomInstance instance{.study_uid = study_uid,
                         .series_uid = "1.2.3",
                         .sop_instance_uid = uid,
                         .sop_class_uid = "1.2.840.10008.5.1.4.1.1.2",
                         .transfer_syntax_uid = {},
                         .number = 1,
                         .title = title,
                         .attributes = R"({"00080060":{"vr":"CS","Value":["CT"]}})",
                         .metadata = R"({"00080060":{"vr":"CS","Value":["CT"]}})",
                         .file = {},
                         .source = source};
  instance.hash[0] = static_cast<std::uint8_t>(1 + title.size());
  return instance;
}

DicomInstance arrived(const std::string& uid, const std::string& file) {
  DicomInstance instance = told(uid, "STOW");
  instance.transfer_syntax_uid = "1.2.840.10008.1.2.1";
  instance.file = file;
  instance.file_bytes = 100;
  instance.hash[0] = 99;
  return instance;
}

DicomInstance fetched(const std::string& uid, const std::string& file) {
  DicomInstance instance = arrived(uid, file);
  instance.source = "main";
  instance.is_fetched = true;
  return instance;
}

SourceStudy study_of(const std::string& source, std::optional<std::uint64_t> instances,
                     const std::string& day = "20240105") {
  return {.source = source,
          .study_uid = study_uid,
          .day = day,
          .instances = instances,
          .attributes = R"({"00080020":{"vr":"DA","Value":["20240105"]}})"};
}

class DicomSourcesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = Store::open({.data_directory = directory_.path(), .limits = {}, .index = {}});
    ASSERT_TRUE(opened) << testing::text_of(opened.error());
    store_ = std::move(*opened);
  }
  DicomIndex& index() { return store_->dicom(); }
  AddOutcome add(DicomInstance instance, OnConflict on_conflict = OnConflict::keep_first) {
    auto added = index().add({std::move(instance)}, on_conflict);
    EXPECT_TRUE(added);
    last_ = added->front();
    return last_.outcome;
  }
  StoredFile find(const std::string& uid) {
    auto found = index().find({uid});
    EXPECT_TRUE(found && found->front());
    return found->front().value_or(StoredFile{});
  }

  testing::TemporaryDirectory directory_;
  std::unique_ptr<Store> store_;
  AddResult last_;
};

TEST_F(DicomSourcesTest, WhatIsToldHasNoFileAndMarksItsStudy) {
  const auto put = index().put_source_study(study_of("main", 2), {told("1.1"), told("1.2")});
  ASSERT_TRUE(put);
  EXPECT_EQ(put->changed, 2U);
  EXPECT_TRUE(find("1.1").is_remote());
  EXPECT_EQ(find("1.1").source, "main");
  EXPECT_THAT(*index().changed_studies(), SizeIs(1));
  EXPECT_EQ(index().instance_count(study_uid)->known, 2U);
  EXPECT_EQ(index().instance_count(study_uid)->here, 0U);
  EXPECT_EQ(index().counts()->remote, 2U);
  EXPECT_THAT(*index().files(0, 10), IsEmpty());
  EXPECT_THAT(*index().remote({.study_uid = study_uid}), SizeIs(2));
  EXPECT_EQ(*index().source_study("main", study_uid), study_of("main", 2));
  EXPECT_EQ(index().study(study_uid)->told, std::vector{study_of("main", 2)});
  EXPECT_EQ(index().source_states()->front().studies, 1U);
}

TEST_F(DicomSourcesTest, TheSameToldAgainChangesNoInstance) {
  ASSERT_TRUE(index().put_source_study(study_of("main", 1), {told("1.1")}));
  const auto again = index().put_source_study(study_of("main", 1), {told("1.1")});
  EXPECT_EQ(again->changed, 0U);
  const auto other = index().put_source_study(study_of("main", 1), {told("1.1", "main", "AXIAL")});
  EXPECT_EQ(other->changed, 1U);
  EXPECT_EQ(index().study(study_uid)->instances.at(0).title, "AXIAL");
}

TEST_F(DicomSourcesTest, WhatIsNotToldAnyMoreGoes) {
  ASSERT_TRUE(index().put_source_study(study_of("main", 2), {told("1.1"), told("1.2")}));
  ASSERT_EQ(add(fetched("1.2", "copy")), AddOutcome::stored);
  const auto put = index().put_source_study(study_of("main", 1), {told("1.1")});
  EXPECT_THAT(put->files, ElementsAre("copy"));
  EXPECT_EQ(index().instance_count(study_uid)->known, 1U);
  EXPECT_EQ(index().counts()->fetched_bytes, 0U);
}

TEST_F(DicomSourcesTest, WhatArrivesTakesThePlaceOfWhatIsToldAndKeepsItsKey) {
  ASSERT_TRUE(index().put_source_study(study_of("main", 1), {told("1.1")}));
  const std::int64_t key = find("1.1").key;
  EXPECT_EQ(add(arrived("1.1", "own")), AddOutcome::stored);
  EXPECT_EQ(last_.file, "");
  EXPECT_EQ(find("1.1").key, key);
  EXPECT_EQ(find("1.1").file, "own");
  EXPECT_EQ(index().counts()->remote, 0U);
  EXPECT_EQ(index().counts()->file_bytes, 100U);
  // And stays, whatever the source tells then.
  const auto put = index().put_source_study(study_of("main", 1), {told("1.1", "main", "AXIAL")});
  EXPECT_EQ(put->changed, 0U);
  EXPECT_EQ(find("1.1").file, "own");
  const auto none = index().put_source_study(study_of("main", 0), {});
  EXPECT_THAT(none->files, IsEmpty());
  EXPECT_EQ(find("1.1").file, "own");
}

TEST_F(DicomSourcesTest, CopiesAreReleasedAndFetchedAgain) {
  ASSERT_TRUE(index().put_source_study(study_of("main", 2), {told("1.1"), told("1.2")}));
  EXPECT_EQ(add(fetched("1.1", "copy")), AddOutcome::stored);
  EXPECT_EQ(add(fetched("1.1", "copy")), AddOutcome::known);
  EXPECT_EQ(index().counts()->fetched_bytes, 100U);
  EXPECT_EQ(index().counts()->remote, 1U);
  const auto copies = index().fetched(10);
  ASSERT_THAT(*copies, SizeIs(1));
  EXPECT_THAT(*index().release({copies->at(0).key, 12345}), ElementsAre("copy"));
  EXPECT_TRUE(find("1.1").is_remote());
  EXPECT_EQ(find("1.1").transfer_syntax_uid, "1.2.840.10008.1.2.1");
  EXPECT_EQ(index().counts()->file_bytes, 0U);
  EXPECT_EQ(index().counts()->fetched_bytes, 0U);
  EXPECT_EQ(index().counts()->remote, 2U);
  EXPECT_THAT(*index().release({copies->at(0).key}), IsEmpty());
  EXPECT_EQ(add(fetched("1.1", "copy")), AddOutcome::stored);
}

TEST_F(DicomSourcesTest, ACopyBecomesTheArchivesOwn) {
  ASSERT_TRUE(index().put_source_study(study_of("main", 2), {told("1.1"), told("1.2")}));
  ASSERT_EQ(add(fetched("1.1", "copy")), AddOutcome::stored);
  EXPECT_EQ(add(arrived("1.1", "own")), AddOutcome::stored);
  EXPECT_EQ(last_.file, "copy");
  EXPECT_FALSE(find("1.1").is_fetched);
  ASSERT_EQ(add(fetched("1.2", "copy 2")), AddOutcome::stored);
  ASSERT_TRUE(index().keep_fetched(study_uid));
  EXPECT_FALSE(find("1.2").is_fetched);
  EXPECT_EQ(index().counts()->fetched_bytes, 0U);
  EXPECT_THAT(*index().fetched(10), IsEmpty());
}

TEST_F(DicomSourcesTest, WhatTwoSourcesHoldIsThereUntilBothHaveLostIt) {
  ASSERT_TRUE(index().put_source_study(study_of("main", 1), {told("1.1")}));
  ASSERT_TRUE(index().put_source_study(study_of("other", 1), {told("1.1", "other", "AXIAL")}));
  EXPECT_EQ(find("1.1").source, "main");  // who told it first
  EXPECT_THAT(*index().source_studies(study_uid), SizeIs(2));
  EXPECT_THAT(*index().remove_source_study("main", study_uid), IsEmpty());
  EXPECT_EQ(find("1.1").source, "other");
  ASSERT_EQ(add(fetched("1.1", "copy")), AddOutcome::stored);
  ASSERT_TRUE(index().put_source_study(study_of("main", 1), {told("1.1")}));
  ASSERT_TRUE(index().remove_source_study("main", study_uid));
  EXPECT_THAT(*index().remove_source_study("other", study_uid), SizeIs(::testing::Le(1)));
  EXPECT_EQ(index().instance_count(study_uid)->known, 0U);
  EXPECT_THAT(*index().changed_studies(), SizeIs(1));
  EXPECT_THAT(index().study(study_uid)->told, IsEmpty());
}

TEST_F(DicomSourcesTest, AStudyWithoutInstancesStaysWhileASourceHoldsIt) {
  ASSERT_TRUE(index().put_source_study(study_of("main", std::nullopt), {}));
  const auto project = [&] {
    return index().project({.study_uid = study_uid,
                            .revision = index().study(study_uid)->revision,
                            .operations = {},
                            .identities = {},
                            .problems = {}});
  };
  ASSERT_TRUE(project());
  EXPECT_TRUE(index().study(study_uid));
  ASSERT_TRUE(index().remove_source_study("main", study_uid));
  ASSERT_TRUE(project());
  EXPECT_FALSE(index().study(study_uid));
}

TEST_F(DicomSourcesTest, WhatIsElsewhereIsNotDeletedHere) {
  ASSERT_TRUE(index().put_source_study(study_of("main", 1), {told("1.1")}));
  const auto removed = index().remove({.study_uid = study_uid});
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().kind, ProblemKind::conflict);
  ASSERT_EQ(add(arrived("1.1", "own")), AddOutcome::stored);
  EXPECT_TRUE(index().remove({.study_uid = study_uid}));
}

TEST_F(DicomSourcesTest, AnInstanceOfAnotherStudyIsAConflict) {
  DicomInstance other = told("1.1");
  other.study_uid = "1.9";
  SourceStudy its_study = study_of("main", 1);
  its_study.study_uid = "1.9";
  ASSERT_TRUE(index().put_source_study(its_study, {other}));
  const auto put = index().put_source_study(study_of("main", 1), {told("1.1")});
  EXPECT_EQ(put->conflicts, 1U);
  EXPECT_EQ(find("1.1").instance.study_uid, "1.9");
}

TEST_F(DicomSourcesTest, StudiesByDayAndStates) {
  ASSERT_TRUE(index().put_source_study(study_of("main", 1), {told("1.1")}));
  EXPECT_THAT(*index().studies_of_source("main", "20240105", "20240105"), ElementsAre(study_uid));
  EXPECT_THAT(*index().studies_of_source("main", "20240106", "20991231"), IsEmpty());
  EXPECT_THAT(*index().studies_of_source("other", "19000101", "20991231"), IsEmpty());
  ASSERT_TRUE(index().note_source_state({.source = "main", .polled_ms = 5}));
  ASSERT_TRUE(index().note_source_state(
      {.source = "main", .walked_ms = 3, .failed_ms = 7, .failure = "no answer"}));
  const auto states = index().source_states();
  ASSERT_THAT(*states, SizeIs(1));
  EXPECT_EQ(states->at(0).studies, 1U);
  EXPECT_EQ(states->at(0).polled_ms, 5);
  EXPECT_EQ(states->at(0).walked_ms, 3);
  EXPECT_EQ(states->at(0).failed_ms, 7);
  EXPECT_EQ(states->at(0).failure, "no answer");
}

}  // namespace
}  // namespace lightbox::store
