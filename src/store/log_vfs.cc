#include "store/log_vfs.h"

#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <sqlite3.h>
#include <string>

namespace lightbox::store {
namespace {

// SQLite's own VFS writes no more than this at once.
constexpr std::size_t gathered_max = 0x1FFFF;

struct Vfs {
  sqlite3_vfs base;  // must be first: SQLite knows nothing else
  std::string name;
  std::string below;  // its name; empty: the default one

  [[nodiscard]] sqlite3_vfs* find_below() const {
    return sqlite3_vfs_find(below.empty() ? nullptr : below.c_str());
  }
};

// The file of the VFS below follows it in memory.
struct LogFile {
  sqlite3_file base;  // must be first
  std::string* gathered;
  sqlite3_int64 begin;  // where in the file they belong
  bool is_sync_deferred;

  [[nodiscard]] sqlite3_file* below() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  [[nodiscard]] const sqlite3_io_methods& methods() { return *below()->pMethods; }
  // What could not be written is given up: SQLite takes the transaction back.
  int flush() {
    if (gathered->empty()) return SQLITE_OK;
    const int code =
        methods().xWrite(below(), gathered->data(), static_cast<int>(gathered->size()), begin);
    gathered->clear();
    return code;
  }
};

LogFile& log_of(sqlite3_file* file) { return *reinterpret_cast<LogFile*>(file); }

int close_log(sqlite3_file* file) {
  LogFile& log = log_of(file);
  const int flushed = log.flush();
  const int closed = log.methods().xClose(log.below());
  delete log.gathered;
  return flushed != SQLITE_OK ? flushed : closed;
}
int read_log(sqlite3_file* file, void* out, int size, sqlite3_int64 at) {
  LogFile& log = log_of(file);
  const int code = log.flush();
  return code != SQLITE_OK ? code : log.methods().xRead(log.below(), out, size, at);
}
int write_log(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 at) {
  LogFile& log = log_of(file);
  std::string& gathered = *log.gathered;
  const bool follows = at == log.begin + static_cast<sqlite3_int64>(gathered.size());
  if (!follows || gathered.size() + static_cast<std::size_t>(size) > gathered_max) {
    if (const int code = log.flush(); code != SQLITE_OK) return code;
  }
  if (gathered.empty()) log.begin = at;
  gathered.append(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
  return SQLITE_OK;
}
int truncate_log(sqlite3_file* file, sqlite3_int64 size) {
  LogFile& log = log_of(file);
  const int code = log.flush();
  return code != SQLITE_OK ? code : log.methods().xTruncate(log.below(), size);
}
// The log's header is synced before what follows it in any case, as SQLite wants it.
int sync_log(sqlite3_file* file, int flags) {
  LogFile& log = log_of(file);
  const bool is_deferred = log.is_sync_deferred && log.begin != 0;
  const int code = log.flush();
  return code != SQLITE_OK || is_deferred ? code : log.methods().xSync(log.below(), flags);
}
int size_log(sqlite3_file* file, sqlite3_int64* out) {
  LogFile& log = log_of(file);
  const int code = log.flush();
  return code != SQLITE_OK ? code : log.methods().xFileSize(log.below(), out);
}
int lock_log(sqlite3_file* file, int level) {
  return log_of(file).methods().xLock(log_of(file).below(), level);
}
int unlock_log(sqlite3_file* file, int level) {
  return log_of(file).methods().xUnlock(log_of(file).below(), level);
}
int check_log(sqlite3_file* file, int* out) {
  return log_of(file).methods().xCheckReservedLock(log_of(file).below(), out);
}
int control_log(sqlite3_file* file, int operation, void* argument) {
  return log_of(file).methods().xFileControl(log_of(file).below(), operation, argument);
}
int sector_size(sqlite3_file* file) {
  return log_of(file).methods().xSectorSize(log_of(file).below());
}
int characteristics(sqlite3_file* file) {
  return log_of(file).methods().xDeviceCharacteristics(log_of(file).below());
}

const sqlite3_io_methods log_methods = {
    1,        close_log,  read_log,  write_log,   truncate_log, sync_log,        size_log,
    lock_log, unlock_log, check_log, control_log, sector_size,  characteristics, nullptr,
    nullptr,  nullptr,    nullptr,   nullptr,     nullptr};

int open_file(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  sqlite3_vfs* below = reinterpret_cast<Vfs*>(vfs)->find_below();
  if (below == nullptr) return SQLITE_ERROR;
  if ((flags & SQLITE_OPEN_WAL) == 0) return below->xOpen(below, path, file, flags, out_flags);
  LogFile& log = *new (file) LogFile{{nullptr}, nullptr, 0, false};
  const int code = below->xOpen(below, path, log.below(), flags, out_flags);
  if (code != SQLITE_OK) return code;
  // Without this SQLite fills up to a sector behind the sync, and tells of those pages at once.
  const int traits = log.methods().xDeviceCharacteristics(log.below());
  if ((traits & SQLITE_IOCAP_POWERSAFE_OVERWRITE) == 0) {
    log.methods().xClose(log.below());
    return below->xOpen(below, path, file, flags, out_flags);
  }
  log.gathered = new std::string();
  log.base.pMethods = &log_methods;
  return SQLITE_OK;
}

}  // namespace

void set_syncs_deferred(sqlite3* connection, bool is_deferred) {
  sqlite3_file* log = nullptr;
  sqlite3_file_control(connection, "main", SQLITE_FCNTL_JOURNAL_POINTER, static_cast<void*>(&log));
  if (log != nullptr && log->pMethods == &log_methods) log_of(log).is_sync_deferred = is_deferred;
}

const char* log_gathering_vfs(const char* base) {
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<Vfs>> known;
  const std::lock_guard lock(mutex);
  std::unique_ptr<Vfs>& vfs = known[base == nullptr ? "" : base];
  if (!vfs) {
    vfs = std::make_unique<Vfs>();
    vfs->below = base == nullptr ? "" : base;
    vfs->name = "gathering" + (vfs->below.empty() ? "" : "-" + vfs->below);
    // All but opening is of the VFS below, which finds what it needs in its copied fields.
    vfs->base = *vfs->find_below();
    vfs->base.szOsFile += static_cast<int>(sizeof(LogFile));
    vfs->base.zName = vfs->name.c_str();
    vfs->base.pNext = nullptr;
    vfs->base.xOpen = open_file;
    sqlite3_vfs_register(&vfs->base, 0);
  }
  return vfs->name.c_str();
}

}  // namespace lightbox::store
