#include "store/writer.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fmt/format.h>

#include "base/log.h"
#include "store/codec.h"
#include "store/reader.h"

namespace lightbox::store {
namespace {

// The log is written back to the database when it passes the first, and cut when nothing is asked
// of the writer; past the second the writer waits a moment for readers to let go of it.
constexpr int log_pages_checkpoint = 8'192;    // 32 MiB
constexpr int log_pages_restart = 16 * 8'192;  // 512 MiB
constexpr auto idle_time = std::chrono::milliseconds(500);

std::int64_t wall_clock_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Problem writes_stopped() {
  return problem(
      ProblemKind::unavailable, "exception",
      "A write to the disk has failed; nothing is written until the server is restarted");
}

// Failures after which it is unknown what the disk holds: the kernel may have dropped the pages.
bool is_fatal(int extended_code, int system_errno) {
  const int code = extended_code & 0xFF;
  if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) return true;
  if (code != SQLITE_IOERR || is_full(extended_code, system_errno)) return false;
  return extended_code == SQLITE_IOERR_FSYNC || extended_code == SQLITE_IOERR_DIR_FSYNC ||
         extended_code == SQLITE_IOERR_WRITE || extended_code == SQLITE_IOERR_TRUNCATE;
}

int on_log_growth(void* pages, sqlite3*, const char*, int count) {
  *static_cast<int*>(pages) = count;
  return SQLITE_OK;
}

}  // namespace

Writer::Writer(std::unique_ptr<Database> database, Shared& shared)
    : database_(std::move(database)), shared_(shared), applier_(*database_, shared) {
  sqlite3_wal_hook(database_->handle(), on_log_growth, &log_pages_);
}

Result<void> Writer::start() {
  TRY_DO(applier_.prepare());
  shared_.sets.apply({}, shared_.commits);
  thread_ = std::thread([this] { run(); });
  return {};
}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Writer::commit(std::vector<Operation> operations, std::function<void(CommitResult)> done) {
  if (!shared_.writable) return done(writes_stopped());
  Request request;
  request.bodies.reserve(operations.size());
  for (const Operation& operation : operations) {
    request.bodies.push_back(
        operation.kind == Operation::Kind::remove ? std::string() : compress_body(operation.body));
  }
  request.operations = std::move(operations);
  request.done = std::move(done);
  {
    const std::lock_guard lock(mutex_);
    const std::size_t count = request.operations.size();
    // One that is greater than the whole queue is taken when it has the queue to itself.
    if (queued_operations_ == 0 ||
        queued_operations_ + count <= shared_.options.limits.commit_queue_max) {
      queued_operations_ += count;
      queue_.push_back(std::move(request));
      wake_.notify_one();
      return;
    }
  }
  request.done(problem(ProblemKind::unavailable, "throttled",
                       fmt::format("More than {} writes are waiting (commit_queue_max)",
                                   shared_.options.limits.commit_queue_max)));
}

void Writer::run() {
  for (;;) {
    std::deque<Request> batch;
    {
      std::unique_lock lock(mutex_);
      const auto wanted = [this] { return stop_ || !queue_.empty(); };
      if (log_pages_ > 0) {
        if (!wake_.wait_for(lock, idle_time, wanted)) {
          lock.unlock();
          checkpoint(true);
          continue;
        }
      } else {
        wake_.wait(lock, wanted);
      }
      if (queue_.empty()) break;
      batch = take();
    }
    commit_batch(batch);
    if (log_pages_ < written_back_pages_) written_back_pages_ = 0;  // the log began anew
    if (log_pages_ - written_back_pages_ > log_pages_checkpoint) checkpoint(false);
  }
  if (log_pages_ > 0) checkpoint(true);
}

