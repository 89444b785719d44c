#include "ingest/open_files.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

#include "ingest/folder.h"
#include "store/store_testing.h"

namespace lightbox::ingest {
namespace {

class OpenFilesTest : public ::testing::Test {
 protected:
  OpenFilesTest() : folder_(*Folder::at(directory_.path() + "/dicom")) {}

  void create(const std::string& bytes) { ASSERT_TRUE(folder_->create(name_, bytes)); }
  std::string path() const { return folder_->location_of(name_); }
  // "" when there is no such file.
  std::string content() const {
    const auto source = folder_->open(name_);
    if (!source) {
      EXPECT_EQ(source.error().kind, ProblemKind::not_found);
      return "";
    }
    std::string bytes((*source)->size(), '\0');
    EXPECT_TRUE((*source)->read(0, bytes));
    return bytes;
  }

  const std::string name_ = "1.2/1.3/1.4.dcm";
  store::testing::TemporaryDirectory directory_;
  std::unique_ptr<Folder> folder_;
};

TEST_F(OpenFilesTest, AFileIsReadAgainAndGoesWhenItIsRemoved) {
  EXPECT_EQ(content(), "");
  create("first");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(content(), "first");
  EXPECT_TRUE(folder_->remove(name_));
  EXPECT_EQ(content(), "");
  create("second");
  EXPECT_EQ(content(), "second");
}

TEST_F(OpenFilesTest, WhatOthersDoToItIsSeen) {
  create("first");
  EXPECT_EQ(content(), "first");
  std::ofstream(path() + ".new") << "restored";
  std::filesystem::rename(path() + ".new", path());
  EXPECT_EQ(content(), "restored");
  std::ofstream(path(), std::ios::app) << " and grown";
  EXPECT_EQ(content(), "restored and grown");
  std::filesystem::remove(path());
  EXPECT_EQ(content(), "");
}

TEST_F(OpenFilesTest, AMovedFileIsWhereItWentTo) {
  create("first");
  EXPECT_EQ(content(), "first");
  ASSERT_TRUE(folder_->move(name_, "quarantine/1"));
  EXPECT_EQ(content(), "");
  EXPECT_TRUE(folder_->open("quarantine/1"));
}

TEST_F(OpenFilesTest, NothingIsKeptThatWasForgottenMeanwhile) {
  create("first");
  OpenFiles files;
  const std::uint64_t turn = files.turn();
  const auto source = folder_->open(name_);
  ASSERT_TRUE(source);
  files.forget(name_);
  files.keep(name_, Descriptor(::dup((*source)->descriptor())), turn);
  EXPECT_FALSE(files.find(name_).is_open());
  files.keep(name_, Descriptor(::dup((*source)->descriptor())), files.turn());
  EXPECT_TRUE(files.find(name_).is_open());
}

}  // namespace
}  // namespace lightbox::ingest
