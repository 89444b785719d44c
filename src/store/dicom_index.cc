#include "store/dicom_index.h"

#include <algorithm>
#include <fmt/format.h>
#include <unordered_map>

#include "store/codec.h"
#include "store/dicom_rows.h"
#include "store/reader.h"

namespace lightbox::store {

std::int64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return static_cast<std::int64_t>(hash);
}

Result<void> write(Writer& writer, std::size_t weight,
                   std::function<Result<void>(const Task::Context&)> run, Durability durability) {
  auto done = writer.commit_and_wait({}, {.run = std::move(run),
                                          .weight = weight,
                                          .is_sync_deferred = durability == Durability::deferred});
  if (!done) return std::unexpected(std::move(done).error());
  return {};
}

Result<void> mark_study(const Task::Context& context, std::int64_t study) {
  Query query(context.database,
              "UPDATE dicom_study SET revision=revision+1, last_change=?, "
              "first_change=iif(first_change=0,?,first_change) WHERE key=?");
  query.bind(context.now_ms).bind(context.now_ms).bind(study);
  if (!query.run()) return query.problem();
  return {};
}

SelectionSql where_of(const DicomSelection& selection) {
  SelectionSql sql{.where =
                       " FROM dicom_study s JOIN dicom_series e ON e.study=s.key JOIN "
                       "dicom_instance i ON i.series=e.key WHERE "};
  const auto add = [&](std::string_view column, const std::string& value) {
    if (value.empty()) return;
    if (!sql.values.empty()) sql.where += " AND ";
    sql.where += column;
    sql.where += "=?";
    sql.values.emplace_back(value);
  };
  add("s.uid", selection.study_uid);
  add("e.uid", selection.series_uid);
  add("i.uid", selection.sop_instance_uid);
  if (sql.values.empty()) sql.where += "1";
  return sql;
}

StoredFile read_file(const Query& row) {
  StoredFile file{
      .key = row.integer(0),
      .instance = {std::string(row.text(1)), std::string(row.text(2)), std::string(row.text(3))},
      .sop_class_uid = std::string(row.text(4)),
      .transfer_syntax_uid = std::string(row.text(5)),
      .file = std::string(row.text(6)),
      .file_bytes = static_cast<std::uint64_t>(row.integer(7)),
      .data_set_offset = static_cast<std::uint64_t>(row.integer(8))};
  const std::string_view hash = row.blob(9);
  std::copy_n(hash.begin(), std::min(hash.size(), file.hash.size()), file.hash.begin());
  file.source = row.text(10);
  file.is_fetched = row.integer(11) != 0;
  return file;
}

Problem not_found(const DicomSelection& selection) {
  std::string what = "The archive has no instance";
  if (!selection.sop_instance_uid.empty()) what += ' ' + selection.sop_instance_uid;
  if (!selection.series_uid.empty()) what += " of series " + selection.series_uid;
  if (!selection.study_uid.empty()) what += " of study " + selection.study_uid;
  return problem(ProblemKind::not_found, std::move(what));
}

namespace {

Problem damaged(std::string_view what, std::string_view uid) {
  return problem(ProblemKind::internal, "exception",
                 fmt::format("The {} of {} are damaged in the store", what, uid));
}

Result<std::vector<Identity>> read_identities(Query& query) {
  std::vector<Identity> identities;
  while (query.next()) {
    const auto projected = decompress_body(query.blob(4));
    const auto* type =
        fhir::Definitions::r4().resource_type(static_cast<std::uint16_t>(query.integer(2)));
    if (!projected || type == nullptr) return damaged("identities", query.text(1));
    identities.push_back({.kind = static_cast<IdentityKind>(query.integer(0)),
                          .key = std::string(query.text(1)),
                          .type = type,
                          .id = std::string(query.text(3)),
                          .projected = *projected,
                          .rank = std::string(query.text(5))});
  }
  if (!query.ok()) return query.problem();
  return identities;
}

const std::string select_file = fmt::format("SELECT {}", file_columns);
constexpr const char* from_instances =
    " FROM dicom_instance i JOIN dicom_series e ON e.key=i.series JOIN dicom_study s ON "
    "s.key=e.study WHERE ";

}  // namespace

Result<std::vector<ChangedStudy>> DicomIndex::changed_studies() {
  TRY(auto reader, readers_.take());
  Query query(
      *reader,
      "SELECT uid, first_change, last_change FROM dicom_study WHERE first_change>0 ORDER BY "
      "first_change");
  std::vector<ChangedStudy> studies;
  while (query.next()) {
    studies.push_back({std::string(query.text(0)), query.integer(1), query.integer(2)});
  }
  if (!query.ok()) return query.problem();
  return studies;
}

