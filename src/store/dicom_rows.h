#pragma once

// What the files of the DICOM index share: its statements on the writer's and the readers'
// connections.

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/database.h"
#include "store/dicom_index.h"
#include "store/writer.h"

namespace lightbox::store {

// FNV-1a.
[[nodiscard]] std::int64_t hash_of(std::string_view text);

// Runs a statement with these parameters, in order.
Result<void> run(Database& database, std::string_view sql, std::initializer_list<Value> values);

// Runs `run` in a transaction of the writer, counted as `weight` operations, and waits for it: for
// its sync too, unless that is deferred.
Result<void> write(Writer& writer, std::size_t weight,
                   std::function<Result<void>(const Task::Context&)> run,
                   Durability durability = Durability::synced);

// The study has changed now: its revision and the mark for the projection.
Result<void> mark_study(const Task::Context& context, std::int64_t study);

// Those of these instances have.
Result<void> mark_instances(const Task::Context& context, const std::vector<std::string>& uids);

// What a removed rejection note had rejected is not rejected any more.
Result<void> withdraw_note(const Task::Context& context, const std::string& note);

// The instances of a study that only a source has, or of which there is a copy that was fetched.
struct RemoteRow {
  std::int64_t key = 0;
  std::int64_t series = 0;
  std::int64_t study = 0;
  std::string file;  // of the copy
  std::string uid;
};
[[nodiscard]] Result<std::vector<RemoteRow>> remote_rows(Database& database,
                                                         std::string_view study_uid,
                                                         std::string_view source);
[[nodiscard]] Result<std::vector<SourceStudy>> source_studies_of(Database& reader,
                                                                 std::string_view study_uid);

// Series of the study without instances, and attributes of none.
Result<void> remove_empty_series(Database& writer, std::int64_t study);

// The rows that only an instance refers to, and it.
Result<void> delete_instance(Database& writer, std::int64_t key);

// " FROM … WHERE …" over study s, series e and instance i; the values are to be bound in this
// order.
struct SelectionSql {
  std::string where;
  std::vector<std::string_view> values = {};  // of the selection
};
[[nodiscard]] SelectionSql where_of(const DicomSelection& selection);
[[nodiscard]] Problem not_found(const DicomSelection& selection);

// Columns of read_file(), over study s, series e and instance i.
inline constexpr std::string_view file_columns =
    "i.key, s.uid, e.uid, i.uid, i.sop_class, i.transfer_syntax, i.file, i.file_bytes, "
    "i.data_set_offset, i.hash, i.source, i.fetched";
inline constexpr int file_column_count = 12;
[[nodiscard]] StoredFile read_file(const Query& row);

Result<void> put_identity(Database& writer, const Identity& identity);
Result<void> put_problem(const Task::Context& context, const DicomProblem& problem);

}  // namespace lightbox::store