// In the order of arrival; a long request has a transaction of its own, so that the short ones
// before it are answered first.
std::deque<Writer::Request> Writer::take() {
  std::deque<Request> batch;
  std::size_t operations = 0;
  while (!queue_.empty()) {
    const std::size_t count = queue_.front().operations.size();
    if (!batch.empty() && operations + count > shared_.options.limits.commit_batch_max) break;
    operations += count;
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  queued_operations_ -= operations;
  return batch;
}

// When the transaction fails (no room for one great request, say), each request gets a transaction
// of its own, so that one cannot take the others with it.
void Writer::commit_batch(std::deque<Request>& batch) {
  std::vector<Request*> all;
  for (Request& request : batch) all.push_back(&request);
  if (auto done = try_batch(all); !done) {
    for (Request*& request : all) {
      if (all.size() > 1 && shared_.writable) done = try_batch({&request, 1});
      if (!done) request->result = std::unexpected(done.error());
    }
  }
  for (Request& request : batch) request.done(std::move(request.result));
}

Result<void> Writer::try_batch(std::span<Request*> batch) {
  if (!shared_.writable) return writes_stopped();
  clock_ms_ = std::max(clock_ms_, wall_clock_ms());
  applier_.begin(clock_ms_);
  std::uint64_t commit = 0;
  const auto run = [&]() -> Result<void> {
    TRY_DO(database_->execute("BEGIN IMMEDIATE"));
    for (Request* request : batch) {
      TRY(request->result, apply(*request));
    }
    TRY(commit, applier_.finish());
    return database_->execute("COMMIT");
  };
  if (auto done = run(); !done) {
    const int code = database_->error_code();
    const int system_errno = sqlite3_system_errno(database_->handle());
    if (sqlite3_get_autocommit(database_->handle()) == 0) (void)database_->execute("ROLLBACK");
    applier_.rolled_back();
    if (is_fatal(code, system_errno)) {
      stop_writing(code, system_errno);
      return writes_stopped();
    }
    return std::unexpected(std::move(done).error());
  }
  applier_.committed();
  shared_.sets.apply(applier_.changes(), commit);
  shared_.commits = commit;
  return {};
}

// The inner result is the request's answer; the outer fails when the transaction cannot go on.
Result<CommitResult> Writer::apply(Request& request) {
  const bool several = request.operations.size() > 1;
  const Applier::Mark mark = several ? applier_.mark() : Applier::Mark{};
  if (several) TRY_DO(database_->execute("SAVEPOINT request"));
  std::vector<OperationResult> results;
  for (std::size_t i = 0; i < request.operations.size(); ++i) {
    auto result = applier_.apply(request.operations[i], request.bodies[i]);
    if (result) {
      results.push_back(*result);
      continue;
    }
    Problem failure = std::move(result).error();
    const bool refused =
        failure.kind == ProblemKind::conflict || failure.kind == ProblemKind::precondition_failed;
    if (!refused) return failure;
    if (!several) return CommitResult(std::move(failure));
    for (Issue& issue : failure.issues) issue.expression = fmt::format("operation[{}]", i);
    TRY_DO(database_->execute("ROLLBACK TO request; RELEASE request"));
    applier_.back_to(mark);
    return CommitResult(std::move(failure));
  }
  if (several) TRY_DO(database_->execute("RELEASE request"));
  return CommitResult(std::move(results));
}

// Idle readers that still hold a snapshot let go of it first, or the log could not be cut.
void Writer::checkpoint(bool idle) {
  if (!shared_.writable) {
    log_pages_ = 0;
    return;
  }
  if (shared_.readers != nullptr) shared_.readers->release_snapshots();
  const int mode = idle                             ? SQLITE_CHECKPOINT_TRUNCATE
                   : log_pages_ > log_pages_restart ? SQLITE_CHECKPOINT_RESTART
                                                    : SQLITE_CHECKPOINT_PASSIVE;
  sqlite3_busy_timeout(database_->handle(), idle ? 0 : 1'000);
  const int code = sqlite3_wal_checkpoint_v2(database_->handle(), nullptr, mode, nullptr, nullptr);
  const int extended = database_->error_code();
  const int system_errno = sqlite3_system_errno(database_->handle());
  sqlite3_busy_timeout(database_->handle(), 10'000);
  written_back_pages_ = log_pages_;
  if (code == SQLITE_OK && idle) log_pages_ = written_back_pages_ = 0;
  if (code != SQLITE_OK && is_fatal(extended, system_errno)) stop_writing(extended, system_errno);
}

void Writer::stop_writing(int extended_code, int system_errno) {
  shared_.writable = false;
  log(LogLevel::error, "writes_stopped",
      {{"sqlite_code", extended_code},
       {"reason", sqlite3_errstr(extended_code)},
       {"system", system_errno == 0 ? "" : std::strerror(system_errno)}});
}

}  // namespace lightbox::store
