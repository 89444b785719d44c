#include "ingest/retry.h"

#include <fstream>
#include <gmock/gmock.h>
#include <thread>

#include "ingest/archive_testing.h"
#include "ingest/check_repair.h"

namespace lightbox::ingest {
namespace {

using testing::ct;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;
using Outcome = Admitted::Outcome;

class RetryTest : public testing::ArchiveTest {
 protected:
  // What it is in quarantine for is mended by what open() is given next.
  void refuse_all() {
    limits_.dicom_elements_max = 5;
    open();
  }
  void take_all() {
    limits_ = Limits();
    open();
  }
  Result<Admitted> retry_first() { return retry(*archive_, problems().at(0)); }
};

struct Heard : Archive::Listener {
  void changed(std::string_view study_uid) override { all.push_back("changed " + text(study_uid)); }
  void settled(std::string_view study_uid) override { all.push_back("settled " + text(study_uid)); }
  static std::string text(std::string_view uid) { return std::string(uid); }
  std::vector<std::string> all;
};

TEST_F(RetryTest, WhatCanBeIndexedNowGoesInAndOffTheList) {
  refuse_all();
  const std::string file = ct("1.2", "1.3", "1.4").file();
  ASSERT_EQ(add_one(file).outcome, Outcome::quarantined);
  take_all();
  Heard heard;
  archive_->set_listener(&heard);
  const auto retried = retry_first();
  ASSERT_TRUE(retried) << retried.error().issues[0].diagnostics;
  EXPECT_EQ(retried->outcome, Outcome::stored);
  EXPECT_EQ(retried->sop_instance_uid, "1.4");
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_THAT(files(), ElementsAre(EndsWith("/1.2/1.4.dcm")));
  EXPECT_THAT(heard.all, ElementsAre("changed 1.2", "settled 1.2"));
  // As of whoever sent it, by whom the mapping knows issuers and time zones.
  EXPECT_EQ(store_->dicom().study("1.2")->instances[0].source, "TEST");
  archive_->set_listener(nullptr);
}

TEST_F(RetryTest, WhatIsThereMeanwhileIsKnown) {
  refuse_all();
  const std::string file = ct("1.2", "1.3", "1.4").file();
  add_one(file);
  take_all();
  ASSERT_EQ(add_one(file).outcome, Outcome::stored);
  const auto retried = retry_first();
  ASSERT_TRUE(retried);
  EXPECT_EQ(retried->outcome, Outcome::known);
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_THAT(files(), SizeIs(1));
}

TEST_F(RetryTest, TheReasonThatStandsNowIsListed) {
  refuse_all();
  add_one(ct("1.2", "1.3", "1.4").leave_out(dicom::tags::SeriesInstanceUID).file());
  EXPECT_THAT(problems()[0].diagnostics, HasSubstr("dicom_elements_max"));
  for (int time = 0; time < 2; ++time) {
    take_all();
    const auto retried = retry_first();
    ASSERT_FALSE(retried);
    EXPECT_EQ(retried.error().kind, ProblemKind::unprocessable);
    EXPECT_THAT(retried.error().issues[0].diagnostics, HasSubstr("(0020,000E)"));
    ASSERT_THAT(problems(), SizeIs(1));
    EXPECT_THAT(problems()[0].diagnostics, HasSubstr("(0020,000E)"));
    EXPECT_EQ(problems()[0].source, "TEST");
    ASSERT_THAT(files(), ElementsAre(StartsWith("quarantine/")));
    EXPECT_EQ(problems()[0].file, files()[0]);
  }
}

TEST_F(RetryTest, AConflictStaysInQuarantine) {
  refuse_all();
  add_one(ct("1.2", "1.3", "1.4").file());
  take_all();
  add_one(ct("1.2", "1.3", "1.4", "P2").file());
  const auto retried = retry_first();
  ASSERT_FALSE(retried);
  EXPECT_EQ(retried.error().kind, ProblemKind::conflict);
  EXPECT_THAT(files(), ElementsAre(EndsWith("/1.4.dcm"), StartsWith("quarantine/")));
  // Once the other has gone it is taken.
  ASSERT_TRUE(archive_->remove({.study_uid = "1.2"}));
  const auto listed = store_->dicom().problems(store::DicomProblemKind::quarantined);
  ASSERT_THAT(*listed, SizeIs(1));
  EXPECT_EQ((*listed)[0].code, "duplicate");
  EXPECT_TRUE(retry(*archive_, (*listed)[0]));
  EXPECT_EQ(store_->dicom().counts()->instances, 1);
}

TEST_F(RetryTest, WithWhatNothingIsKeptIsSaid) {
  for (const auto kind : {store::DicomProblemKind::conflict, store::DicomProblemKind::check,
                          store::DicomProblemKind::mapping}) {
    const auto retried = retry(*archive_, {.kind = kind, .study_uid = "1.2"});
    ASSERT_FALSE(retried);
    EXPECT_EQ(retried.error().kind, ProblemKind::conflict);
  }
}

TEST_F(RetryTest, DamagedBytesAreNeverTaken) {
  std::ofstream(folder_ + "/dicom/quarantine/x.dcm") << ct("1.2", "1.3", "1.4").file();
  for (const std::string_view code : {std::string_view("invalid"), damaged_code}) {
    ASSERT_TRUE(store_->dicom().add_problem({.kind = store::DicomProblemKind::quarantined,
                                             .file = "quarantine/x.dcm",
                                             .code = std::string(code),
                                             .diagnostics = "it is " + std::string(code)}));
  }
  const auto retried = retry_first();
  ASSERT_FALSE(retried);
  EXPECT_EQ(retried.error().kind, ProblemKind::conflict);
  EXPECT_EQ(store_->dicom().counts()->instances, 0);
  EXPECT_THAT(files(), SizeIs(1));
}

TEST_F(RetryTest, AFileThatIsGoneIsSaid) {
  refuse_all();
  add_one(ct("1.2", "1.3", "1.4").file());
  std::filesystem::remove(folder_ + "/dicom/" + files()[0]);
  EXPECT_EQ(retry_first().error().kind, ProblemKind::not_found);
  EXPECT_THAT(problems(), SizeIs(1));
}

TEST_F(RetryTest, AFileInPlaceIsIndexedThere) {
  refuse_all();
  const std::string path = folder_ + "/elsewhere.dcm";
  std::ofstream(path, std::ios::binary) << ct("1.2", "1.3", "1.4").file();
  Incoming object = archive_->receive({.name = "import", .remote_address = {}});
  object.set_in_place(path);
  std::vector<Incoming> objects;
  objects.push_back(std::move(object));
  ASSERT_EQ(archive_->add(std::move(objects))[0].outcome, Outcome::quarantined);
  take_all();
  ASSERT_TRUE(retry_first());
  EXPECT_TRUE(std::filesystem::exists(path));
  EXPECT_EQ((*store_->dicom().files(store::DicomSelection{.sop_instance_uid = "1.4"}))[0].file,
            path);
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(RetryTest, ManyAtOnceTakeItOnce) {
  refuse_all();
  add_one(ct("1.2", "1.3", "1.4").file());
  take_all();
  const auto problem = problems()[0];
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const auto retried = retry(*archive_, problem);
      EXPECT_TRUE(retried || retried.error().kind == ProblemKind::not_found);
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_EQ(store_->dicom().counts()->instances, 1);
  // The one that the index names: which name it got depends on who was first to put a file there.
  const auto indexed = store_->dicom().files(store::DicomSelection{.sop_instance_uid = "1.4"});
  EXPECT_THAT(files(), ElementsAre(indexed->at(0).file));
}

TEST_F(RetryTest, AFileGoesWithTheLastProblemThatNamesIt) {
  refuse_all();
  add_one(ct("1.2", "1.3", "1.4").file());
  store::DicomProblem other = problems()[0];
  other.diagnostics = "another reason";
  ASSERT_TRUE(store_->dicom().add_problem(other));
  ASSERT_THAT(problems(), SizeIs(2));
  ASSERT_TRUE(archive_->dismiss(problems()[0]));
  EXPECT_THAT(files(), SizeIs(1));
  ASSERT_TRUE(archive_->dismiss(problems()[0]));
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(RetryTest, AStudyIsMappedAgain) {
  add_one(ct("1.2", "1.3", "1.4").file());
  Heard heard;
  archive_->set_listener(&heard);
  ASSERT_TRUE(archive_->map_again("1.2"));
  EXPECT_THAT(heard.all, ElementsAre("changed 1.2", "settled 1.2"));
  EXPECT_EQ(archive_->map_again("1.9").error().kind, ProblemKind::not_found);
  archive_->set_listener(nullptr);
}

}  // namespace
}  // namespace lightbox::ingest
