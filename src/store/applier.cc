#include <algorithm>
#include <fmt/format.h>

#include "fhir/json.h"
#include "fhir/resource.h"
#include "store/codec.h"
#include "store/full_text.h"
#include "store/index_options.h"
#include "store/row_record.h"
#include "store/writer.h"

namespace lightbox::store {
// The row of the resource that an operation is about.
struct Applier::Current {
  std::int64_t key = 0;
  std::int64_t version = 0;
  Method method = Method::create;
  std::int64_t updated = 0;
  std::int64_t ord = 0;
  std::int64_t options = 0;
  std::string body;  // compressed
};

Result<void> Applier::prepare() {
  const std::string text = options_text(shared_.options.index);
  Query insert(database_, "INSERT OR IGNORE INTO index_options (text) VALUES (?)");
  insert.bind(std::string_view(text));
  if (!insert.run()) return insert.problem();
  Query query(database_, "SELECT id, text FROM index_options");
  while (query.next()) {
    if (query.text(1) == text) options_ = query.integer(0);
    all_options_.emplace(query.integer(0), options_of(query.text(1)));
  }
  if (!query.ok()) return query.problem();
  Query counts(database_, "SELECT type, live FROM type_count");
  while (counts.next()) {
    if (counts.integer(0) >= 0 && counts.integer(0) < 1024) {
      shared_.counts[counts.integer(0)] = counts.integer(1);
    }
  }
  if (!counts.ok()) return counts.problem();
  Query commits(database_, "SELECT number FROM commit_count");
  if (!commits.next()) return commits.problem();
  shared_.commits = static_cast<std::uint64_t>(commits.integer(0));
  return {};
}

void Applier::begin(std::int64_t now_ms) {
  now_ms_ = now_ms;
  changes_.clear();
  count_changes_.clear();
}

Result<std::uint64_t> Applier::finish() {
  for (const auto& [type, change] : count_changes_) {
    if (change == 0) continue;
    Query query(database_,
                "INSERT INTO type_count VALUES (?,?) ON CONFLICT (type) DO UPDATE SET live=live+?");
    query.bind(std::int64_t{type}).bind(change).bind(change);
    if (!query.run()) return query.problem();
  }
  Query commits(database_, "UPDATE commit_count SET number=number+1 RETURNING number");
  if (!commits.next()) return commits.problem();
  return static_cast<std::uint64_t>(commits.integer(0));
}

void Applier::committed() {
  shared_.systems.committed();
  for (const auto& [type, change] : count_changes_) shared_.counts[type] += change;
}

void Applier::rolled_back() {
  shared_.systems.rolled_back();
  begin(now_ms_);
}

void Applier::back_to(Mark mark) {
  shared_.systems.rolled_back();
  changes_.resize(mark.changes);
  count_changes_ = std::move(mark.count_changes);
}

Result<std::optional<Applier::Current>> Applier::find(const Operation& operation) {
  Query query(database_,
              "SELECT key, version, method, updated, ord, options, body FROM resource WHERE type=? "
              "AND id=?");
  query.bind(std::int64_t{operation.type->number}).bind(std::string_view(operation.id));
  if (!query.next()) {
    if (!query.ok()) return query.problem();
    return std::optional<Current>();
  }
  return std::optional<Current>(
      Current{query.integer(0), query.integer(1), static_cast<Method>(query.integer(2)),
              query.integer(3), query.integer(4), query.integer(5), std::string(query.blob(6))});
}

Result<OperationResult> Applier::apply(const Operation& operation, std::string_view body) {
  TRY(const std::optional<Current> current, find(operation));
  const bool live = current && current->method != Method::remove;
  const std::string name = fmt::format("{}/{}", operation.type->name, operation.id);
  if (operation.if_version &&
      (!current || static_cast<std::uint64_t>(current->version) != *operation.if_version)) {
    return problem(ProblemKind::precondition_failed, "conflict",
                   current ? fmt::format("{} has version {}, not {}", name, current->version,
                                         *operation.if_version)
                           : fmt::format("{} does not exist, so it has no version {}", name,
                                         *operation.if_version));
  }
  if (operation.if_absent && live) {
    return problem(ProblemKind::precondition_failed, "conflict",
                   fmt::format("{} exists already, with version {}", name, current->version));
  }
  switch (operation.kind) {
    case Operation::Kind::create:
      if (current) {
        return problem(ProblemKind::conflict, "duplicate", fmt::format("{} is taken", name));
      }
      return insert(operation, body);
    case Operation::Kind::put:
      return current ? replace(operation, body, *current) : insert(operation, body);
    case Operation::Kind::remove:
      if (live) return replace(operation, {}, *current);
      break;
  }
  return OperationResult{OperationResult::Outcome::unchanged,
                         current ? static_cast<std::uint64_t>(current->version) : 0,
                         current ? current->updated : 0};
}

Result<OperationResult> Applier::insert(const Operation& operation, std::string_view body) {
  const Method method = operation.kind == Operation::Kind::create ? Method::create : Method::update;
  Query query(database_,
              "INSERT INTO resource (type, id, version, updated, method, ord, present, options, "
              "body) VALUES (?,?,1,?,?,?,?,?,?)");
  query.bind(std::int64_t{operation.type->number}).bind(std::string_view(operation.id));
  query.bind(now_ms_).bind(static_cast<std::int64_t>(method)).bind(operation.index.order);
  query.bind(static_cast<std::int64_t>(operation.index.present)).bind(options_).bind_blob(body);
  if (!query.run()) return query.problem();
  const std::int64_t key = sqlite3_last_insert_rowid(database_.handle());
  if (key > resource_key_max) {
    return problem(ProblemKind::insufficient_storage,
                   "The store holds as many resources as it can");
  }
  TRY(const IndexRows rows, make_rows(operation.index, shared_.systems, database_));
  const RowPlace place{operation.index.order, key};
  if (pending_ != nullptr) {
    TRY_DO(add_records(rows, place, *pending_));
    TRY_DO(insert_text(database_, {rows.narrative, rows.content}, key));
  } else {
    TRY_DO(insert_rows(database_, rows, place));
  }
  ++count_changes_[operation.type->number];
  changes_.push_back({operation.type, key, operation.id, now_ms_, &operation.index});
  return OperationResult{OperationResult::Outcome::created, 1, now_ms_};
}

Result<OperationResult> Applier::replace(const Operation& operation, std::string_view body,
                                         const Current& current) {
  const bool was_live = current.method != Method::remove;
  const bool is_live = operation.kind != Operation::Kind::remove;
  {
    Query query(database_,
                "INSERT INTO history SELECT key, version, updated, method, body FROM resource "
                "WHERE key=?");
    query.bind(current.key);
    if (!query.run()) return query.problem();
  }
  TRY_DO(change_index(operation, current));

  const std::int64_t updated = std::max(now_ms_, current.updated + 1);
  const Method method = is_live ? Method::update : Method::remove;
  Query query(database_,
              "UPDATE resource SET version=?, updated=?, method=?, ord=?, present=?, options=?, "
              "body=? WHERE key=?");
  query.bind(current.version + 1).bind(updated).bind(static_cast<std::int64_t>(method));
  query.bind(operation.index.order).bind(static_cast<std::int64_t>(operation.index.present));
  query.bind(options_).bind_blob(body).bind(current.key);
  if (!query.run()) return query.problem();

  if (was_live != is_live) count_changes_[operation.type->number] += is_live ? 1 : -1;
  changes_.push_back(
      {operation.type, current.key, operation.id, updated, is_live ? &operation.index : nullptr});
  OperationResult result;
  result.version = static_cast<std::uint64_t>(current.version + 1);
  result.updated_ms = updated;
  result.outcome = !is_live   ? OperationResult::Outcome::removed
                   : was_live ? OperationResult::Outcome::updated
                              : OperationResult::Outcome::created;
  return result;
}

// Only the rows that differ are written.
Result<void> Applier::change_index(const Operation& operation, const Current& current) {
  IndexRows old_rows;
  IndexRows new_rows;
  if (current.method != Method::remove) {
    TRY(old_rows, rows_of(operation, current));
  }
  if (operation.kind != Operation::Kind::remove) {
    TRY(new_rows, make_rows(operation.index, shared_.systems, database_));
  }
  if (current.ord == operation.index.order) keep_differences(old_rows, new_rows);
  TRY_DO(delete_rows(database_, old_rows, {current.ord, current.key}));
  return insert_rows(database_, new_rows, {operation.index.order, current.key});
}

// The rows that the stored version has: derived again, with the options that it was indexed with.
Result<IndexRows> Applier::rows_of(const Operation& operation, const Current& current) {
  const auto stored = decompress_body(current.body);
  const auto options = all_options_.find(current.options);
  if (!stored || options == all_options_.end()) {
    return problem(ProblemKind::internal,
                   fmt::format("{}/{} version {} is damaged in the store", operation.type->name,
                               operation.id, current.version));
  }
  std::string text;
  fhir::append_resource({operation.type->name, operation.id,
                         static_cast<std::uint64_t>(current.version), current.updated},
                        *stored, text);
  TRY(const fhir::JsonDocument document, fhir::parse_json(text));
  const fhir::IndexEntries entries =
      fhir::index_resource(*operation.type, *document.root(), options->second);
  return make_rows(entries, shared_.systems, database_);
}

}  // namespace lightbox::store
