#include "store/database.h"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <mutex>

#include "store/key_set.h"
#include "store/log_vfs.h"

extern "C" {
extern const char embedded_schema_sql[];
extern const char embedded_schema_sql_end[];
extern const char embedded_full_text_sql[];
extern const char embedded_full_text_sql_end[];
extern const char embedded_dicom_sql[];
extern const char embedded_dicom_sql_end[];
extern const char embedded_dicom_query_sql[];
extern const char embedded_dicom_query_sql_end[];
extern const char embedded_commitment_sql[];
extern const char embedded_commitment_sql_end[];
extern const char embedded_pull_sql[];
extern const char embedded_pull_sql_end[];
extern const char embedded_source_sql[];
extern const char embedded_source_sql_end[];
extern const char embedded_dicom_answer_sql[];
extern const char embedded_dicom_answer_sql_end[];
}

namespace lightbox::store {
namespace {

constexpr std::int64_t application_id = 0x4C42'6F78;  // "LBox"
constexpr std::size_t cached_statements_max = 256;

// The writer's dirty pages of one transaction stay in its cache; readers read the file through the
// memory map, their caches only serve pages of the log and those beyond the map's 2 GiB.
constexpr const char* common_pragmas =
    "PRAGMA mmap_size=2147418112; PRAGMA temp_store=MEMORY; PRAGMA secure_delete=OFF;"
    "PRAGMA foreign_keys=OFF; PRAGMA trusted_schema=OFF; PRAGMA recursive_triggers=OFF;";
constexpr const char* writer_pragmas =
    "PRAGMA page_size=4096; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
    "PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-32768; PRAGMA journal_size_limit=67108864;";
constexpr const char* reader_pragmas =
    "PRAGMA query_only=ON; PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-2048;";

int on_progress(void* argument) {
  auto* database = static_cast<Database*>(argument);
  if (--database->limit.ticks < 0) return 1;
  return database->limit.passed() ? 1 : 0;
}

// in_key_set(pointer, key): membership, for a KeySet bound with bind().
void in_key_set(sqlite3_context* context, int, sqlite3_value** arguments) {
  const auto* set = static_cast<const KeySet*>(sqlite3_value_pointer(arguments[0], "KeySet"));
  const bool has = set != nullptr && set->contains(sqlite3_value_int64(arguments[1]));
  sqlite3_result_int(context, has ? 1 : 0);
}

// SQLite's allocation statistics would take a process-wide lock for each malloc.
void configure_once() {
  static std::once_flag once;
  std::call_once(once, [] { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); });
}

}  // namespace

bool is_full(int extended_code, int system_errno) {
  const int code = extended_code & 0xFF;
  if (code == SQLITE_FULL) return true;
  if (extended_code == SQLITE_IOERR_SHMSIZE) return true;  // the log's index could not grow
  // A sync that fails for want of room has failed all the same: what it was about may be gone.
  if (extended_code == SQLITE_IOERR_FSYNC || extended_code == SQLITE_IOERR_DIR_FSYNC) return false;
  return code == SQLITE_IOERR &&
         (system_errno == ENOSPC || system_errno == EDQUOT || system_errno == EFBIG);
}

Problem problem_of(int extended_code, std::string_view message, int system_errno) {
  if (is_full(extended_code, system_errno)) {
    return lightbox::problem(ProblemKind::insufficient_storage, "no-store",
                             "There is no room on the disk; nothing was changed");
  }
  switch (extended_code & 0xFF) {
    case SQLITE_INTERRUPT:
      return lightbox::problem(ProblemKind::too_costly, "too-costly",
                               "The search needs more time than it is allowed");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_IOERR:
      return lightbox::problem(
          ProblemKind::unavailable, "transient",
          fmt::format("The database cannot be used: {}{}{}", message, system_errno != 0 ? ": " : "",
                      system_errno != 0 ? std::strerror(system_errno) : ""));
    default:
      return lightbox::problem(ProblemKind::internal, "exception",
                               fmt::format("Database error {}: {}", extended_code, message));
  }
}

Problem Database::problem() const {
  const int code = sqlite3_extended_errcode(handle_);
  const bool io = (code & 0xFF) == SQLITE_IOERR || (code & 0xFF) == SQLITE_CANTOPEN;
  return problem_of(code, sqlite3_errmsg(handle_), io ? sqlite3_system_errno(handle_) : 0);
}

Result<std::unique_ptr<Database>> Database::open(const std::string& path, Role role,
                                                 const char* vfs) {
  configure_once();
  std::unique_ptr<Database> database(new Database());
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (role == Role::writer) {
    flags |= SQLITE_OPEN_CREATE;
    vfs = log_gathering_vfs(vfs);
  }
  if (sqlite3_open_v2(path.c_str(), &database->handle_, flags, vfs) != SQLITE_OK) {
    return database->problem();
  }
  sqlite3_busy_timeout(database->handle_, 10'000);
  sqlite3_progress_handler(database->handle_, WorkLimit::instructions_per_tick, on_progress,
                           database.get());
  sqlite3_create_function(database->handle_, "in_key_set", 2,
                          SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, nullptr,
                          in_key_set, nullptr, nullptr);
  TRY_DO(database->execute(role == Role::writer ? writer_pragmas : reader_pragmas));
  TRY_DO(database->execute(common_pragmas));
  return database;
}

Database::~Database() {
  for (auto& [text, cached] : statements_) sqlite3_finalize(cached.statement);
  sqlite3_close(handle_);
}

Result<void> Database::execute(const char* sql) {
  if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return problem();
  return {};
}

sqlite3_stmt* Database::take_statement(std::string_view sql) {
  const auto found = statements_.find(sql);
  if (found != statements_.end() && found->second.statement != nullptr) {
    found->second.used = ++uses_;
    return std::exchange(found->second.statement, nullptr);
  }
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                     &statement, nullptr);
  return statement;
}

