#include <gtest/gtest.h>

#include "store/dicom_index.h"
#include "store/store_testing.h"

namespace lightbox::store {
namespace {

TEST(DicomPull, ProgressIsKeptBySourceAndSelection) {
  const testing::TemporaryDirectory directory;
  const auto store = Store::open({.data_directory = directory.path(), .limits = {}, .index = {}});
  ASSERT_TRUE(store);
  DicomIndex& index = (*store)->dicom();
  EXPECT_FALSE(*index.pull_progress("main", "images"));
  ASSERT_TRUE(index.put_pull_progress({"main", "images", "20260101", "20251201"}));
  ASSERT_TRUE(index.put_pull_progress({"main", "images CT", "20260101", "20241201"}));
  ASSERT_TRUE(index.put_pull_progress({"main", "images", "20260101", "20231201"}));
  EXPECT_EQ((*index.pull_progress("main", "images"))->open_day, "20231201");
  EXPECT_EQ((*index.pull_progress("main", "images CT"))->newest_day, "20260101");
  ASSERT_TRUE(index.remove_pull_progress("main", "images"));
  ASSERT_TRUE(index.remove_pull_progress("main", "images"));
  EXPECT_FALSE(*index.pull_progress("main", "images"));
  EXPECT_TRUE(*index.pull_progress("main", "images CT"));
  EXPECT_EQ(index.instance_count("1.2.3")->known, 0U);
}

}  // namespace
}  // namespace lightbox::store
