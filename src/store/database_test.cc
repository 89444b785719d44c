// What else must be on the disk before it is acknowledged, and what a failure must not take along.

#include "store/database.h"

#include <gmock/gmock.h>
#include <latch>
#include <thread>

#include "store/bulk_load.h"
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

Operation patient(const std::string& id, std::size_t size = 1) {
  // Text that hardly compresses.
  std::string text;
  for (std::uint64_t seed = 1; text.size() < size; seed = seed * 6364136223846793005U + 1) {
    text += fmt::format("{:x}", seed);
  }
  return testing::put(fmt::format(
      R"({{"resourceType":"Patient","id":"{}","name":[{{"family":"{}"}}]}})", id, text));
}

std::uint64_t count_after_power_cut(FaultVfs& vfs) {
  const TemporaryDirectory after;
  vfs.write_durable_state(after.path());
  const auto survivor = Store::open(options(after, nullptr));
  EXPECT_TRUE(survivor) << testing::text_of(survivor.error());
  // All are in the index: each family name begins with 1.
  const std::vector<std::pair<std::string, std::string>> by_name = {{"family", "1"},
                                                                    {"_count", "1000"}};
  const auto page = (*survivor)->search(*fhir::parse_search(type_of("Patient"), by_name, {}), {});
  EXPECT_TRUE(page);
  EXPECT_EQ(page->matches.size(), std::min<std::uint64_t>((*survivor)->resource_count(), 1000));
  return (*survivor)->resource_count();
}

TEST(Durability, ABulkLoadKeepsWhatWasFlushedAndNothingHalfDone) {
  FaultVfs vfs;
  const TemporaryDirectory directory;
  auto bulk = BulkLoad::open(options(directory, FaultVfs::name));
  ASSERT_TRUE(bulk);
  // Whenever the power goes, each resource that is there is in the index.
  int cuts = 0;
  vfs.after_sync = [&] {
    (void)count_after_power_cut(vfs);
    ++cuts;
  };
  for (int i = 0; i < 30; ++i)
    ASSERT_TRUE((*bulk)->put(BulkLoad::prepare(patient(fmt::format("a{}", i)))));
  ASSERT_TRUE((*bulk)->flush());
  EXPECT_GT(cuts, 0);
  EXPECT_EQ(count_after_power_cut(vfs), 30U);
  for (int i = 0; i < 15; ++i)
    ASSERT_TRUE((*bulk)->put(BulkLoad::prepare(patient(fmt::format("b{}", i)))));
  EXPECT_EQ(count_after_power_cut(vfs), 30U);
  ASSERT_TRUE((*bulk)->finish());
  EXPECT_EQ(count_after_power_cut(vfs), 45U);
}

TEST(Durability, ABulkLoadThatCannotSyncDoesNotSayThatItHas) {
  FaultVfs vfs;
  const TemporaryDirectory directory;
  auto bulk = BulkLoad::open(options(directory, FaultVfs::name));
  ASSERT_TRUE(bulk);
  ASSERT_TRUE((*bulk)->put(BulkLoad::prepare(patient("a"))));
  vfs.fail_syncs = true;
  EXPECT_FALSE((*bulk)->finish());
}

// A request of several operations is there completely or not at all, whenever the power goes.
TEST(Durability, ARequestOfSeveralOperationsIsWholeAfterAPowerCut) {
  FaultVfs vfs;
  const TemporaryDirectory directory;
  auto store = Store::open(options(directory, FaultVfs::name));
  ASSERT_TRUE(store);
  std::atomic<bool> stop = false;
  std::atomic<int> acknowledged = 0;
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) {
      std::vector<Operation> operations;
      for (int part = 0; part < 5; ++part) {
        operations.push_back(patient(fmt::format("r{}-{}", i, part)));
      }
      EXPECT_TRUE((*store)->commit_and_wait(std::move(operations)));
      ++acknowledged;
    }
  });
  for (int cut = 0; cut < 10; ++cut) {
    std::this_thread::sleep_for(std::chrono::milliseconds(15));
    const int promised = acknowledged;
    const auto count = count_after_power_cut(vfs);
    EXPECT_EQ(count % 5, 0U);
    EXPECT_GE(count, static_cast<std::uint64_t>(promised) * 5);
  }
  stop = true;
  writer.join();
  EXPECT_GT(acknowledged, 5);
}

TEST(Durability, AFailedSyncStopsWritesWhateverTheReason) {
  for (const int reason : {EIO, ENOSPC, EDQUOT}) {
    FaultVfs vfs;
    const TemporaryDirectory directory;
    auto store = Store::open(options(directory, FaultVfs::name));
    ASSERT_TRUE(store);
    vfs.sync_errno = reason;
    vfs.fail_syncs = true;
    const auto failed = (*store)->commit_and_wait(one(patient("b")));
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().kind, ProblemKind::unavailable) << reason;
    EXPECT_FALSE((*store)->writable()) << reason;
    vfs.fail_syncs = false;
  }
}

