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
#include <thread>
#include <unordered_map>

#include "store/code_systems.h"
#include "store/database.h"
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
  // (conflict, precondition_failed, …) is found before anything is written; after any other the
  // transaction (or savepoint) must be rolled back.
  Result<OperationResult> apply(const Operation& operation, std::string_view body);

  // Index rows of new resources go there as records (row_record.h) in place of the tables; what is
  // there must be written before one of these resources is changed again. nullptr: to the tables.
  void defer_rows(RowSorter* pending) { pending_ = pending; }

  // The transaction's changes, for the caches; valid until the next begin().
  [[nodiscard]] const std::vector<ResourceChange>& changes() const { return changes_; }
  void begin(std::int64_t now_ms);
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
  struct Current;
  Result<OperationResult> insert(const Operation& operation, std::string_view body);
  Result<OperationResult> replace(const Operation& operation, std::string_view body,
                                  const Current& current);
  Result<void> change_index(const Operation& operation, const Current& current);
  Result<std::optional<Current>> find(const Operation& operation);
  Result<IndexRows> rows_of(const Operation& operation, const Current& current);

  Database& database_;
  Shared& shared_;
  RowSorter* pending_ = nullptr;
  std::int64_t now_ms_ = 0;
  std::int64_t options_ = 0;
  std::unordered_map<std::int64_t, fhir::IndexOptions> all_options_;
  std::unordered_map<int, std::int64_t> count_changes_;
  std::vector<ResourceChange> changes_;
};

class Writer {
 public:
  Writer(std::unique_ptr<Database> database, Shared& shared);
  ~Writer();  // commits what is queued

  // Store::commit.
  void commit(std::vector<Operation> operations, std::function<void(CommitResult)> done);
  Result<void> start();

 private:
  struct Request {
    std::vector<Operation> operations;
    std::vector<std::string> bodies;
    std::function<void(CommitResult)> done;
    CommitResult result;
  };
  void run();
  [[nodiscard]] std::deque<Request> take();
  void commit_batch(std::deque<Request>& batch);
  Result<void> try_batch(std::span<Request*> batch);
  Result<CommitResult> apply(Request& request);
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
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace lightbox::store
