#pragma once

// SQLite as the store uses it: one connection with its statements. Not a general wrapper: errors
// are kept as SQLite's code and become a Problem in one place (problem_of).
//
// A Database belongs to one thread at a time; a Query must end before its Database.

#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <sqlite3.h>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/result.h"

namespace lightbox::store {

class KeySet;

// What may be bound to a statement's parameter.
using Value = std::variant<std::int64_t, double, std::string, const KeySet*>;

// A statement's text with what is bound to its parameters, in order.
struct Sql {
  std::string text;
  std::vector<Value> values;
};

// How much work a statement may do before it is interrupted (SQLITE_INTERRUPT -> too_costly).
struct WorkLimit {
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  std::int64_t ticks = INT64_MAX;  // one tick: `instructions_per_tick` of SQLite's virtual machine
  static constexpr int instructions_per_tick = 1'000;

  [[nodiscard]] bool passed() const { return std::chrono::steady_clock::now() >= deadline; }
};

class Database {
 public:
  enum class Role : std::uint8_t { writer, reader };

  // Opens (the writer also makes) the file and sets the connection's pragmas. The schema is not
  // looked at.
  static Result<std::unique_ptr<Database>> open(const std::string& path, Role role,
                                                const char* vfs);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Runs statements that give no rows.
  Result<void> execute(const char* sql);
  [[nodiscard]] sqlite3* handle() const { return handle_; }
  // SQLite's extended code of the last failure.
  [[nodiscard]] int error_code() const { return sqlite3_extended_errcode(handle_); }
  [[nodiscard]] Problem problem() const;

  WorkLimit limit;  // of the statements that run from now on

 private:
  friend class Query;
  Database() = default;
  sqlite3_stmt* take_statement(std::string_view sql);
  void give_back(std::string_view sql, sqlite3_stmt* statement);

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  struct Cached {
    sqlite3_stmt* statement = nullptr;  // nullptr while a Query has it
    std::uint64_t used = 0;
  };

  sqlite3* handle_ = nullptr;
  std::unordered_map<std::string, Cached, Hash, std::equal_to<>> statements_;
  std::uint64_t uses_ = 0;
};

// One run of a statement. The text is the key of the connection's statement cache, so it should
// have parameters in place of values.
class Query {
 public:
  Query(Database& database, std::string_view sql);
  Query(Database& database, const Sql& sql);
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  // Bind the next parameter. Text and blobs must live until the Query is reset or ends.
  Query& bind(std::int64_t value);
  Query& bind_optional(std::optional<std::int64_t> value);  // nullopt: NULL
  Query& bind(double value);
  Query& bind(std::string_view text);
  Query& bind_blob(std::string_view bytes);
  Query& bind(const KeySet* set);
  Query& bind_value(const Value& value);

  // True: there is a row. False: the end, or a failure (ok() tells).
  bool next();
  // Runs to the end, and makes it ready for the next bind().
  bool run();
  void reset();
  [[nodiscard]] bool ok() const { return code_ == SQLITE_OK; }
  [[nodiscard]] Problem problem() const { return database_.problem(); }

  // Columns of the current row; views live until next(), run() or reset().
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] double real(int column) const;
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] std::string_view blob(int column) const;

 private:
  Database& database_;
  std::string_view sql_;
  sqlite3_stmt* statement_ = nullptr;
  int code_ = SQLITE_OK;
  int bound_ = 0;
};

// What SQLite's code means to a caller.
[[nodiscard]] Problem problem_of(int extended_code, std::string_view message, int system_errno);
// The disk, or the quota, is full, and nothing is in doubt: a rollback heals it. Not so a failed
// sync.
[[nodiscard]] bool is_full(int extended_code, int system_errno);

// Brings the schema up to date. `unavailable` when the file is not Lightbox's or of a newer
// version.
Result<void> migrate(Database& database);

}  // namespace lightbox::store
