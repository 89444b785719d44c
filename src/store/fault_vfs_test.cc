#include "store/fault_vfs_test.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <new>
#include <thread>

namespace lightbox::store::testing {
namespace {

FaultVfs* current = nullptr;

struct File {
  sqlite3_file base;
  std::string* path;  // nullptr: a temporary file
  sqlite3_file* real;
};

File& file_of(sqlite3_file* base) { return *reinterpret_cast<File*>(base); }
sqlite3_file* real_of(sqlite3_file* base) { return file_of(base).real; }
sqlite3_vfs* real_vfs() { return sqlite3_vfs_find("unix"); }

int close_file(sqlite3_file* base) {
  const int code = real_of(base)->pMethods->xClose(real_of(base));
  delete file_of(base).path;
  return code;
}

int read_file(sqlite3_file* base, void* out, int size, sqlite3_int64 at) {
  return real_of(base)->pMethods->xRead(real_of(base), out, size, at);
}

int write_file(sqlite3_file* base, const void* bytes, int size, sqlite3_int64 at) {
  if (current->disk_full || at + size > current->file_bytes_max) return SQLITE_FULL;
  ++current->writes;
  current->bytes_written += size;
  return real_of(base)->pMethods->xWrite(real_of(base), bytes, size, at);
}

int truncate_file(sqlite3_file* base, sqlite3_int64 size) {
  return real_of(base)->pMethods->xTruncate(real_of(base), size);
}

int sync_file(sqlite3_file* base, int flags) {
  ++current->syncs;
  std::this_thread::sleep_for(std::chrono::milliseconds(current->sync_takes_ms));
  if (current->fail_syncs) {
    errno = current->sync_errno;
    return SQLITE_IOERR_FSYNC;
  }
  sqlite3_file* real = real_of(base);
  if (const int code = real->pMethods->xSync(real, flags); code != SQLITE_OK) return code;
  if (current->ignore_syncs || file_of(base).path == nullptr) return SQLITE_OK;
  sqlite3_int64 size = 0;
  real->pMethods->xFileSize(real, &size);
  std::string content(static_cast<std::size_t>(size), '\0');
  real->pMethods->xRead(real, content.data(), static_cast<int>(size), 0);
  current->set_durable(*file_of(base).path, std::move(content));
  current->after_sync();
  return SQLITE_OK;
}

int file_size(sqlite3_file* base, sqlite3_int64* size) {
  return real_of(base)->pMethods->xFileSize(real_of(base), size);
}
int lock_file(sqlite3_file* base, int level) {
  return real_of(base)->pMethods->xLock(real_of(base), level);
}
int unlock_file(sqlite3_file* base, int level) {
  return real_of(base)->pMethods->xUnlock(real_of(base), level);
}
int check_lock(sqlite3_file* base, int* out) {
  return real_of(base)->pMethods->xCheckReservedLock(real_of(base), out);
}
int control_file(sqlite3_file* base, int operation, void* argument) {
  // The real file's size must not be set behind our back, nor be mapped.
  if (operation == SQLITE_FCNTL_SIZE_HINT || operation == SQLITE_FCNTL_MMAP_SIZE) {
    return SQLITE_NOTFOUND;
  }
  return real_of(base)->pMethods->xFileControl(real_of(base), operation, argument);
}
int sector_size(sqlite3_file* base) { return real_of(base)->pMethods->xSectorSize(real_of(base)); }
int characteristics(sqlite3_file* base) {
  return real_of(base)->pMethods->xDeviceCharacteristics(real_of(base));
}
int map_shared(sqlite3_file* base, int page, int size, int extend, void volatile** out) {
  return real_of(base)->pMethods->xShmMap(real_of(base), page, size, extend, out);
}
int lock_shared(sqlite3_file* base, int offset, int count, int flags) {
  return real_of(base)->pMethods->xShmLock(real_of(base), offset, count, flags);
}
void barrier(sqlite3_file* base) { real_of(base)->pMethods->xShmBarrier(real_of(base)); }
int unmap_shared(sqlite3_file* base, int remove) {
  return real_of(base)->pMethods->xShmUnmap(real_of(base), remove);
}

const sqlite3_io_methods methods = {2,
                                    close_file,
                                    read_file,
                                    write_file,
                                    truncate_file,
                                    sync_file,
                                    file_size,
                                    lock_file,
                                    unlock_file,
                                    check_lock,
                                    control_file,
                                    sector_size,
                                    characteristics,
                                    map_shared,
                                    lock_shared,
                                    barrier,
                                    unmap_shared,
                                    nullptr,
                                    nullptr};

int open_file(sqlite3_vfs*, const char* path, sqlite3_file* base, int flags, int* out_flags) {
  File& file = file_of(base);
  file.base.pMethods = nullptr;
  file.path = nullptr;
  file.real = reinterpret_cast<sqlite3_file*>(&file + 1);
  const int code = real_vfs()->xOpen(real_vfs(), path, file.real, flags, out_flags);
  if (code != SQLITE_OK) return code;
  if (path != nullptr) file.path = new std::string(path);
  file.base.pMethods = &methods;
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs*, const char* path, int sync_directory) {
  current->forget(path);
  return real_vfs()->xDelete(real_vfs(), path, sync_directory);
}

}  // namespace

FaultVfs::FaultVfs() {
  current = this;
  vfs_ = *real_vfs();
  vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_vfs()->szOsFile;
  vfs_.zName = name;
  vfs_.pNext = nullptr;
  vfs_.xOpen = open_file;
  vfs_.xDelete = delete_file;
  sqlite3_vfs_register(&vfs_, 0);
}

FaultVfs::~FaultVfs() {
  sqlite3_vfs_unregister(&vfs_);
  current = nullptr;
}

void FaultVfs::set_durable(const std::string& path, std::string content) {
  const std::lock_guard lock(mutex_);
  durable_[path] = std::move(content);
}

void FaultVfs::forget(const std::string& path) {
  const std::lock_guard lock(mutex_);
  durable_.erase(path);
}

void FaultVfs::write_durable_state(const std::string& directory) {
  const std::lock_guard lock(mutex_);
  for (const auto& [path, content] : durable_) {
    std::ofstream out(std::filesystem::path(directory) / std::filesystem::path(path).filename(),
                      std::ios::binary);
    out.write(content.data(), static_cast<std::streamsize>(content.size()));
  }
}

}  // namespace lightbox::store::testing
