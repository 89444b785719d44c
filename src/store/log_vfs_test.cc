#include "store/log_vfs.h"

#include <gtest/gtest.h>

#include "store/database.h"
#include "store/fault_vfs_test.h"
#include "store/store_testing.h"

namespace lightbox::store {
namespace {

constexpr std::int64_t page_bytes = 4096;

std::int64_t count_rows(Database& database) {
  Query query(database, "SELECT count(*) FROM t");
  return query.next() ? query.integer(0) : -1;
}

// Durability.* (database_test.cc) run on it, too: nothing is acknowledged before its sync.
TEST(LogVfs, WritesThePagesOfATransactionTogether) {
  testing::FaultVfs vfs;
  const testing::TemporaryDirectory directory;
  const std::string path = directory.path() + "/d.db";
  const auto writer = Database::open(path, Database::Role::writer, testing::FaultVfs::name);
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->execute("CREATE TABLE t (a)"));
  vfs.writes = 0;
  vfs.bytes_written = 0;
  ASSERT_TRUE((*writer)->execute(
      "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<500) "
      "INSERT INTO t SELECT randomblob(4000) FROM n"));
  EXPECT_GT(vfs.bytes_written, 500 * page_bytes);
  EXPECT_LT(vfs.writes, 25);  // one for each page and its header would be 1,000
  // Another connection reads all of them from the log.
  const auto reader = Database::open(path, Database::Role::reader, testing::FaultVfs::name);
  ASSERT_TRUE(reader);
  EXPECT_EQ(count_rows(**reader), 500);
}

// The pages were taken, and then there is no room for them: the transaction fails, no other does.
TEST(LogVfs, TellsOfWhatCouldNotBeWritten) {
  testing::FaultVfs vfs;
  const testing::TemporaryDirectory directory;
  const std::string path = directory.path() + "/d.db";
  const auto writer = Database::open(path, Database::Role::writer, testing::FaultVfs::name);
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->execute("CREATE TABLE t (a); INSERT INTO t VALUES (1)"));
  vfs.disk_full = true;
  const auto refused = (*writer)->execute("INSERT INTO t VALUES (2)");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ProblemKind::insufficient_storage);
  vfs.disk_full = false;
  EXPECT_EQ(count_rows(**writer), 1);
  ASSERT_TRUE((*writer)->execute("INSERT INTO t VALUES (3)"));
  const auto reader = Database::open(path, Database::Role::reader, testing::FaultVfs::name);
  EXPECT_EQ(count_rows(**reader), 2);
}

// SQLite's cache spills within a great transaction and reads back what it spilled.
TEST(LogVfs, ReadsWhatItHasNotYetWritten) {
  const testing::TemporaryDirectory directory;
  const std::string path = directory.path() + "/d.db";
  const auto writer = Database::open(path, Database::Role::writer, nullptr);
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->execute("PRAGMA cache_size=10; CREATE TABLE t (a); BEGIN"));
  ASSERT_TRUE((*writer)->execute(
      "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<300) "
      "INSERT INTO t SELECT randomblob(3000) FROM n; UPDATE t SET a=a||'x' WHERE rowid%7=0"));
  EXPECT_EQ(count_rows(**writer), 300);
  ASSERT_TRUE((*writer)->execute("COMMIT"));
  Query check(**writer, "PRAGMA integrity_check");
  ASSERT_TRUE(check.next());
  EXPECT_EQ(check.text(0), "ok");
}

}  // namespace
}  // namespace lightbox::store
