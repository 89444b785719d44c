// What was acknowledged survives a power cut, a failed sync stops writing, and a full disk heals.

#include <gmock/gmock.h>
#include <thread>

#include "store/fault_vfs_test.h"
#include "store/store_testing.h"

namespace lightbox::store {
namespace {

using testing::FaultVfs;
using testing::one;
using testing::TemporaryDirectory;
using testing::type_of;

StoreOptions options(const TemporaryDirectory& directory, const char* vfs) {
  StoreOptions result;
  result.data_directory = directory.path();
  result.vfs = vfs;
  return result;
}

Operation patient(const std::string& id) {
  return testing::put(fmt::format(
      R"({{"resourceType":"Patient","id":"{}","active":true,"name":[{{"family":"F{}"}}]}})", id,
      id));
}

// Writes from several threads, and cuts the power again and again: counts the acknowledged writes
// that are not there afterwards, or not found by search.
int losses(bool ignore_syncs) {
  FaultVfs vfs;
  const TemporaryDirectory directory;
  auto store = Store::open(options(directory, FaultVfs::name));
  EXPECT_TRUE(store);
  EXPECT_TRUE((*store)->commit_and_wait(one(patient("first"))));
  vfs.ignore_syncs = ignore_syncs;

  std::mutex mutex;
  std::vector<std::string> acknowledged;
  std::atomic<bool> stop = false;
  std::vector<std::thread> writers;
  for (int thread = 0; thread < 4; ++thread) {
    writers.emplace_back([&, thread] {
      for (int i = 0; !stop; ++i) {
        const std::string id = fmt::format("t{}-{}", thread, i);
        EXPECT_TRUE((*store)->commit_and_wait(one(patient(id))));
        const std::lock_guard lock(mutex);
        acknowledged.push_back(id);
      }
    });
  }
  int lost = 0;
  std::size_t checked = 0;
  for (int cut = 0; cut < 12; ++cut) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    std::vector<std::string> promised;
    {
      const std::lock_guard lock(mutex);
      promised = acknowledged;
    }
    const TemporaryDirectory after;
    vfs.write_durable_state(after.path());
    const auto survivor = Store::open(options(after, nullptr));
    EXPECT_TRUE(survivor) << testing::text_of(survivor.error());
    if (!survivor) break;
    for (const std::string& id : promised) {
      const std::vector<std::pair<std::string, std::string>> by_name = {{"family", "F" + id}};
      const auto query = fhir::parse_search(type_of("Patient"), by_name, {});
      const auto page = (*survivor)->search(*query, {});
      const bool is_found = page && !page->matches.empty() && page->matches[0].id == id;
      if (!is_found || !(*survivor)->read(type_of("Patient"), id)) ++lost;
      ++checked;
    }
  }
  stop = true;
  for (auto& writer : writers) writer.join();
  EXPECT_GT(checked, 50U);
  vfs.ignore_syncs = false;
  return lost;
}

TEST(Durability, AcknowledgedWritesSurviveAPowerCut) { EXPECT_EQ(losses(false), 0); }

// The same without syncs must lose writes, or the test above would prove nothing.
TEST(Durability, TheTestNoticesMissingSyncs) { EXPECT_GT(losses(true), 0); }

TEST(Durability, AFailedSyncStopsWritesUntilRestart) {
  FaultVfs vfs;
  const TemporaryDirectory directory;
  {
    auto store = Store::open(options(directory, FaultVfs::name));
    ASSERT_TRUE(store);
    ASSERT_TRUE((*store)->commit_and_wait(one(patient("a"))));
    vfs.fail_syncs = true;
    const auto failed = (*store)->commit_and_wait(one(patient("b")));
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().kind, ProblemKind::unavailable);
    EXPECT_FALSE((*store)->writable());
    vfs.fail_syncs = false;
    EXPECT_EQ((*store)->commit_and_wait(one(patient("c"))).error().kind, ProblemKind::unavailable);
    EXPECT_TRUE((*store)->read(type_of("Patient"), "a"));
    EXPECT_EQ((*store)->read(type_of("Patient"), "c").error().kind, ProblemKind::not_found);
  }
  auto store = Store::open(options(directory, FaultVfs::name));
  ASSERT_TRUE(store);
  EXPECT_TRUE((*store)->writable());
  EXPECT_TRUE((*store)->read(type_of("Patient"), "a"));
  EXPECT_TRUE((*store)->commit_and_wait(one(patient("c"))));
}

TEST(Durability, AFullDiskHeals) {
  FaultVfs vfs;
  const TemporaryDirectory directory;
  auto store = Store::open(options(directory, FaultVfs::name));
  ASSERT_TRUE(store);
  ASSERT_TRUE((*store)->commit_and_wait(one(patient("a"))));
  vfs.disk_full = true;
  for (int i = 0; i < 3; ++i) {
    const auto refused = (*store)->commit_and_wait(one(patient("b")));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ProblemKind::insufficient_storage);
  }
  EXPECT_TRUE((*store)->writable());
  EXPECT_TRUE((*store)->read(type_of("Patient"), "a"));
  EXPECT_EQ((*store)->read(type_of("Patient"), "b").error().kind, ProblemKind::not_found);
  vfs.disk_full = false;
  const auto healed = (*store)->commit_and_wait(one(patient("b")));
  ASSERT_TRUE(healed) << testing::text_of(healed.error());
  EXPECT_EQ(healed->at(0).version, 1U);
  EXPECT_EQ((*store)->resource_count(), 2U);
}

}  // namespace
}  // namespace lightbox::store
