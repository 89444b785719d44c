#include "store/writer.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fmt/format.h>

#include "base/log.h"
#include "store/codec.h"
#include "store/log_vfs.h"
#include "store/reader.h"
#include "store/row_record.h"

namespace lightbox::store {
namespace {

// The log is written back to the database when it passes the first, and cut when nothing is asked
// of the writer; past the second the writer waits a moment for readers to let go of it.
constexpr int log_pages_checkpoint = 8'192;    // 32 MiB
constexpr int log_pages_restart = 16 * 8'192;  // 512 MiB
constexpr auto idle_time = std::chrono::milliseconds(500);
constexpr std::size_t sorted_operations_min = 256;
constexpr std::size_t sorter_arena_bytes = 8U << 20U;

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

// How many operations from `begin` on have no condition, and write no resource that another wrote:
// nothing needs their rows before the last.
std::size_t unconditional_from(const std::vector<Operation>& operations, std::size_t begin) {
  std::size_t end = begin;
  while (end < operations.size() && operations[end].is_once && !operations[end].condition) ++end;
  return end - begin;
}

// Neither refused nor built upon what is not so.
bool is_all_done(const CommitResult& result) {
  return result && std::ranges::none_of(*result, [](const OperationResult& each) {
           return each.outcome == OperationResult::Outcome::other_match;
         });
}

}  // namespace

bool is_refusal(ProblemKind kind) {
  return kind == ProblemKind::conflict || kind == ProblemKind::precondition_failed ||
         kind == ProblemKind::invalid || kind == ProblemKind::too_costly ||
         kind == ProblemKind::not_found;
}

Writer::Writer(std::unique_ptr<Database> database, Shared& shared)
    : database_(std::move(database)), shared_(shared), applier_(*database_, shared) {
  sqlite3_wal_hook(database_->handle(), on_log_growth, &log_pages_);
}

Result<void> Writer::start() {
  TRY_DO(applier_.prepare());
  shared_.sets.apply({}, shared_.commits);
  shared_.kept_sets.apply({}, shared_.commits);
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

void Writer::commit(std::vector<Operation> operations, Task task,
                    std::function<void(CommitResult)> done) {
  if (!shared_.writable) return done(writes_stopped());
  Request request;
  request.bodies.reserve(operations.size());
  for (Operation& operation : operations) {
    request.bodies.push_back(
        operation.kind == Operation::Kind::remove ? std::string() : compress_body(operation.body));
    operation.body = {};
  }
  request.operations = std::move(operations);
  request.task = std::move(task);
  request.done = std::move(done);
  {
    const std::lock_guard lock(mutex_);
    // Whatever its size: a great one would else never get in while there are many small ones.
    if (queued_operations_ < shared_.options.limits.commit_queue_max) {
      queued_operations_ += request.weight();
      queue_.push_back(std::move(request));
      wake_.notify_one();
      return;
    }
  }
  request.done(problem(ProblemKind::unavailable, "throttled",
                       fmt::format("More than {} writes are waiting (commit_queue_max)",
                                   shared_.options.limits.commit_queue_max)));
}

CommitResult Writer::commit_and_wait(std::vector<Operation> operations, Task task) {
  std::mutex mutex;
  std::condition_variable answered;
  std::optional<CommitResult> answer;
  commit(std::move(operations), std::move(task), [&](CommitResult result) {
    const std::lock_guard lock(mutex);
    answer = std::move(result);
    answered.notify_one();
  });
  std::unique_lock lock(mutex);
  answered.wait(lock, [&] { return answer.has_value(); });
  return std::move(*answer);
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
// before it are answered first. After it come those that are short, so that none waits for several
// long ones.
std::deque<Writer::Request> Writer::take() {
  const std::size_t batch_max = shared_.options.limits.commit_batch_max;
  if (was_long_) {
    std::stable_partition(queue_.begin(), queue_.end(), [batch_max](const Request& request) {
      return request.weight() <= batch_max;
    });
  }
  std::deque<Request> batch;
  std::size_t operations = 0;
  while (!queue_.empty()) {
    const std::size_t count = queue_.front().weight();
    if (!batch.empty() && operations + count > batch_max) break;
    operations += count;
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  queued_operations_ -= operations;
  was_long_ = operations > batch_max;
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
  std::uint64_t commit = 0;
  const auto run = [&]() -> Result<void> {
    TRY_DO(applier_.begin(clock_ms_));
    for (Request* request : batch) {
      TRY(request->result, apply(*request));
    }
    TRY(commit, applier_.finish());
    return commit_transaction(batch);
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
  shared_.kept_sets.apply(applier_.changes(), commit);
  shared_.commits = commit;
  return {};
}

// With a sync, unless nobody waits for one.
Result<void> Writer::commit_transaction(std::span<Request*> batch) {
  const bool is_deferred = std::ranges::all_of(
      batch, [](const Request* request) { return request->task.is_sync_deferred; });
  if (!is_deferred) return database_->execute("COMMIT");
  set_syncs_deferred(database_->handle(), true);
  auto done = database_->execute("COMMIT");
  set_syncs_deferred(database_->handle(), false);
  return done;
}

// The inner result is the request's answer; the outer fails when the transaction cannot go on.
// A request that may fail, or be taken back, after it wrote something has a savepoint.
Result<CommitResult> Writer::apply(Request& request) {
  const auto& operations = request.operations;
  const bool is_savepoint_needed =
      operations.size() > 1 || request.task.run ||
      (!operations.empty() && operations[0].condition && operations[0].condition->matches_max > 1);
  applier_.begin_request();
  const auto run = [&]() -> Result<CommitResult> {
    auto done = apply_all(request);
    applier_.defer_rows(nullptr);
    if (!done || !request.task.run || !is_all_done(*done)) return done;
    auto task = request.task.run({*database_, clock_ms_, **done});
    if (task) return done;
    if (!is_refusal(task.error().kind)) return std::unexpected(std::move(task).error());
    return CommitResult(std::unexpected(std::move(task).error()));
  };
  if (!is_savepoint_needed) return run();
  Applier::Mark mark = applier_.mark();
  TRY_DO(database_->execute("SAVEPOINT request"));
  TRY(CommitResult result, run());
  if (is_all_done(result)) {
    TRY_DO(database_->execute("RELEASE request"));
  } else {
    TRY_DO(database_->execute("ROLLBACK TO request; RELEASE request"));
    applier_.back_to(std::move(mark));
  }
  return result;
}

// Many operations in a row get their index rows in sorted order behind the last, as in a bulk load;
// a condition must find what was written before it.
Result<CommitResult> Writer::apply_all(Request& request) {
  const auto& operations = request.operations;
  std::size_t unconditional_end = 0;
  std::optional<RowSorter> pending;
  std::vector<OperationResult> results;
  results.reserve(operations.size());
  bool is_other_match = false;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (i >= unconditional_end) {
      if (pending) TRY_DO(write_records(*database_, *pending, {}));
      pending.reset();
      const std::size_t count = unconditional_from(operations, i);
      if (count >= sorted_operations_min) {
        pending.emplace(shared_.options.data_directory, sorter_arena_bytes);
      }
      applier_.defer_rows(pending ? &*pending : nullptr);
      unconditional_end = i + std::max<std::size_t>(1, count);
    }
    auto result = applier_.apply(operations[i], request.bodies[i]);
    if (result) {
      is_other_match |= result->outcome == OperationResult::Outcome::other_match;
      results.push_back(std::move(*result));
      continue;
    }
    Problem failure = std::move(result).error();
    if (!is_refusal(failure.kind)) return failure;
    // It may have failed only because an operation before it did not do what it should.
    if (is_other_match) return CommitResult(std::move(results));
    if (operations.size() > 1) {
      for (Issue& issue : failure.issues) issue.expression = fmt::format("operation[{}]", i);
    }
    return CommitResult(std::move(failure));
  }
  if (pending) TRY_DO(write_records(*database_, *pending, {}));
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