// The log is written back to the database half a second after the last write.
TEST(Durability, AFailedSyncOfACheckpointStopsWrites) {
  FaultVfs vfs;
  const TemporaryDirectory directory;
  auto store = Store::open(options(directory, FaultVfs::name));
  ASSERT_TRUE(store);
  ASSERT_TRUE((*store)->commit_and_wait(one(patient("a"))));
  vfs.fail_syncs = true;
  for (int i = 0; i < 500 && (*store)->writable(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_FALSE((*store)->writable());
  vfs.fail_syncs = false;
  EXPECT_EQ((*store)->commit_and_wait(one(patient("b"))).error().kind, ProblemKind::unavailable);
  EXPECT_TRUE((*store)->read(type_of("Patient"), "a"));
}

// What is committed stays while the log is written back and cut.
TEST(Durability, ACheckpointLosesNothing) {
  FaultVfs vfs;
  const TemporaryDirectory directory;
  auto store = Store::open(options(directory, FaultVfs::name));
  ASSERT_TRUE(store);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE((*store)->commit_and_wait(one(patient(fmt::format("a{}", i)))));
  }
  const int syncs = vfs.syncs;
  for (int i = 0; i < 500 && vfs.syncs == syncs; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_GT(vfs.syncs, syncs) << "there was no checkpoint";
  EXPECT_EQ(count_after_power_cut(vfs), 20U);
  ASSERT_TRUE((*store)->commit_and_wait(one(patient("b"))));
  EXPECT_EQ(count_after_power_cut(vfs), 21U);
}

// Of those that wait together, the one that has no room does not take the others with it.
TEST(Durability, ARequestWithoutRoomIsRefusedAlone) {
  FaultVfs vfs;
  const TemporaryDirectory directory;
  auto store = Store::open(options(directory, FaultVfs::name));
  ASSERT_TRUE(store);
  ASSERT_TRUE((*store)->commit_and_wait(one(patient("first"))));
  vfs.sync_takes_ms = 200;
  std::vector<CommitResult> results(4);
  std::latch done(4);
  const auto send = [&](std::size_t place, Operation operation) {
    (*store)->commit(one(std::move(operation)), [&, place](CommitResult result) {
      results[place] = std::move(result);
      done.count_down();
    });
  };
  send(0, patient("holds-the-writer-up"));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  Operation great = patient("great", 900'000);
  vfs.file_bytes_max = 600'000;
  send(1, patient("before"));
  send(2, std::move(great));
  send(3, patient("after"));
  done.wait();
  EXPECT_TRUE(results[0]);
  EXPECT_TRUE(results[1]);
  ASSERT_FALSE(results[2]);
  EXPECT_EQ(results[2].error().kind, ProblemKind::insufficient_storage);
  EXPECT_TRUE(results[3]);
  vfs.sync_takes_ms = 0;
  vfs.file_bytes_max = INT64_MAX;
  EXPECT_TRUE((*store)->commit_and_wait(one(patient("great", 900'000))));
  EXPECT_EQ((*store)->resource_count(), 5U);
}

// An acknowledgement comes after the sync, not beside it.
TEST(Durability, AnAcknowledgementWaitsForTheSync) {
  FaultVfs vfs;
  const TemporaryDirectory directory;
  auto store = Store::open(options(directory, FaultVfs::name));
  ASSERT_TRUE(store);
  vfs.sync_takes_ms = 30;
  for (int i = 0; i < 10; ++i) {
    const int syncs = vfs.syncs;
    ASSERT_TRUE((*store)->commit_and_wait(one(patient(fmt::format("a{}", i)))));
    EXPECT_GT(vfs.syncs, syncs);
    EXPECT_EQ(count_after_power_cut(vfs), static_cast<std::uint64_t>(i) + 1);
  }
}

TEST(Migration, RefusesADatabaseOfANewerProgram) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(Store::open(options(directory, nullptr)));
  {
    const auto database =
        Database::open(directory.path() + "/lightbox.db", Database::Role::writer, nullptr);
    ASSERT_TRUE((*database)->execute("PRAGMA user_version=99"));
  }
  const auto refused = Store::open(options(directory, nullptr));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().issues[0].diagnostics, ::testing::HasSubstr("version 99"));
}

TEST(Migration, RefusesTheDatabaseOfAnotherProgram) {
  const TemporaryDirectory directory;
  {
    const auto database =
        Database::open(directory.path() + "/lightbox.db", Database::Role::writer, nullptr);
    ASSERT_TRUE((*database)->execute("CREATE TABLE theirs (a)"));
  }
  EXPECT_FALSE(Store::open(options(directory, nullptr)));
}

}  // namespace
}  // namespace lightbox::store