Result<StudyRows> DicomIndex::study(std::string_view uid) {
  TRY(auto reader, readers_.take());
  StudyRows rows;
  std::int64_t study = 0;
  {
    Query query(*reader, "SELECT key, uid, revision FROM dicom_study WHERE uid=?");
    query.bind(uid);
    if (!query.next()) {
      if (!query.ok()) return query.problem();
      return not_found(DicomSelection{.study_uid = std::string(uid)});
    }
    study = query.integer(0);
    rows.uid = query.text(1);
    rows.revision = static_cast<std::uint64_t>(query.integer(2));
  }
  std::unordered_map<std::int64_t, std::size_t> places;  // of attributes
  {
    Query query(*reader,
                "SELECT a.key, a.content FROM dicom_series e JOIN dicom_attributes a ON "
                "a.series=e.key WHERE e.study=?");
    query.bind(study);
    while (query.next()) {
      auto content = decompress_body(query.blob(1));
      if (!content) return damaged("attributes", uid);
      places.emplace(query.integer(0), rows.attributes.size());
      rows.attributes.push_back(std::move(*content));
    }
    if (!query.ok()) return query.problem();
  }
  Query query(*reader,
              "SELECT e.uid, i.uid, i.sop_class, i.transfer_syntax, i.number, i.title, i.source, "
              "i.attributes, coalesce((SELECT min(code) FROM dicom_rejection WHERE uid=i.uid),''), "
              "i.number IS NULL FROM dicom_series e JOIN dicom_instance i ON i.series=e.key WHERE "
              "e.study=? ORDER BY e.uid, i.uid");
  query.bind(study);
  while (query.next()) {
    const auto place = places.find(query.integer(7));
    if (place == places.end()) return damaged("attributes", uid);
    rows.instances.push_back(
        {.series_uid = std::string(query.text(0)),
         .sop_instance_uid = std::string(query.text(1)),
         .sop_class_uid = std::string(query.text(2)),
         .transfer_syntax_uid = std::string(query.text(3)),
         .number = query.integer(9) != 0 ? std::nullopt : std::optional(query.integer(4)),
         .title = std::string(query.text(5)),
         .source = std::string(query.text(6)),
         .attributes = place->second,
         .rejection = std::string(query.text(8))});
  }
  if (!query.ok()) return query.problem();
  TRY(rows.told, source_studies_of(*reader, uid));
  return rows;
}

Result<std::optional<Identity>> DicomIndex::identity(IdentityKind kind, std::string_view key) {
  TRY(auto reader, readers_.take());
  Query query(*reader,
              "SELECT kind, identity_key, type, id, projected, rank FROM identity WHERE kind=? AND "
              "identity_key=?");
  query.bind(static_cast<std::int64_t>(kind)).bind(key);
  TRY(auto identities, read_identities(query));
  if (identities.empty()) return std::optional<Identity>();
  return std::optional<Identity>(std::move(identities[0]));
}

Result<std::vector<Identity>> DicomIndex::identities(const fhir::ResourceType& type,
                                                     std::string_view id) {
  TRY(auto reader, readers_.take());
  Query query(
      *reader,
      "SELECT kind, identity_key, type, id, projected, rank FROM identity WHERE type=? AND id=?");
  query.bind(std::int64_t{type.number}).bind(id);
  return read_identities(query);
}

Result<std::vector<StoredFile>> DicomIndex::files(std::int64_t after_key, std::size_t count) {
  return read_files(
      std::string(from_instances) + "i.key>? AND i.file<>'' ORDER BY i.key LIMIT ?",
      [&](Query& query) { query.bind(after_key).bind(static_cast<std::int64_t>(count)); });
}

Result<std::vector<StoredFile>> DicomIndex::files(const DicomSelection& selection) {
  const SelectionSql sql = where_of(selection);
  return read_files(sql.where + " ORDER BY e.uid, i.number, i.uid", [&](Query& query) {
    for (const std::string_view value : sql.values) query.bind(value);
  });
}

Result<std::vector<StoredFile>> DicomIndex::remote(const DicomSelection& selection) {
  const SelectionSql sql = where_of(selection);
  return read_files(sql.where + " AND i.file='' ORDER BY e.uid, i.number, i.uid",
                    [&](Query& query) {
                      for (const std::string_view value : sql.values) query.bind(value);
                    });
}

Result<bool> DicomIndex::has_own(const DicomSelection& selection) {
  TRY(auto reader, readers_.take());
  const SelectionSql selected = where_of(selection);
  const std::string sql = "SELECT 1" + selected.where + " AND i.file<>'' AND i.fetched=0 LIMIT 1";
  Query query(*reader, sql);
  for (const std::string_view value : selected.values) query.bind(value);
  const bool has = query.next();
  if (!query.ok()) return query.problem();
  return has;
}

Result<std::vector<StoredFile>> DicomIndex::read_files(const std::string& from,
                                                       const std::function<void(Query&)>& bind) {
  TRY(auto reader, readers_.take());
  const std::string sql = select_file + from;
  Query query(*reader, sql);
  bind(query);
  std::vector<StoredFile> files;
  while (query.next()) files.push_back(read_file(query));
  if (!query.ok()) return query.problem();
  return files;
}

Result<std::vector<std::optional<StoredFile>>> DicomIndex::find(
    const std::vector<std::string>& sop_instance_uids) {
  TRY(auto reader, readers_.take());
  const std::string sql = select_file + from_instances + "i.uid=?";
  Query query(*reader, sql);
  std::vector<std::optional<StoredFile>> found;
  for (const std::string& uid : sop_instance_uids) {
    query.bind(std::string_view(uid));
    found.push_back(query.next() ? std::optional(read_file(query)) : std::nullopt);
    if (!query.ok()) return query.problem();
    query.reset();
  }
  return found;
}

Result<std::vector<bool>> DicomIndex::has_files(const std::vector<StoredFile>& files) {
  TRY(auto reader, readers_.take());
  std::vector<bool> has;
  for (const StoredFile& file : files) {
    Query query(*reader, "SELECT 1 FROM dicom_instance WHERE uid=? AND file=?");
    query.bind(std::string_view(file.instance.sop_instance_uid)).bind(std::string_view(file.file));
    has.push_back(query.next());
    if (!query.ok()) return query.problem();
  }
  return has;
}

Result<DicomIndex::Counts> DicomIndex::counts() {
  TRY(auto reader, readers_.take());
  Query query(*reader,
              "SELECT studies, series, instances, changed, problems, file_bytes, remote, "
              "fetched_bytes FROM dicom_count");
  if (!query.next()) return query.problem();
  const auto number = [&](int column) { return static_cast<std::uint64_t>(query.integer(column)); };
  return Counts{number(0), number(1), number(2), number(3),
                number(4), number(5), number(6), number(7)};
}

}  // namespace lightbox::store
