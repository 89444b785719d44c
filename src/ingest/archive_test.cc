#include "ingest/archive.h"

#include <fstream>
#include <gmock/gmock.h>
#include <thread>

#include "ingest/archive_testing.h"

namespace lightbox::ingest {
namespace {

using testing::ArchiveTest;
using testing::ct;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::SizeIs;
using ::testing::StartsWith;
using Outcome = Admitted::Outcome;

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST_F(ArchiveTest, AnObjectIsAFileByDayAndStudyAndARow) {
  const std::string file = ct("1.2", "1.3", "1.4").file();
  const Admitted admitted = add_one(file);
  EXPECT_EQ(admitted.outcome, Outcome::stored);
  EXPECT_EQ(admitted.study_uid, "1.2");
  EXPECT_EQ(admitted.series_uid, "1.3");
  EXPECT_EQ(admitted.sop_instance_uid, "1.4");
  EXPECT_EQ(admitted.transfer_syntax_uid, "1.2.840.10008.1.2.1");
  ASSERT_THAT(files(), ElementsAre(MatchesRegex("[0-9]{4}/[0-9]{2}/[0-9]{2}/1\\.2/1\\.4\\.dcm")));
  EXPECT_EQ(read_file(folder_ + "/dicom/" + files()[0]), file);
  open();
  const auto there = store_->dicom().files(store::DicomSelection{.sop_instance_uid = "1.4"});
  ASSERT_TRUE(there);
  ASSERT_THAT(*there, SizeIs(1));
  EXPECT_EQ((*there)[0].file, files()[0]);
  EXPECT_EQ((*there)[0].file_bytes, file.size());
}

TEST_F(ArchiveTest, ALargeObjectGoesThroughAFileOfItsOwn) {
  limits_.dicom_memory_bytes_max = 500;
  open();
  auto text = ct("1.2", "1.3", "1.4");
  text.set(0x00104000, "LT", std::string(9000, 'x'));
  EXPECT_EQ(add_one(text.file()).outcome, Outcome::stored);
  ASSERT_THAT(files(), ElementsAre(EndsWith("/1.2/1.4.dcm")));
  EXPECT_EQ(read_file(folder_ + "/dicom/" + files()[0]), text.file());
}

TEST_F(ArchiveTest, AnObjectThatIsDroppedTakesItsFileAlong) {
  limits_.dicom_memory_bytes_max = 500;
  open();
  {
    const Incoming object = incoming(std::string(5000, 'x'));
    EXPECT_THAT(files(), ElementsAre(StartsWith("incoming/")));
  }
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(ArchiveTest, WhatWasOnItsWayGoesAtTheNextStart) {
  std::ofstream(folder_ + "/dicom/incoming/7.part") << "half";
  open();
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(ArchiveTest, TheSameAgainChangesNothing) {
  const std::string file = ct("1.2", "1.3", "1.4").file();
  add_one(file);
  const auto before = files();
  const auto revision = store_->dicom().study("1.2")->revision;
  EXPECT_EQ(add_one(file).outcome, Outcome::known);
  // Other file meta information is the sender's, not the object's.
  const std::string other_meta = dicom::file_meta_of({.sop_class_uid = "1.2.840.10008.5.1.4.1.1.2",
                                                      .sop_instance_uid = "1.4",
                                                      .transfer_syntax = "1.2.840.10008.1.2.1",
                                                      .source_ae_title = "ANOTHER"}) +
                                 ct("1.2", "1.3", "1.4").data_set();
  EXPECT_EQ(add_one(other_meta).outcome, Outcome::known);
  EXPECT_EQ(files(), before);
  EXPECT_EQ(store_->dicom().study("1.2")->revision, revision);
}

TEST_F(ArchiveTest, OtherContentOfTheSameInstanceIsRefusedAndListed) {
  add_one(ct("1.2", "1.3", "1.4").file());
  const auto before = files();
  const Admitted admitted = add_one(ct("1.2", "1.3", "1.4", "P2").file());
  EXPECT_EQ(admitted.outcome, Outcome::conflict);
  EXPECT_EQ(admitted.problem.kind, ProblemKind::conflict);
  EXPECT_THAT(admitted.problem.issues[0].diagnostics, HasSubstr("1.4"));
  EXPECT_EQ(files(), before);
  ASSERT_THAT(problems(), SizeIs(1));
  EXPECT_EQ(problems()[0].kind, store::DicomProblemKind::conflict);
  EXPECT_EQ(problems()[0].source, "TEST");
  const Admitted elsewhere = add_one(ct("1.9", "1.3", "1.4").file());
  EXPECT_EQ(elsewhere.outcome, Outcome::conflict);
  EXPECT_THAT(elsewhere.problem.issues[0].diagnostics, HasSubstr("study 1.2"));
}

TEST_F(ArchiveTest, TheLaterOneReplacesWhereThatIsConfigured) {
  on_conflict_ = store::OnConflict::replace;
  open();
  add_one(ct("1.2", "1.3", "1.4").file());
  const std::string later = ct("1.2", "1.3", "1.4", "P2").file();
  EXPECT_EQ(add_one(later).outcome, Outcome::replaced);
  ASSERT_THAT(files(), SizeIs(1));
  EXPECT_EQ(read_file(folder_ + "/dicom/" + files()[0]), later);
}

struct RefusedCase {
  const char* name;
  std::function<std::string()> file;
  const char* diagnostics;
};
class RefusedTest : public ArchiveTest, public ::testing::WithParamInterface<RefusedCase> {};
TEST_P(RefusedTest, IsKeptWithItsReason) {
  const std::string file = GetParam().file();
  for (int time = 0; time < 2; ++time) {  // again: it is kept once
    const Admitted admitted = add_one(file);
    EXPECT_EQ(admitted.outcome, Outcome::quarantined);
    EXPECT_THAT(admitted.problem.issues[0].diagnostics, HasSubstr(GetParam().diagnostics));
  }
  ASSERT_THAT(files(), ElementsAre(MatchesRegex("quarantine/[0-9a-f]{64}\\.dcm")));
  EXPECT_EQ(read_file(folder_ + "/dicom/" + files()[0]), file);
  ASSERT_THAT(problems(), SizeIs(1));
  EXPECT_EQ(problems()[0].kind, store::DicomProblemKind::quarantined);
  EXPECT_EQ(problems()[0].file, files()[0]);
  EXPECT_EQ(store_->dicom().counts()->instances, 0);
}
INSTANTIATE_TEST_SUITE_P(
    Cases, RefusedTest,
    ::testing::Values(
        RefusedCase{
            "no_study",
            [] { return ct("1", "1.3", "1.4").leave_out(dicom::tags::StudyInstanceUID).file(); },
            "(0020,000D)"},
        RefusedCase{
            "no_series",
            [] { return ct("1.2", "1", "1.4").leave_out(dicom::tags::SeriesInstanceUID).file(); },
            "(0020,000E)"},
        RefusedCase{"bad_uid", [] { return ct("1.2", "1.3", "../../etc/passwd").file(); },
                    "'../../etc/passwd'"},
        RefusedCase{"truncated",
                    [] {
                      std::string file = ct("1.2", "1.3", "1.4").file();
                      file.pop_back();
                      return file;
                    },
                    "truncated"}),
    [](const auto& param_info) { return std::string(param_info.param.name); });

TEST_F(ArchiveTest, AFullQuarantineIsSaidAndKeepsNothing) {
  limits_.quarantine_bytes_max = 10;
  open();
  const Admitted admitted = add_one(ct("1.2", "1.3", "x").file());
  EXPECT_EQ(admitted.outcome, Outcome::failed);
  ASSERT_THAT(admitted.problem.issues, SizeIs(2));
  EXPECT_THAT(admitted.problem.issues[1].diagnostics, HasSubstr("quarantine_bytes_max"));
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(ArchiveTest, ManyAtOnceAreOneTransaction) {
  std::vector<std::string> all;
  for (int i = 0; i < 20; ++i) all.push_back(ct("1.2", "1.3", "1.4." + std::to_string(i)).file());
  all.push_back("no DICOM at all");
  all.push_back(all[0]);
  const auto results = add(all);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(results[i].outcome, Outcome::stored) << i;
  EXPECT_EQ(results[20].outcome, Outcome::quarantined);
  EXPECT_EQ(results[21].outcome, Outcome::known);
  EXPECT_EQ(store_->dicom().study("1.2")->revision, 1);
  EXPECT_THAT(files(), SizeIs(21));
}

TEST_F(ArchiveTest, TheRequestMustSayWhatTheDataSetSays) {
  Incoming object = archive_->receive({.name = "CT1", .remote_address = {}});
  object.set_bare({.sop_class_uid = "1.2.840.10008.5.1.4.1.1.2",
                   .sop_instance_uid = "1.5",
                   .transfer_syntax_uid = "1.2.840.10008.1.2.1",
                   .source_ae_title = "CT1"});
  ASSERT_TRUE(object.append(ct("1.2", "1.3", "1.4").data_set()));
  std::vector<Incoming> objects;
  objects.push_back(std::move(object));
  const auto results = archive_->add(std::move(objects));
  EXPECT_EQ(results[0].problem.kind, ProblemKind::unprocessable);
  EXPECT_THAT(results[0].problem.issues[0].diagnostics, HasSubstr("1.5"));
}

TEST_F(ArchiveTest, AFileInPlaceStaysAndIsNeverRemoved) {
  const std::string path = folder_ + "/elsewhere.dcm";
  std::ofstream(path, std::ios::binary) << ct("1.2", "1.3", "1.4").file();
  Incoming object = archive_->receive({.name = "import", .remote_address = {}});
  object.set_in_place(path);
  std::vector<Incoming> objects;
  objects.push_back(std::move(object));
  EXPECT_EQ(archive_->add(std::move(objects))[0].outcome, Outcome::stored);
  EXPECT_THAT(files(), IsEmpty());
  EXPECT_EQ(archive_->location_of(path), path);
  ASSERT_TRUE(archive_->remove({.study_uid = "1.2"}));
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_F(ArchiveTest, RemovingTakesFilesAndFoldersAlong) {
  add({ct("1.2", "1.3", "1.4").file(), ct("1.2", "1.30", "1.5").file(),
       ct("1.9", "1.31", "1.6").file()});
  EXPECT_EQ(*archive_->remove({.study_uid = "1.2", .series_uid = "1.30"}), 1);
  EXPECT_THAT(files(), SizeIs(2));
  EXPECT_EQ(*archive_->remove({.study_uid = "1.2"}), 1);
  ASSERT_THAT(files(), ElementsAre(EndsWith("1.9/1.6.dcm")));
  EXPECT_EQ(archive_->remove({.study_uid = "1.2"}).error().kind, ProblemKind::not_found);
  // The same comes again.
  EXPECT_EQ(add_one(ct("1.2", "1.3", "1.4").file()).outcome, Outcome::stored);
}

TEST_F(ArchiveTest, ManySendersAtOnceLoseNothing) {
  constexpr int senders = 4;
  constexpr int objects_each = 25;
  std::vector<std::thread> threads;
  for (int sender = 0; sender < senders; ++sender) {
    threads.emplace_back([&, sender] {
      for (int i = 0; i < objects_each; ++i) {
        // All in one study; half of the instances come from two senders.
        const std::string uid =
            "1.4." + std::to_string(i) + (i % 2 == 0 ? "" : "." + std::to_string(sender));
        const auto outcome = add_one(ct("1.2", "1.3", uid).file()).outcome;
        EXPECT_TRUE(outcome == Outcome::stored || outcome == Outcome::known);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  constexpr int distinct = 13 + 12 * senders;
  EXPECT_EQ(store_->dicom().counts()->instances, distinct);
  EXPECT_THAT(files(), SizeIs(distinct));
}

}  // namespace
}  // namespace lightbox::ingest