void Database::give_back(std::string_view sql, sqlite3_stmt* statement) {
  const auto found = statements_.find(sql);
  if (found != statements_.end()) {
    if (found->second.statement == nullptr) {
      found->second.statement = statement;
    } else {
      sqlite3_finalize(statement);  // two ran at the same time
    }
    return;
  }
  if (statements_.size() >= cached_statements_max) {
    auto oldest = statements_.begin();
    for (auto it = statements_.begin(); it != statements_.end(); ++it) {
      if (it->second.used < oldest->second.used) oldest = it;
    }
    sqlite3_finalize(oldest->second.statement);
    statements_.erase(oldest);
  }
  statements_.emplace(std::string(sql), Cached{statement, ++uses_});
}

Query::Query(Database& database, std::string_view sql)
    : database_(database), sql_(sql), statement_(database.take_statement(sql)) {
  if (statement_ == nullptr) code_ = database.error_code();
}

Query::Query(Database& database, const Sql& sql) : Query(database, std::string_view(sql.text)) {
  for (const Value& value : sql.values) bind_value(value);
}

Query::~Query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  database_.give_back(sql_, statement_);
}

Query& Query::bind(std::int64_t value) {
  sqlite3_bind_int64(statement_, ++bound_, value);
  return *this;
}

Query& Query::bind_optional(std::optional<std::int64_t> value) {
  if (value) return bind(*value);
  sqlite3_bind_null(statement_, ++bound_);
  return *this;
}

Query& Query::bind(double value) {
  sqlite3_bind_double(statement_, ++bound_, value);
  return *this;
}

Query& Query::bind(std::string_view text) {
  sqlite3_bind_text64(statement_, ++bound_, text.data() != nullptr ? text.data() : "", text.size(),
                      SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Query& Query::bind_blob(std::string_view bytes) {
  sqlite3_bind_blob64(statement_, ++bound_, bytes.data() != nullptr ? bytes.data() : "",
                      bytes.size(), SQLITE_STATIC);
  return *this;
}

Query& Query::bind(const KeySet* set) {
  sqlite3_bind_pointer(statement_, ++bound_, const_cast<KeySet*>(set), "KeySet", nullptr);
  return *this;
}

Query& Query::bind_value(const Value& value) {
  std::visit(
      [this](const auto& item) {
        if constexpr (std::is_same_v<std::decay_t<decltype(item)>, std::string>) {
          bind(std::string_view(item));
        } else {
          bind(item);
        }
      },
      value);
  return *this;
}

bool Query::next() {
  if (code_ != SQLITE_OK) return false;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) code_ = code;
  return false;
}

bool Query::run() {
  while (next()) {
  }
  if (code_ == SQLITE_OK) reset();
  return code_ == SQLITE_OK;
}

void Query::reset() {
  if (statement_ != nullptr) sqlite3_reset(statement_);
  bound_ = 0;
}

std::int64_t Query::integer(int column) const { return sqlite3_column_int64(statement_, column); }

double Query::real(int column) const { return sqlite3_column_double(statement_, column); }

std::string_view Query::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return bytes == nullptr ? std::string_view()
                          : std::string_view(bytes, sqlite3_column_bytes(statement_, column));
}

std::string_view Query::blob(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  return bytes == nullptr ? std::string_view()
                          : std::string_view(bytes, sqlite3_column_bytes(statement_, column));
}

namespace {

Result<std::int64_t> pragma(Database& database, const char* sql) {
  Query query(database, sql);
  if (!query.next()) return query.problem();
  return query.integer(0);
}

}  // namespace

// The migrations, each from version n to n + 1. A released one is never edited.
Result<void> migrate(Database& database) {
  const std::string schema(embedded_schema_sql, embedded_schema_sql_end);
  const std::string full_text(embedded_full_text_sql, embedded_full_text_sql_end);
  const std::string dicom = std::string(embedded_dicom_sql, embedded_dicom_sql_end) +
                            std::string(embedded_dicom_query_sql, embedded_dicom_query_sql_end);
  const std::string commitment(embedded_commitment_sql, embedded_commitment_sql_end);
  const std::string pull(embedded_pull_sql, embedded_pull_sql_end);
  const std::string source(embedded_source_sql, embedded_source_sql_end);
  const std::string dicom_answer(embedded_dicom_answer_sql, embedded_dicom_answer_sql_end);
  const std::string* const migrations[] = {&schema, &full_text, &dicom,       &commitment,
                                           &pull,   &source,    &dicom_answer};
  const auto newest = static_cast<std::int64_t>(std::size(migrations));

  TRY(const std::int64_t version, pragma(database, "PRAGMA user_version"));
  TRY(const std::int64_t application, pragma(database, "PRAGMA application_id"));
  TRY(const std::int64_t pages, pragma(database, "PRAGMA schema_version"));
  if (pages != 0 && application != application_id) {
    return lightbox::problem(ProblemKind::unavailable, "The file is not a database of Lightbox");
  }
  if (version > newest) {
    return lightbox::problem(
        ProblemKind::unavailable,
        fmt::format("The database has version {}, this program knows versions up to {}: use the "
                    "newer program",
                    version, newest));
  }
  for (std::int64_t step = version; step < newest; ++step) {
    const std::string sql =
        fmt::format("BEGIN IMMEDIATE; {} PRAGMA application_id={}; PRAGMA user_version={}; COMMIT;",
                    *migrations[step], application_id, step + 1);
    if (auto done = database.execute(sql.c_str()); !done) {
      (void)database.execute("ROLLBACK");
      return std::unexpected(std::move(done).error());
    }
  }
  return {};
}

}  // namespace lightbox::store
