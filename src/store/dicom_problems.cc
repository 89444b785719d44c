#include "store/dicom_index.h"
#include "store/reader.h"

namespace lightbox::store {
namespace {

constexpr std::string_view select_problem =
    "SELECT key, kind, at, study, series, instance, source, file, code, diagnostics FROM "
    "dicom_problem WHERE ";

Result<std::vector<DicomProblem>> read_problems(Query& query) {
  const auto text = [&](int column) { return std::string(query.text(column)); };
  std::vector<DicomProblem> problems;
  while (query.next()) {
    problems.push_back({.key = query.integer(0),
                        .kind = static_cast<DicomProblemKind>(query.integer(1)),
                        .at_ms = query.integer(2),
                        .study_uid = text(3),
                        .series_uid = text(4),
                        .sop_instance_uid = text(5),
                        .source = text(6),
                        .file = text(7),
                        .code = text(8),
                        .diagnostics = text(9)});
  }
  if (!query.ok()) return query.problem();
  return problems;
}

}  // namespace

std::string_view name_of(DicomProblemKind kind) {
  switch (kind) {
    case DicomProblemKind::quarantined:
      return "quarantined";
    case DicomProblemKind::conflict:
      return "conflict";
    case DicomProblemKind::mapping:
      return "mapping";
    case DicomProblemKind::check:
      return "check";
  }
  return "";
}

Result<std::vector<DicomProblem>> DicomIndex::problems(std::int64_t after_key, std::size_t count) {
  TRY(auto reader, readers_.take());
  const std::string sql = std::string(select_problem) + "key>? ORDER BY key LIMIT ?";
  Query query(*reader, sql);
  query.bind(after_key).bind(static_cast<std::int64_t>(count));
  return read_problems(query);
}

Result<std::vector<DicomProblem>> DicomIndex::problems(std::string_view study_uid) {
  TRY(auto reader, readers_.take());
  const std::string sql = std::string(select_problem) + "study=? ORDER BY key";
  Query query(*reader, sql);
  query.bind(study_uid);
  return read_problems(query);
}

Result<std::vector<DicomProblem>> DicomIndex::problems(DicomProblemKind kind) {
  TRY(auto reader, readers_.take());
  const std::string sql = std::string(select_problem) + "kind=? ORDER BY key";
  Query query(*reader, sql);
  query.bind(static_cast<std::int64_t>(kind));
  return read_problems(query);
}

Result<std::vector<DicomProblem>> DicomIndex::quarantined(std::string_view file) {
  TRY(auto reader, readers_.take());
  const std::string sql = std::string(select_problem) + "kind=? AND file=? ORDER BY key";
  Query query(*reader, sql);
  query.bind(static_cast<std::int64_t>(DicomProblemKind::quarantined)).bind(file);
  return read_problems(query);
}

Result<std::vector<std::string>> DicomIndex::studies_with_problem(std::string_view code,
                                                                  std::size_t count) {
  TRY(auto reader, readers_.take());
  Query query(*reader,
              "SELECT DISTINCT study FROM dicom_problem WHERE code=? AND study<>'' LIMIT ?");
  query.bind(code).bind(static_cast<std::int64_t>(count));
  std::vector<std::string> studies;
  while (query.next()) studies.emplace_back(query.text(0));
  if (!query.ok()) return query.problem();
  return studies;
}

}  // namespace lightbox::store
