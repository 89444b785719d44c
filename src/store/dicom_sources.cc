// Studies that other archives hold (source.sql), but for put_source_study (dicom_index_add.cc).

#include <algorithm>

#include "store/dicom_query_rows.h"
#include "store/dicom_rows.h"
#include "store/reader.h"

namespace lightbox::store {
namespace {

Result<std::optional<std::int64_t>> number_of(Database& database, std::string_view sql,
                                              std::initializer_list<std::string_view> values) {
  Query query(database, sql);
  for (const std::string_view value : values) query.bind(value);
  if (query.next()) return std::optional(query.integer(0));
  if (!query.ok()) return query.problem();
  return std::optional<std::int64_t>();
}

}  // namespace

Result<std::vector<RemoteRow>> remote_rows(Database& database, std::string_view study_uid,
                                           std::string_view source) {
  Query query(database,
              "SELECT i.key, e.key, s.key, i.file, i.uid FROM dicom_study s JOIN dicom_series e ON "
              "e.study=s.key JOIN dicom_instance i ON i.series=e.key WHERE s.uid=? AND i.source=? "
              "AND (i.file='' OR i.fetched>0)");
  query.bind(study_uid).bind(source);
  std::vector<RemoteRow> rows;
  while (query.next()) {
    rows.push_back({query.integer(0), query.integer(1), query.integer(2),
                    std::string(query.text(3)), std::string(query.text(4))});
  }
  if (!query.ok()) return query.problem();
  return rows;
}

Result<std::vector<std::string>> DicomIndex::remove_source_study(std::string_view source,
                                                                 std::string_view study_uid) {
  std::vector<std::string> files;
  const auto remove = [&](const Task::Context& context) -> Result<void> {
    files.clear();
    Database& database = context.database;
    TRY_DO(run(database, "DELETE FROM source_study WHERE study=? AND source=?",
               {std::string(study_uid), std::string(source)}));
    if (sqlite3_changes(database.handle()) == 0) return {};
    TRY(const auto study,
        number_of(database, "SELECT key FROM dicom_study WHERE uid=?", {study_uid}));
    if (!study) return {};
    // What another source has, too, is told of by that one from now on.
    TRY(const auto other,
        number_of(database, "SELECT 1 FROM source_study WHERE study=?", {study_uid}));
    if (other) {
      TRY_DO(
          run(database,
              "UPDATE dicom_instance SET source=(SELECT min(source) FROM source_study WHERE "
              "study=?) WHERE source=? AND (file='' OR fetched>0) AND series IN (SELECT key FROM "
              "dicom_series WHERE study=?)",
              {std::string(study_uid), std::string(source), *study}));
      // What it tells is not the same text any more: so it is asked again, and what it does not
      // have goes.
      TRY_DO(run(database, "UPDATE source_study SET attributes=attributes||' ' WHERE study=?",
                 {std::string(study_uid)}));
      return mark_study(context, *study);
    }
    TRY(auto instances, remote_rows(database, study_uid, source));
    QueryRows query_rows(context, reading_);
    for (RemoteRow& instance : instances) {
      TRY_DO(delete_instance(database, instance.key));
      query_rows.removed(*study, instance.series);
      if (!instance.file.empty()) files.push_back(std::move(instance.file));
    }
    TRY_DO(remove_empty_series(database, *study));
    TRY_DO(mark_study(context, *study));
    return query_rows.finish();
  };
  TRY_DO(write(writer_, 1, remove));
  return files;
}

Result<std::vector<SourceStudy>> DicomIndex::source_studies(std::string_view study_uid) {
  TRY(auto reader, readers_.take());
  return source_studies_of(*reader, study_uid);
}

Result<std::optional<SourceStudy>> DicomIndex::source_study(std::string_view source,
                                                            std::string_view study_uid) {
  TRY(auto studies, source_studies(study_uid));
  for (SourceStudy& study : studies) {
    if (study.source == source) return std::optional(std::move(study));
  }
  return std::optional<SourceStudy>();
}

Result<std::vector<SourceStudy>> source_studies_of(Database& reader, std::string_view study_uid) {
  Query query(reader,
              "SELECT source, day, attributes, instances IS NULL, instances FROM source_study "
              "WHERE study=? ORDER BY source");
  query.bind(study_uid);
  std::vector<SourceStudy> studies;
  while (query.next()) {
    studies.push_back(
        {.source = std::string(query.text(0)),
         .study_uid = std::string(study_uid),
         .day = std::string(query.text(1)),
         .instances = query.integer(3) != 0
                          ? std::nullopt
                          : std::optional(static_cast<std::uint64_t>(query.integer(4))),
         .attributes = std::string(query.text(2))});
  }
  if (!query.ok()) return query.problem();
  return studies;
}

Result<std::vector<std::string>> DicomIndex::studies_of_source(std::string_view source,
                                                               std::string_view from,
                                                               std::string_view to) {
  TRY(auto reader, readers_.take());
  Query query(*reader, "SELECT study FROM source_study WHERE source=? AND day BETWEEN ? AND ?");
  query.bind(source).bind(from).bind(to);
  std::vector<std::string> uids;
  while (query.next()) uids.emplace_back(query.text(0));
  if (!query.ok()) return query.problem();
  return uids;
}

Result<std::vector<SourceState>> DicomIndex::source_states() {
  TRY(auto reader, readers_.take());
  Query query(*reader,
              "SELECT source, studies, walked, polled, failed, failure FROM source_state ORDER BY "
              "source");
  std::vector<SourceState> states;
  while (query.next()) {
    states.push_back({.source = std::string(query.text(0)),
                      .studies = static_cast<std::uint64_t>(query.integer(1)),
                      .walked_ms = query.integer(2),
                      .polled_ms = query.integer(3),
                      .failed_ms = query.integer(4),
                      .failure = std::string(query.text(5))});
  }
  if (!query.ok()) return query.problem();
  return states;
}

Result<std::optional<std::int64_t>> DicomIndex::source_changes(std::string_view source) {
  TRY(auto reader, readers_.take());
  return number_of(
      *reader, "SELECT changes FROM source_state WHERE source=? AND changes IS NOT NULL", {source});
}

Result<void> DicomIndex::note_source_changes(std::string_view source, std::int64_t place) {
  return write(writer_, 1, [&](const Task::Context& context) {
    return run(context.database,
               "INSERT INTO source_state (source, changes) VALUES (?,?) ON CONFLICT (source) DO "
               "UPDATE SET changes=excluded.changes",
               {std::string(source), place});
  });
}

Result<void> DicomIndex::note_source_state(const SourceState& state) {
  return write(writer_, 1, [&](const Task::Context& context) {
    return run(context.database,
               "INSERT INTO source_state (source, walked, polled, failed, failure) VALUES "
               "(?,?,?,?,?) ON CONFLICT (source) DO UPDATE SET "
               "walked=max(walked, excluded.walked), polled=max(polled, excluded.polled), "
               "failed=excluded.failed, failure=excluded.failure",
               {state.source, state.walked_ms, state.polled_ms, state.failed_ms, state.failure});
  });
}

Result<std::vector<DicomIndex::Fetched>> DicomIndex::fetched(std::size_t count) {
  TRY(auto reader, readers_.take());
  Query query(*reader,
              "SELECT key, fetched, file_bytes FROM dicom_instance WHERE fetched>0 ORDER BY "
              "fetched LIMIT ?");
  query.bind(static_cast<std::int64_t>(count));
  std::vector<Fetched> found;
  while (query.next()) {
    found.push_back({.key = query.integer(0),
                     .fetched_ms = query.integer(1),
                     .file_bytes = static_cast<std::uint64_t>(query.integer(2))});
  }
  if (!query.ok()) return query.problem();
  return found;
}

Result<std::vector<std::string>> DicomIndex::release(const std::vector<std::int64_t>& keys) {
  std::vector<std::string> files;
  const auto release_all = [&](const Task::Context& context) -> Result<void> {
    files.clear();
    for (const std::int64_t key : keys) {
      {
        Query query(context.database, "SELECT file FROM dicom_instance WHERE key=? AND fetched>0");
        query.bind(key);
        if (!query.next()) {
          if (!query.ok()) return query.problem();
          continue;
        }
        files.emplace_back(query.text(0));
      }
      TRY_DO(run(context.database,
                 "UPDATE dicom_instance SET file='', file_bytes=0, fetched=0 WHERE key=?", {key}));
    }
    return {};
  };
  TRY_DO(write(writer_, keys.size(), release_all));
  return files;
}

Result<void> DicomIndex::keep_fetched(std::string_view study_uid) {
  return write(writer_, 1, [&](const Task::Context& context) {
    return run(context.database,
               "UPDATE dicom_instance SET fetched=0 WHERE fetched>0 AND series IN (SELECT e.key "
               "FROM dicom_study s JOIN dicom_series e ON e.study=s.key WHERE s.uid=?)",
               {std::string(study_uid)});
  });
}

}  // namespace lightbox::store
