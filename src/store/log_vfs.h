#pragma once

// A VFS of SQLite that gathers what is written to the write-ahead log. SQLite writes two pieces for
// each page of a transaction, one call each, and nobody reads them before the sync that makes them
// durable; gathered, a transaction's pages are a call or two. Everything else goes straight to the
// VFS below.

struct sqlite3;

namespace lightbox::store {

// The name of the VFS that lies on `base` (nullptr: SQLite's default one). For a connection with
// synchronous=FULL alone: with less, SQLite tells other connections of pages before a sync. Any
// thread.
[[nodiscard]] const char* log_gathering_vfs(const char* base);

// Whether the connection's commits go without their sync: they are on the disk with the next commit
// that is synced (a log's beginning is its prefix), or with the next checkpoint. Where the VFS
// below does not let pages be gathered, all are synced. The connection's thread.
void set_syncs_deferred(sqlite3* connection, bool is_deferred);

}  // namespace lightbox::store
