// The names of the data folder's files are synced, and those of the folders made for it. The
// program's fsync is replaced by one that takes note.

#include "store/directory.h"

#include <algorithm>
#include <array>
#include <gmock/gmock.h>
#include <mutex>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "store/store_testing.h"

namespace {

std::mutex synced_mutex;
std::vector<std::string> synced;

void note(int descriptor) {
  std::array<char, 4096> path{};
  const std::string link = fmt::format("/proc/self/fd/{}", descriptor);
  const auto size = ::readlink(link.c_str(), path.data(), path.size());
  const std::lock_guard lock(synced_mutex);
  if (size > 0) synced.emplace_back(path.data(), static_cast<std::size_t>(size));
}

}  // namespace

extern "C" int fsync(int descriptor) {
  struct stat status{};
  if (::fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode)) note(descriptor);
  return static_cast<int>(::syscall(SYS_fsync, descriptor));
}

namespace lightbox::store {
namespace {

std::vector<std::string> synced_by_opening(const std::string& directory) {
  {
    const std::lock_guard lock(synced_mutex);
    synced.clear();
  }
  auto lock = DirectoryLock::take(directory);
  EXPECT_TRUE(lock);
  EXPECT_TRUE(lock->sync());
  const std::lock_guard guard(synced_mutex);
  return synced;
}

TEST(DirectoryLock, SyncsEachFolderThatGotANewName) {
  const testing::TemporaryDirectory root;
  const std::string& top = root.path();
  EXPECT_THAT(synced_by_opening(top + "/a/b/c"),
              ::testing::UnorderedElementsAre(top + "/a/b/c", top + "/a/b", top + "/a", top));
  EXPECT_THAT(synced_by_opening(top + "/a/b/c"),
              ::testing::UnorderedElementsAre(top + "/a/b/c", top + "/a/b"));
  EXPECT_THAT(synced_by_opening(top + "/a/d/"),
              ::testing::UnorderedElementsAre(top + "/a/d", top + "/a"));
}

TEST(DirectoryLock, AStoreSyncsItsFolder) {
  const testing::TemporaryDirectory root;
  const std::string data = root.path() + "/made/data";
  {
    const std::lock_guard lock(synced_mutex);
    synced.clear();
  }
  const auto store = Store::open({.data_directory = data, .limits = {}, .index = {}});
  ASSERT_TRUE(store);
  const std::lock_guard lock(synced_mutex);
  EXPECT_THAT(synced, ::testing::IsSupersetOf({data, root.path() + "/made", root.path()}));
}

}  // namespace
}  // namespace lightbox::store
