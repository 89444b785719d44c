#include <algorithm>
#include <fmt/format.h>

#include "store/codec.h"
#include "store/dicom_query_rows.h"
#include "store/dicom_rows.h"

namespace lightbox::store {
namespace {

struct Selected {
  std::int64_t key = 0;
  std::int64_t study = 0;
  std::int64_t series = 0;
  std::string uid;
  std::string file;
  std::string study_uid;
  std::string source;
  bool is_held = false;  // by the source: its bytes are there
};

Result<std::vector<Selected>> select(Database& database, const DicomSelection& selection) {
  const SelectionSql selected = where_of(selection);
  const std::string sql =
      "SELECT i.key, s.key, e.key, i.uid, i.file, s.uid, i.source, i.file='' OR i.fetched>0" +
      selected.where;
  Query query(database, sql);
  for (const std::string_view value : selected.values) query.bind(value);
  std::vector<Selected> instances;
  while (query.next()) {
    instances.push_back({query.integer(0), query.integer(1), query.integer(2),
                         std::string(query.text(3)), std::string(query.text(4)),
                         std::string(query.text(5)), std::string(query.text(6)),
                         query.integer(7) != 0});
  }
  if (!query.ok()) return query.problem();
  return instances;
}

Problem held(const Selected& instance) {
  return problem(ProblemKind::conflict, "business-rule",
                 fmt::format("Instance {} of study {} is held by {}: what is deleted there goes "
                             "here, too, when it is noticed",
                             instance.uid, instance.study_uid, instance.source));
}

// How many there are.
Result<std::uint64_t> mark_uids(const Task::Context& context,
                                const std::vector<std::string>& study_uids) {
  std::uint64_t marked = 0;
  for (const std::string& uid : study_uids) {
    TRY_DO(run(context.database,
               "UPDATE dicom_study SET revision=revision+1, last_change=?, "
               "first_change=iif(first_change=0,?,first_change) WHERE uid=?",
               {context.now_ms, context.now_ms, uid}));
    marked += static_cast<std::uint64_t>(sqlite3_changes64(context.database.handle()));
  }
  return marked;
}

}  // namespace

Result<void> run(Database& database, std::string_view sql, std::initializer_list<Value> values) {
  Query query(database, sql);
  for (const Value& value : values) query.bind_value(value);
  if (!query.run()) return query.problem();
  return {};
}

// A study's row stays until its projection has been withdrawn (project()).
Result<void> remove_empty_series(Database& database, std::int64_t study) {
  TRY_DO(run(database,
             "DELETE FROM dicom_attributes WHERE series IN (SELECT key FROM dicom_series WHERE "
             "study=?) AND NOT EXISTS (SELECT 1 FROM dicom_instance i WHERE "
             "i.series=dicom_attributes.series AND i.attributes=dicom_attributes.key)",
             {study}));
  TRY_DO(
      run(database,
          "DELETE FROM dicom_series_metadata WHERE series IN (SELECT key FROM dicom_series WHERE "
          "study=? AND NOT EXISTS (SELECT 1 FROM dicom_instance i WHERE "
          "i.series=dicom_series.key))",
          {study}));
  return run(
      database,
      "DELETE FROM dicom_series WHERE study=? AND NOT EXISTS (SELECT 1 FROM dicom_instance i "
      "WHERE i.series=dicom_series.key)",
      {study});
}

Result<void> delete_instance(Database& writer, std::int64_t key) {
  for (const char* sql :
       {"DELETE FROM dicom_metadata WHERE instance=?",
        "DELETE FROM dicom_pixel_data WHERE instance=?",
        "DELETE FROM dicom_frames WHERE instance=?", "DELETE FROM dicom_bulk_data WHERE instance=?",
        "DELETE FROM dicom_instance WHERE key=?"}) {
    TRY_DO(run(writer, sql, {key}));
  }
  return {};
}

Result<void> mark_instances(const Task::Context& context, const std::vector<std::string>& uids) {
  std::vector<std::int64_t> studies;
  for (const std::string& uid : uids) {
    Query query(context.database,
                "SELECT e.study FROM dicom_instance i JOIN dicom_series e ON e.key=i.series WHERE "
                "i.uid=?");
    query.bind(std::string_view(uid));
    if (query.next()) studies.push_back(query.integer(0));
    if (!query.ok()) return query.problem();
  }
  std::ranges::sort(studies);
  const auto rest = std::ranges::unique(studies);
  studies.erase(rest.begin(), rest.end());
  for (const std::int64_t study : studies) TRY_DO(mark_study(context, study));
  return {};
}

Result<void> withdraw_note(const Task::Context& context, const std::string& note) {
  std::vector<std::string> uids;
  {
    Query query(context.database, "SELECT uid FROM dicom_rejection WHERE note=?");
    query.bind(std::string_view(note));
    while (query.next()) uids.emplace_back(query.text(0));
    if (!query.ok()) return query.problem();
  }
  if (uids.empty()) return {};
  TRY_DO(run(context.database, "DELETE FROM dicom_rejection WHERE note=?", {note}));
  return mark_instances(context, uids);
}

Result<void> put_identity(Database& writer, const Identity& identity) {
  const std::string projected = compress_body(identity.projected);
  Query query(writer,
              "INSERT INTO identity (kind, identity_key, type, id, projected, rank) VALUES "
              "(?,?,?,?,?,?) ON "
              "CONFLICT (kind, identity_key) DO UPDATE SET type=excluded.type, id=excluded.id, "
              "projected=excluded.projected, rank=excluded.rank");
  query.bind(static_cast<std::int64_t>(identity.kind))
      .bind(std::string_view(identity.key))
      .bind(std::int64_t{identity.type->number})
      .bind(std::string_view(identity.id))
      .bind_blob(projected)
      .bind(std::string_view(identity.rank));
  if (!query.run()) return query.problem();
  return {};
}

Result<void> put_problem(const Task::Context& context, const DicomProblem& problem) {
  return run(
      context.database,
      "INSERT OR IGNORE INTO dicom_problem (kind, at, study, series, instance, source, file, "
      "code, diagnostics) VALUES (?,?,?,?,?,?,?,?,?)",
      {static_cast<std::int64_t>(problem.kind), context.now_ms, problem.study_uid,
       problem.series_uid, problem.sop_instance_uid, problem.source, problem.file, problem.code,
       problem.diagnostics});
}

Result<DicomIndex::Removed> DicomIndex::remove(const DicomSelection& selection) {
  Removed removed;
  const auto remove_all = [&](const Task::Context& context) -> Result<void> {
    removed = {};
    TRY(const auto instances, select(context.database, selection));
    if (instances.empty()) return not_found(selection);
    const auto remote = std::ranges::find_if(instances, &Selected::is_held);
    if (remote != instances.end()) return held(*remote);
    std::vector<std::int64_t> studies;
    QueryRows query_rows(context, reading_);
    for (const Selected& instance : instances) {
      query_rows.removed(instance.study, instance.series);
      TRY_DO(delete_instance(context.database, instance.key));
      TRY_DO(withdraw_note(context, instance.uid));
      removed.files.push_back(instance.file);
      removed.study_uids.push_back(instance.study_uid);
      studies.push_back(instance.study);
    }
    std::ranges::sort(studies);
    const auto rest = std::ranges::unique(studies);
    studies.erase(rest.begin(), rest.end());
    for (const std::int64_t study : studies) {
      TRY_DO(remove_empty_series(context.database, study));
      TRY_DO(mark_study(context, study));
    }
    TRY_DO(query_rows.finish());
    std::ranges::sort(removed.study_uids);
    const auto doubles = std::ranges::unique(removed.study_uids);
    removed.study_uids.erase(doubles.begin(), doubles.end());
    return {};
  };
  TRY_DO(write(writer_, 1, remove_all));
  return removed;
}

Result<std::uint64_t> DicomIndex::mark_changed(std::vector<std::string> study_uids) {
  std::uint64_t marked = 0;
  const auto mark = [&](const Task::Context& context) -> Result<void> {
    if (study_uids.empty()) {
      TRY_DO(run(context.database,
                 "UPDATE dicom_study SET revision=revision+1, last_change=?, "
                 "first_change=iif(first_change=0,?,first_change)",
                 {context.now_ms, context.now_ms}));
      marked = static_cast<std::uint64_t>(sqlite3_changes64(context.database.handle()));
      return {};
    }
    TRY(marked, mark_uids(context, study_uids));
    return {};
  };
  TRY_DO(write(writer_, 1, mark));
  return marked;
}

CommitResult DicomIndex::project(Projection projection) {
  const auto task = [&](const Task::Context& context) -> Result<void> {
    Database& database = context.database;
    for (const Identity& identity : projection.identities) TRY_DO(put_identity(database, identity));
    TRY_DO(run(database, "DELETE FROM dicom_problem WHERE study=? AND kind=?",
               {projection.study_uid, static_cast<std::int64_t>(DicomProblemKind::mapping)}));
    for (const DicomProblem& problem : projection.problems) TRY_DO(put_problem(context, problem));
    TRY_DO(run(database,
               "UPDATE dicom_study SET first_change=0, last_change=0 WHERE uid=? AND revision=?",
               {projection.study_uid, static_cast<std::int64_t>(projection.revision)}));
    TRY_DO(mark_uids(context, projection.changed_study_uids));
    // A study whose instances have all gone has been withdrawn by this projection.
    return run(
        database,
        "DELETE FROM dicom_study WHERE uid=? AND first_change=0 AND NOT EXISTS (SELECT 1 FROM "
        "dicom_series e WHERE e.study=dicom_study.key) AND NOT EXISTS (SELECT 1 FROM source_study "
        "t "
        "WHERE t.study=dicom_study.uid)",
        {projection.study_uid});
  };
  return writer_.commit_and_wait(std::move(projection.operations),
                                 {.run = task, .weight = 1, .is_sync_deferred = true});
}

CommitResult DicomIndex::reassign(std::vector<Operation> operations,
                                  std::vector<Identity> identities,
                                  std::vector<std::string> changed_study_uids) {
  const auto task = [&](const Task::Context& context) -> Result<void> {
    for (const Identity& identity : identities) {
      TRY_DO(put_identity(context.database, identity));
    }
    TRY_DO(mark_uids(context, changed_study_uids));
    return {};
  };
  return writer_.commit_and_wait(std::move(operations), {.run = task, .weight = 1});
}

Result<void> DicomIndex::add_problem(DicomProblem problem) {
  return write(writer_, 1,
               [&](const Task::Context& context) { return put_problem(context, problem); });
}

Result<void> DicomIndex::remove_problem(std::int64_t key) {
  return write(writer_, 1, [&](const Task::Context& context) -> Result<void> {
    TRY_DO(run(context.database, "DELETE FROM dicom_problem WHERE key=?", {key}));
    if (sqlite3_changes(context.database.handle()) > 0) return {};
    return problem(ProblemKind::not_found, fmt::format("There is no problem {}", key));
  });
}

Result<void> DicomIndex::move_file(std::int64_t key, std::string file) {
  return write(writer_, 1, [&](const Task::Context& context) {
    return run(context.database, "UPDATE dicom_instance SET file=? WHERE key=?", {file, key});
  });
}

}  // namespace lightbox::store
