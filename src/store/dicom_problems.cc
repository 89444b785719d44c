#include "store/dicom_index.h"
#include "store/reader.h"

namespace lightbox::store {

Result<std::vector<DicomProblem>> DicomIndex::problems(std::int64_t after_key, std::size_t count) {
  TRY(auto reader, readers_.take());
  Query query(*reader,
              "SELECT key, kind, at, study, series, instance, source, file, code, diagnostics FROM "
              "dicom_problem WHERE key>? ORDER BY key LIMIT ?");
  query.bind(after_key).bind(static_cast<std::int64_t>(count));
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

}  // namespace lightbox::store
