#pragma once

// A SQLite VFS for tests. It passes everything on to the real one and remembers, for each file, the
// content as of its last sync: what a power cut would leave at worst. It can also fail on demand.
// One at a time; register it before the store opens, and let it outlive the store.

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <sqlite3.h>
#include <string>

namespace lightbox::store::testing {

class FaultVfs {
 public:
  static constexpr const char* name = "lightbox-fault";

  FaultVfs();
  ~FaultVfs();
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;

  std::atomic<bool> fail_syncs = false;    // xSync fails, and nothing becomes durable
  std::atomic<bool> ignore_syncs = false;  // xSync succeeds, and nothing becomes durable
  std::atomic<bool> disk_full = false;     // writes fail
  std::atomic<std::int64_t> file_bytes_max = INT64_MAX;  // writes past it fail
  std::atomic<int> sync_errno = EIO;                     // what a failing xSync leaves in errno
  std::atomic<int> sync_takes_ms = 0;
  std::atomic<int> syncs = 0;
  std::atomic<int> writes = 0;
  std::atomic<std::int64_t> bytes_written = 0;
  // Called after each sync, on its thread; to be set while nobody writes.
  std::function<void()> after_sync = [] {};

  // Writes what a power cut now would leave into `directory`.
  void write_durable_state(const std::string& directory);

  // For the VFS itself.
  void set_durable(const std::string& path, std::string content);
  void forget(const std::string& path);

 private:
  std::mutex mutex_;
  std::map<std::string, std::string> durable_;
  sqlite3_vfs vfs_{};
};

}  // namespace lightbox::store::testing
