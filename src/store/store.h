#pragma once

// The one store: resources, their history and their index rows, in SQLite (design, decision 2).
//
// commit() queues operations; one writer thread commits whatever has queued up as one transaction,
// each request in its own SAVEPOINT with its preconditions checked inside, and answers only after
// the fsync. Reads and searches run on the calling thread, on connections of their own, beside the
// writer; they see everything that was acknowledged before they began. All members are safe from
// any thread unless they say otherwise.
//
// After a failed fsync every further commit is refused (kind `unavailable`) until the process is
// restarted; a full disk rolls back, gives `insufficient_storage`, and heals when there is room.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "fhir/definitions.h"
#include "fhir/index.h"
#include "fhir/search.h"
#include "store/preconditions.h"

namespace lightbox::store {

struct StoreOptions {
  std::string data_directory;  // made if it is missing; the database is lightbox.db in it
  Limits limits;
  fhir::IndexOptions index;   // to index again what is stored: updates, reindexing
  const char* vfs = nullptr;  // SQLite VFS name; tests inject faults with it
};

enum class Method : std::uint8_t { create, update, remove };  // history's POST, PUT, DELETE

// One version of one resource.
struct StoredResource {
  const fhir::ResourceType* type = nullptr;
  std::string id;
  std::uint64_t version = 0;
  std::int64_t updated_ms = 0;
  Method method = Method::create;
  std::string body;  // fhir::to_stored; empty for a deletion
};

// Appends it as the JSON of the whole resource, meta.versionId and meta.lastUpdated included.
void append_resource(const StoredResource& stored, std::string& out);

// The search that decides which resource an operation is about (R4, http.html#ccreate,
// #cond-update, #cdelete, #trules). The writer evaluates it in the open transaction: it sees what
// was written before it, and nothing is written between it and the operation.
struct Condition {
  std::shared_ptr<const fhir::SearchQuery> query;  // its type and criteria; there is at least one
  // What the caller found earlier and built upon: an id, or "" for no match. When the writer finds
  // another, nothing of the request is written (Outcome::other_match).
  std::optional<std::string> expected = std::nullopt;
  // More are precondition_failed (code multiple-matches). Only `remove` can do with more than one.
  std::size_t matches_max = 1;
  // put: Operation::id is the client's, so a match with another id is `invalid`.
  bool is_id_fixed = false;
};

struct Operation {
  // `check` writes nothing: its condition must match one resource, else precondition_failed.
  enum class Kind : std::uint8_t { create, put, remove, check };
  Kind kind = Kind::create;
  const fhir::ResourceType* type = nullptr;
  std::string id;            // for create: a new random id, made by the caller
  std::string body;          // fhir::to_stored; empty for remove
  fhir::IndexEntries index;  // empty for remove
  Preconditions preconditions = {};
  // Then `id` is what a put or create gives to a new resource, when there is no match. A create
  // with a match changes nothing.
  std::optional<Condition> condition = std::nullopt;
  // Fail with `invalid` when an earlier operation of the same request wrote the same resource.
  bool is_once = false;
};

struct OperationResult {
  // `unchanged`: a removal of what is not there (or gone already), a create whose condition has a
  // match, a check. `other_match`: the condition matches `id` ("" for nothing), which is not what
  // was expected; then nothing of the request is written, and operations after it may have no
  // result.
  enum class Outcome : std::uint8_t { created, updated, removed, unchanged, other_match };
  Outcome outcome = Outcome::created;
  std::uint64_t version = 0;
  std::int64_t updated_ms = 0;
  std::string id = {};      // the resource's, where a condition chose it
  std::size_t removed = 0;  // how many a conditional removal deleted
};

using CommitResult = Result<std::vector<OperationResult>>;

// How long a read may take. Past it the call returns kind too_costly and the caller decides.
struct Effort {
  std::int64_t time_us = 0;  // 0: no limit
};

// A resource in another's `contained`, found by itself.
struct ContainedMatch {
  const fhir::ResourceType* type = nullptr;
  std::string path;  // "MedicationRequest/23#m1"
  std::string json;  // all of it, compact
};

struct SearchPage {
  std::string plan;  // how it was found, when the query asks for it
  // With _contained the last of them, `containers`, are there for what they contain.
  std::vector<StoredResource> matches;
  std::size_t containers = 0;
  std::vector<ContainedMatch> contained;  // matches that come after those
  std::vector<StoredResource> included;   // by the query's `includes`; none of the matches
  bool included_is_cut = false;           // limits.included_resources_max was reached
  std::string next_cursor;                // empty: this was the last page
  std::optional<std::uint64_t> total;     // when asked for, or free
};

// Where a version is in a history: no two versions are in the same place.
struct HistoryPlace {
  std::int64_t updated_ms = 0;
  std::int64_t key = 0;  // the resource's
  std::uint64_t version = 0;
};

// R4, http.html#history: of one resource, of a type, or of everything.
struct HistoryQuery {
  enum class Order : std::uint8_t { newest_first, oldest_first };
  const fhir::ResourceType* type = nullptr;  // nullptr: all types
  std::string id = {};                       // empty: all of the type
  std::size_t count = 50;
  Order order = Order::newest_first;
  std::int64_t since_ms = INT64_MIN;  // versions of this time and later
  // Versions that were current at some time of it.
  std::optional<fhir::DateInterval> at = std::nullopt;
  std::optional<HistoryPlace> after = std::nullopt;  // for the next page
};
struct HistoryPage {
  std::vector<StoredResource> versions;
  std::optional<HistoryPlace> next;
  std::optional<std::uint64_t> total;  // of one resource, when nothing restricts its versions
};

class DicomIndex;

class Store {
 public:
  // Opens or makes the database, migrating its schema. Fails with `unavailable` when it cannot be
  // opened, is of a newer version, or another process has it.
  static Result<std::unique_ptr<Store>> open(StoreOptions options);
  ~Store();  // waits for what is queued
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // All operations or none; `done` is called exactly once, on the writer's thread (it must be quick
  // and must not throw), after the fsync. A failing operation fails its own request only, its
  // issue's expression naming the operation's index when there are several. A condition that would
  // need more work than the writer may take for one: too_costly. Refused with `unavailable` at once
  // (in the calling thread) when limits.commit_queue_max operations are waiting already.
  void commit(std::vector<Operation> operations, std::function<void(CommitResult)> done);
  CommitResult commit_and_wait(std::vector<Operation> operations);

