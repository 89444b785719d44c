#pragma once

// The writer: one thread and one connection through which everything is written. It takes what has
// queued up, runs it as one transaction (a request of several operations in a savepoint of its
// own), commits, brings the caches up to date, and only then answers.

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <unordered_map>
#include <unordered_set>

#include "store/code_systems.h"
#include "store/database.h"
#include "store/kept_sets.h"
#include "store/key_set.h"
#include "store/row_sorter.h"
#include "store/rows.h"
#include "store/store.h"

namespace lightbox::store {

class ReaderPool;

// What the writer and the readers share; all members outlive both.
struct Shared {
  StoreOptions options;
  std::string path;  // of the database
  CodeSystems systems;
  KeySetCache sets{64U << 20U};
  KeptSets kept_sets{16U << 20U};
  // The number of the last commit that the caches know (commit_count), set before its answer.
  std::atomic<std::uint64_t> commits = 0;
  std::atomic<bool> writable = true;
  // Live resources by type number.
  std::array<std::atomic<std::int64_t>, 1024> counts{};
  ReaderPool* readers = nullptr;
};

// The writing of operations in an open transaction; the writer's thread and the bulk load use it.
class Applier {
 public:
  Applier(Database& database, Shared& shared) : database_(database), shared_(shared) {}

  // Reads what has to be known before anything is written: the clock and the index options.
  Result<void> prepare();
  // One operation. `body` is the compressed form. A Problem with nothing wrong in the database
  // (is_refusal) is found before anything is written, but for a removal of several; after any other
  // the transaction (or savepoint) must be rolled back.
  Result<OperationResult> apply(const Operation& operation, std::string_view body);

  // Index rows of new resources go there as records (row_record.h) in place of the tables; what is
  // there must be written before one of these resources is changed again. nullptr: to the tables.
  void defer_rows(RowSorter* pending) { pending_ = pending; }

  // The transaction's changes, for the caches; valid until the next begin().
  [[nodiscard]] const std::vector<ResourceChange>& changes() const { return changes_; }
  // BEGIN.
  Result<void> begin(std::int64_t now_ms);
  // Before the operations of each request.
  void begin_request();
  // Writes the counts, that of commits too; to be called before COMMIT. Gives this commit's number.
  Result<std::uint64_t> finish();
  // After COMMIT and ROLLBACK.
  void committed();
  void rolled_back();

  // A savepoint's begin and what its rollback takes back.
  struct Mark {
    std::size_t changes = 0;
    std::unordered_map<int, std::int64_t> count_changes;
  };
  [[nodiscard]] Mark mark() const { return {changes_.size(), count_changes_}; }
  void back_to(Mark mark);

 private:
  // An operation, and the resource that it is about.
  struct Target {
    const Operation& operation;
    std::string_view id;  // lives as long as changes_
    std::string_view body;
    [[nodiscard]] const fhir::ResourceType& type() const { return *operation.type; }
  };
  // The row of that resource.
  struct Current {
    std::int64_t key = 0;
    std::int64_t version = 0;
    Method method = Method::create;
    std::int64_t updated = 0;
    std::int64_t ord = 0;
    std::int64_t options = 0;
    std::string body;  // compressed
  };

  Result<void> name_options();
  void clear();
  Result<OperationResult> apply_to(const Target& target);
  Result<OperationResult> insert(const Target& target);
  Result<OperationResult> replace(const Target& target, const Current& current);
  Result<void> keep_version(const Current& current, std::int64_t until);
  Result<void> change_index(const Target& target, const Current& current);
  Result<std::optional<Current>> find(const Target& target);
  Result<IndexRows> rows_of(const Target& target, const Current& current);

  // apply_condition.cc
  Result<OperationResult> apply_conditional(const Operation& operation, std::string_view body);
  Result<OperationResult> apply_to_none(const Operation& operation, std::string_view body);
  Result<OperationResult> apply_to_match(const Operation& operation, std::string_view body,
                                         std::string id);
  Result<OperationResult> remove_matches(const Operation& operation, std::vector<std::string> ids);

  Database& database_;
  Shared& shared_;
  RowSorter* pending_ = nullptr;
  std::int64_t now_ms_ = 0;
  std::int64_t options_ = 0;      // the row of index_options; 0: there is none yet
  bool are_options_new_ = false;  // the row is not committed yet
  std::unordered_map<std::int64_t, fhir::IndexOptions> all_options_;
  std::unordered_map<int, std::int64_t> count_changes_;
  std::vector<ResourceChange> changes_;
  std::deque<std::string> chosen_ids_;  // by conditions; changes_ refers to them
  // Of the request under way.
  std::unordered_set<std::int64_t> touched_;  // keys that is_once operations wrote
  std::int64_t condition_ticks_ = 0;
};

// Kinds of problems that are the request's own fault: the transaction can go on without it.
[[nodiscard]] bool is_refusal(ProblemKind kind);

// What a request writes besides its operations, behind them and in the same savepoint: rows of the
// DICOM index. As with operations, a refusal fails the request alone, any other problem the whole
// transaction.
struct Task {
  struct Context {
    Database& database;
    std::int64_t now_ms;
    std::span<const OperationResult> results;  // of the operations
  };
  std::function<Result<void>(const Context&)> run = nullptr;
  std::size_t weight = 0;         // in operations, for limits.commit_batch_max and commit_queue_max
  bool is_sync_deferred = false;  // Durability::deferred
};

class Writer {
 public:
  Writer(std::unique_ptr<Database> database, Shared& shared);
  ~Writer();  // commits what is queued

  // Store::commit.
  void commit(std::vector<Operation> operations, std::function<void(CommitResult)> done) {
    commit(std::move(operations), {}, std::move(done));
  }
  void commit(std::vector<Operation> operations, Task task, std::function<void(CommitResult)> done);
  CommitResult commit_and_wait(std::vector<Operation> operations, Task task);
  Result<void> start();

 private:
  struct Request {
    std::vector<Operation> operations;
    std::vector<std::string> bodies;
    Task task;
    std::function<void(CommitResult)> done;
    CommitResult result;
    [[nodiscard]] std::size_t weight() const { return operations.size() + task.weight; }
  };
  void run();
  [[nodiscard]] std::deque<Request> take();
  void commit_batch(std::deque<Request>& batch);
  Result<void> try_batch(std::span<Request*> batch);
  Result<void> commit_transaction(std::span<Request*> batch);
  Result<CommitResult> apply(Request& request);
  Result<CommitResult> apply_all(Request& request);
  void stop_writing(int extended_code, int system_errno);
  void checkpoint(bool idle);

  std::unique_ptr<Database> database_;
  Shared& shared_;
  Applier applier_;
  std::int64_t clock_ms_ = 0;
  int log_pages_ = 0;           // as of the last commit
  int written_back_pages_ = 0;  // as of the last checkpoint
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Request> queue_;
  std::size_t queued_operations_ = 0;
  bool was_long_ = false;  // the batch taken last
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace lightbox::store
