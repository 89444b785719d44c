#include <algorithm>
#include <fmt/format.h>

#include "fhir/json.h"
#include "fhir/resource.h"
#include "store/codec.h"
#include "store/condition.h"
#include "store/full_text.h"
#include "store/index_options.h"
#include "store/row_record.h"
#include "store/writer.h"

namespace lightbox::store {

Result<void> Applier::prepare() {
  const std::string text = options_text(shared_.options.index);
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

Result<void> Applier::begin(std::int64_t now_ms) {
  now_ms_ = now_ms;
  clear();
  TRY_DO(database_.execute("BEGIN IMMEDIATE"));
  return name_options();
}

// Not when the store is opened: that must do on a full disk, too.
Result<void> Applier::name_options() {
  if (options_ != 0) return {};
  const std::string text = options_text(shared_.options.index);
  Query insert(database_, "INSERT INTO index_options (text) VALUES (?) RETURNING id");
  insert.bind(std::string_view(text));
  if (!insert.next()) return insert.problem();
  options_ = insert.integer(0);
  all_options_.emplace(options_, shared_.options.index);
  are_options_new_ = true;
  return {};
}

void Applier::clear() {
  changes_.clear();
  count_changes_.clear();
  chosen_ids_.clear();
  begin_request();
}

void Applier::begin_request() {
  touched_.clear();
  condition_ticks_ = request_condition_ticks_max;
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
  are_options_new_ = false;
  for (const auto& [type, change] : count_changes_) shared_.counts[type] += change;
}

void Applier::rolled_back() {
  shared_.systems.rolled_back();
  if (are_options_new_) {
    all_options_.erase(options_);
    options_ = 0;
    are_options_new_ = false;
  }
  clear();
}

void Applier::back_to(Mark mark) {
  shared_.systems.rolled_back();
  changes_.resize(mark.changes);
  count_changes_ = std::move(mark.count_changes);
}

Result<std::optional<Applier::Current>> Applier::find(const Target& target) {
  Query query(database_,
              "SELECT key, version, method, updated, ord, options, body FROM resource WHERE type=? "
              "AND id=?");
  query.bind(std::int64_t{target.type().number}).bind(target.id);
  if (!query.next()) {
    if (!query.ok()) return query.problem();
    return std::optional<Current>();
  }
  return std::optional<Current>(
      Current{query.integer(0), query.integer(1), static_cast<Method>(query.integer(2)),
              query.integer(3), query.integer(4), query.integer(5), std::string(query.blob(6))});
}

Result<OperationResult> Applier::apply(const Operation& operation, std::string_view body) {
  if (operation.condition) return apply_conditional(operation, body);
  return apply_to({operation, operation.id, body});
}

namespace {

// What stands for a study of the archive goes with its instances, never before them.
Result<void> check_has_no_instances(Database& database, const fhir::ResourceType& type,
                                    std::string_view id) {
  Query query(database,
              "SELECT s.uid FROM identity y JOIN dicom_study s ON s.uid=y.identity_key WHERE "
              "y.type=? AND y.id=? AND y.kind=1 AND EXISTS (SELECT 1 FROM dicom_series e WHERE "
              "e.study=s.key)");
  query.bind(std::int64_t{type.number}).bind(id);
  if (query.next()) {
    return problem(
        ProblemKind::conflict, "business-rule",
        fmt::format("{}/{} stands for a study whose instances are in the archive; DELETE "
                    "/dicomweb/studies/{} removes them, and it with them",
                    type.name, id, query.text(0)));
  }
  if (!query.ok()) return query.problem();
  return {};
}

}  // namespace

Result<OperationResult> Applier::apply_to(const Target& target) {
  const Operation& operation = target.operation;
  TRY(const std::optional<Current> current, find(target));
  const bool live = current && current->method != Method::remove;
  const auto version = current ? static_cast<std::uint64_t>(current->version) : 0;
  TRY_DO(operation.preconditions.check(target.type(), target.id, {version, live}));
  const auto name = [&] { return fmt::format("{}/{}", target.type().name, target.id); };
  if (operation.is_once && current && touched_.contains(current->key)) {
    return problem(ProblemKind::invalid, "duplicate",
                   fmt::format("{} is written by an earlier entry too; a resource may be written "
                               "once in a transaction",
                               name()));
  }
  switch (operation.kind) {
    case Operation::Kind::create:
      if (current) {
        return problem(ProblemKind::conflict, "duplicate", fmt::format("{} is taken", name()));
      }
      return insert(target);
    case Operation::Kind::put:
      return current ? replace(target, *current) : insert(target);
    case Operation::Kind::remove:
      if (live) {
        TRY_DO(check_has_no_instances(database_, target.type(), target.id));
        return replace(target, *current);
      }
      if (operation.is_once && current) touched_.insert(current->key);
      break;
    case Operation::Kind::check:
      break;
  }
  return OperationResult{OperationResult::Outcome::unchanged, version,
                         current ? current->updated : 0};
}

Result<OperationResult> Applier::insert(const Target& target) {
  const Operation& operation = target.operation;
  const Method method = operation.kind == Operation::Kind::create ? Method::create : Method::update;
  Query query(database_,
              "INSERT INTO resource (type, id, version, updated, method, ord, present, options, "
              "body) VALUES (?,?,1,?,?,?,?,?,?)");
  query.bind(std::int64_t{operation.type->number}).bind(target.id);
  query.bind(now_ms_).bind(static_cast<std::int64_t>(method)).bind(operation.index.order);
  query.bind(static_cast<std::int64_t>(operation.index.present)).bind(options_);
  query.bind_blob(target.body);
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
  if (operation.is_once) touched_.insert(key);
  ++count_changes_[operation.type->number];
  changes_.push_back({operation.type, key, target.id, now_ms_, &operation.index});
  return OperationResult{OperationResult::Outcome::created, 1, now_ms_};
}

// The current version becomes an old one; of those, the oldest may have to go.
Result<void> Applier::keep_version(const Current& current, std::int64_t until) {
  Query query(database_,
              "INSERT INTO history SELECT key, version, type, updated, ?, method, body FROM "
              "resource WHERE key=?");
  query.bind(until).bind(current.key);
  if (!query.run()) return query.problem();
  const auto kept = static_cast<std::int64_t>(shared_.options.limits.history_versions_max);
  if (kept == 0 || current.version < kept) return {};
  Query drop(database_, "DELETE FROM history WHERE resource=? AND version<=?");
  drop.bind(current.key).bind(current.version + 1 - kept);
  if (!drop.run()) return drop.problem();
  return {};
}

Result<OperationResult> Applier::replace(const Target& target, const Current& current) {
  const Operation& operation = target.operation;
  const bool was_live = current.method != Method::remove;
  const bool is_live = operation.kind != Operation::Kind::remove;
  const std::int64_t updated = std::max(now_ms_, current.updated + 1);
  TRY_DO(keep_version(current, updated));
  TRY_DO(change_index(target, current));

  const Method method = is_live ? Method::update : Method::remove;
  Query query(database_,
              "UPDATE resource SET version=?, updated=?, method=?, ord=?, present=?, options=?, "
              "body=? WHERE key=?");
  query.bind(current.version + 1).bind(updated).bind(static_cast<std::int64_t>(method));
  query.bind(operation.index.order).bind(static_cast<std::int64_t>(operation.index.present));
  query.bind(options_).bind_blob(is_live ? target.body : std::string_view()).bind(current.key);
  if (!query.run()) return query.problem();

  if (operation.is_once) touched_.insert(current.key);
  if (was_live != is_live) count_changes_[operation.type->number] += is_live ? 1 : -1;
  changes_.push_back(
      {operation.type, current.key, target.id, updated, is_live ? &operation.index : nullptr});
  OperationResult result;
  result.version = static_cast<std::uint64_t>(current.version + 1);
  result.updated_ms = updated;
  result.outcome = !is_live   ? OperationResult::Outcome::removed
                   : was_live ? OperationResult::Outcome::updated
                              : OperationResult::Outcome::created;
  return result;
}

// Only the rows that differ are written.
Result<void> Applier::change_index(const Target& target, const Current& current) {
  const Operation& operation = target.operation;
  IndexRows old_rows;
  IndexRows new_rows;
  if (current.method != Method::remove) {
    TRY(old_rows, rows_of(target, current));
  }
  if (operation.kind != Operation::Kind::remove) {
    TRY(new_rows, make_rows(operation.index, shared_.systems, database_));
  }
  if (current.ord == operation.index.order) keep_differences(old_rows, new_rows);
  TRY_DO(delete_rows(database_, old_rows, {current.ord, current.key}));
  return insert_rows(database_, new_rows, {operation.index.order, current.key});
}

// The rows that the stored version has: derived again, with the options that it was indexed with.
Result<IndexRows> Applier::rows_of(const Target& target, const Current& current) {
  const auto damaged = [&] {
    return problem(ProblemKind::internal,
                   fmt::format("{}/{} version {} is damaged in the store", target.type().name,
                               target.id, current.version));
  };
  const auto stored = decompress_body(current.body);
  const auto options = all_options_.find(current.options);
  if (!stored || options == all_options_.end()) return damaged();
  std::string text;
  fhir::append_resource(
      {target.type().name, target.id, static_cast<std::uint64_t>(current.version), current.updated},
      *stored, text);
  const auto document = fhir::parse_json(text);
  if (!document) return damaged();
  const fhir::IndexEntries entries =
      fhir::index_resource(target.type(), *document->root(), options->second);
  return make_rows(entries, shared_.systems, database_);
}

}  // namespace lightbox::store
