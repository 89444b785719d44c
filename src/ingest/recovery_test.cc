#include "ingest/recovery.h"

#include <fstream>
#include <gmock/gmock.h>

#include "ingest/archive_testing.h"

namespace lightbox::ingest {
namespace {

using testing::ct;
using ::testing::EndsWith;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Outcome = Admitted::Outcome;

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class RecoveryTest : public testing::ArchiveTest {
 protected:
  // The data folder as it is now, put back by restart_from(): what a crash at this moment leaves.
  std::string copy(const std::string& name) {
    std::filesystem::copy(folder_, folder_ + name, std::filesystem::copy_options::recursive);
    return folder_ + name;
  }
  void restart_from(const std::string& copied) {
    archive_.reset();
    store_.reset();
    std::filesystem::remove_all(folder_);
    std::filesystem::rename(copied, folder_);
    open();
  }
  // Only the log has reached the disk of what happened since the copy was made.
  void take_log_to(const std::string& copied) const {
    for (const char* name : {"/lightbox.arrivals.0", "/lightbox.arrivals.1"}) {
      std::filesystem::copy_file(folder_ + name, copied + name,
                                 std::filesystem::copy_options::overwrite_existing);
    }
  }
  [[nodiscard]] std::vector<std::string> files_of(const std::string& uid) {
    std::vector<std::string> names;
    const auto rows = store_->dicom().files({.sop_instance_uid = uid});
    EXPECT_TRUE(rows);
    for (const auto& row : *rows) names.push_back(row.file);
    return names;
  }
  void expect_archived(const std::string& uid, const std::string& content) {
    const auto names = files_of(uid);
    ASSERT_THAT(names, SizeIs(1)) << uid;
    EXPECT_EQ(read_file(folder_ + "/dicom/" + names[0]), content) << uid;
  }
};

TEST_F(RecoveryTest, WhatIsInTheLogAloneIsTakenInAgain) {
  const std::string before = copy("-before");
  const std::string one = ct("1.2", "1.3", "1.4").file();
  const std::string other = ct("1.2", "1.3", "1.5").file();
  ASSERT_EQ(add_one(one).outcome, Outcome::stored);
  ASSERT_EQ(add_one(other).outcome, Outcome::stored);
  take_log_to(before);
  restart_from(before);
  expect_archived("1.4", one);
  expect_archived("1.5", other);
  EXPECT_THAT(files(), SizeIs(2));
  EXPECT_THAT(*store_->dicom().changed_studies(), SizeIs(1));
  open();  // once: the log is empty now
  EXPECT_THAT(files(), SizeIs(2));
}

TEST_F(RecoveryTest, AFileWithoutARowIsReplaced) {
  const std::string before = copy("-before");
  const std::string one = ct("1.2", "1.3", "1.4").file();
  ASSERT_EQ(add_one(one).outcome, Outcome::stored);
  const std::string name = files()[0];
  take_log_to(before);
  std::filesystem::create_directories(
      std::filesystem::path(before + "/dicom/" + name).parent_path());
  std::ofstream(before + "/dicom/" + name) << one.substr(0, 100);  // half of it
  restart_from(before);
  expect_archived("1.4", one);
  EXPECT_EQ(files(), std::vector{name});
}

TEST_F(RecoveryTest, AFileThatIsNotWholeIsWrittenAgain) {
  const std::string one = ct("1.2", "1.3", "1.4").file();
  const std::string other = ct("1.2", "1.3", "1.5").file();
  ASSERT_EQ(add_one(one).outcome, Outcome::stored);
  ASSERT_EQ(add_one(other).outcome, Outcome::stored);
  const std::string now = copy("-now");
  const std::string name = files_of("1.4")[0];
  std::ofstream(now + "/dicom/" + name) << std::string(one.size(), '\0');  // of the right size
  std::filesystem::remove(now + "/dicom/" + files_of("1.5")[0]);
  restart_from(now);
  expect_archived("1.4", one);
  expect_archived("1.5", other);
  EXPECT_THAT(files(), SizeIs(2));
}

TEST_F(RecoveryTest, WhatWasRemovedStaysRemoved) {
  ASSERT_EQ(add_one(ct("1.2", "1.3", "1.4").file()).outcome, Outcome::stored);
  ASSERT_EQ(add_one(ct("1.2", "1.3", "1.5").file()).outcome, Outcome::stored);
  ASSERT_TRUE(archive_->remove({.study_uid = "1.2", .sop_instance_uid = "1.4"}));
  restart_from(copy("-now"));
  EXPECT_THAT(files_of("1.4"), IsEmpty());
  EXPECT_THAT(files(), ::testing::ElementsAre(EndsWith("/1.5.dcm")));
}

TEST_F(RecoveryTest, TheFirstOfConflictingOnesStays) {
  const std::string before = copy("-before");
  const std::string one = ct("1.2", "1.3", "1.4").file();
  ASSERT_EQ(add_one(one).outcome, Outcome::stored);
  ASSERT_EQ(add_one(ct("1.2", "1.3", "1.4", "P2").file()).outcome, Outcome::conflict);
  take_log_to(before);
  restart_from(before);
  expect_archived("1.4", one);
  EXPECT_THAT(problems(), SizeIs(1));
  EXPECT_THAT(files(), SizeIs(1));
}

TEST_F(RecoveryTest, TheLastStaysWhereItReplaces) {
  on_conflict_ = store::OnConflict::replace;
  open();
  const std::string before = copy("-before");
  const std::string last = ct("1.2", "1.3", "1.4", "P2").file();
  ASSERT_EQ(add_one(ct("1.2", "1.3", "1.4").file()).outcome, Outcome::stored);
  ASSERT_EQ(add_one(last).outcome, Outcome::replaced);
  take_log_to(before);
  restart_from(before);
  expect_archived("1.4", last);
  EXPECT_THAT(files(), SizeIs(1));
}

TEST_F(RecoveryTest, WhatWasToReplaceAFileOfItsOwnNameDoes) {
  on_conflict_ = store::OnConflict::replace;
  open();
  ASSERT_EQ(add_one(ct("1.2", "1.3", "1.4").file()).outcome, Outcome::stored);
  const std::string before = copy("-before");
  const std::string last = ct("1.2", "1.3", "1.4", "P2").file();
  ASSERT_EQ(archive_->accept(incoming(last)).outcome, Outcome::replaced);
  archive_->await_index();
  take_log_to(before);
  restart_from(before);
  expect_archived("1.4", last);
  EXPECT_THAT(files(), SizeIs(1));
}

TEST_F(RecoveryTest, AFileOfAnotherNameThanTheLogHasIsWrittenAgain) {
  const std::string one = ct("1.2", "1.3", "1.4").file();
  ASSERT_EQ(add_one(one).outcome, Outcome::stored);
  const std::string first_name = files_of("1.4")[0];
  ASSERT_TRUE(store_->dicom().remove({.study_uid = "1.2"}));  // its file stays: the name is taken
  ASSERT_EQ(archive_->accept(incoming(one)).outcome, Outcome::stored);
  archive_->await_index();
  const std::string now = copy("-now");
  ASSERT_NE(files_of("1.4")[0], first_name);
  std::filesystem::remove(now + "/dicom/" + files_of("1.4")[0]);
  restart_from(now);
  expect_archived("1.4", one);
}

TEST_F(RecoveryTest, ACompressedFileIsWrittenAgain) {
  compression_ = Compression::zstd;
  open();
  const std::string one = testing::image_file("1.2", "1.3", "1.4", std::string(20'000 * 128, 'x'));
  const std::string other = testing::image_file("1.2", "1.3", "1.5", std::string(200 * 128, 'y'));
  ASSERT_EQ(archive_->accept(incoming(one)).outcome, Outcome::stored);
  ASSERT_EQ(archive_->accept(incoming(other)).outcome, Outcome::stored);
  archive_->await_index();
  ASSERT_THAT(files(), ::testing::Each(EndsWith(".dcm.zst")));
  const std::string now = copy("-now");
  std::filesystem::resize_file(now + "/dicom/" + files_of("1.5")[0], 30);
  restart_from(now);
  expect_archived("1.5", other);
  ASSERT_THAT(files_of("1.4"), SizeIs(1));
  EXPECT_THAT(files(), SizeIs(2));
}

TEST_F(RecoveryTest, APartOfACompressedFileWithoutARowGoes) {
  compression_ = Compression::zstd;
  open();
  const std::string before = copy("-before");
  const std::string one = testing::image_file("1.2", "1.3", "1.4", std::string(200 * 128, 'y'));
  ASSERT_EQ(archive_->accept(incoming(one)).outcome, Outcome::stored);
  archive_->await_index();
  const std::string name = files()[0];
  take_log_to(before);
  std::filesystem::create_directories(
      std::filesystem::path(before + "/dicom/" + name).parent_path());
  std::ofstream(before + "/dicom/" + name) << "half of it";
  restart_from(before);
  EXPECT_EQ(files(), std::vector{name});
  EXPECT_TRUE(archive_->open_file(name));
}

TEST_F(RecoveryTest, TheSourceIsKept) {
  const std::string before = copy("-before");
  ASSERT_EQ(add_one(ct("1.2", "1.3", "1.4").file()).outcome, Outcome::stored);
  take_log_to(before);
  restart_from(before);
  EXPECT_EQ(store_->dicom().study("1.2")->instances[0].source, "TEST");
}

}  // namespace
}  // namespace lightbox::ingest