  // not_found; gone (the issue says which version deleted it). A version that is no longer kept
  // (limits.history_versions_max) is not_found.
  Result<StoredResource> read(const fhir::ResourceType& type, std::string_view id);
  Result<StoredResource> read_version(const fhir::ResourceType& type, std::string_view id,
                                      std::uint64_t version);
  // One page. not_found when there never was a resource with the id.
  Result<HistoryPage> history(const HistoryQuery& query, Effort effort);

  // One page. Invalid cursor: `invalid`.
  Result<SearchPage> search(const fhir::SearchQuery& query, Effort effort);
  // One page of several types (fhir/search_types.h): at least one query, all with the same count,
  // sort, total and cursor. Without `sort` they come in the order of the queries.
  Result<SearchPage> search(std::span<const fhir::SearchQuery> queries, Effort effort);

  // The values of a token or uri parameter that are in use, in no order that means something; codes
  // without a system have the system "". too_costly when there are more than `values_max`.
  Result<std::vector<fhir::TokenEntry>> token_values(const fhir::SearchParameter& parameter,
                                                     std::size_t values_max);

  // What the archive holds (dicom_index.h), in the same database; lives as long as the store.
  DicomIndex& dicom();

  // How many resources of each type number there are, for /metrics; approximate, cheap.
  [[nodiscard]] std::uint64_t resource_count() const;
  // False after a failed fsync.
  [[nodiscard]] bool writable() const;

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lightbox::store
