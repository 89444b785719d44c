#include <fmt/format.h>

#include "store/codec.h"
#include "store/dicom_rows.h"
#include "store/reader.h"

namespace lightbox::store {

Result<std::int64_t> DicomIndex::add_commitment(std::string_view ae_title, std::string_view content,
                                                std::size_t count_max) {
  std::int64_t key = 0;
  const std::string compressed = compress_body(content);
  TRY_DO(write(writer_, 1, [&](const Task::Context& context) -> Result<void> {
    Query query(context.database,
                "INSERT INTO commitment_request (ae_title, asked, content) SELECT ?,?,? WHERE "
                "(SELECT count(*) FROM commitment_request)<?");
    query.bind(ae_title)
        .bind(context.now_ms)
        .bind_blob(compressed)
        .bind(static_cast<std::int64_t>(count_max));
    if (!query.run()) return query.problem();
    if (sqlite3_changes(context.database.handle()) == 0) {
      return problem(ProblemKind::unavailable,
                     fmt::format("{} reports of storage commitment are waiting", count_max));
    }
    key = sqlite3_last_insert_rowid(context.database.handle());
    return {};
  }));
  return key;
}

Result<void> DicomIndex::remove_commitment(std::int64_t key) {
  return write(writer_, 1, [&](const Task::Context& context) -> Result<void> {
    Query query(context.database, "DELETE FROM commitment_request WHERE key=?");
    query.bind(key);
    if (!query.run()) return query.problem();
    return {};
  });
}

Result<std::vector<CommitmentRow>> DicomIndex::commitments() {
  TRY(auto reader, readers_.take());
  Query query(*reader, "SELECT key, ae_title, asked, content FROM commitment_request ORDER BY key");
  std::vector<CommitmentRow> rows;
  while (query.next()) {
    const auto content = decompress_body(query.blob(3));
    rows.push_back({.key = query.integer(0),
                    .ae_title = std::string(query.text(1)),
                    .asked_ms = query.integer(2),
                    .content = content.value_or("")});
  }
  if (!query.ok()) return query.problem();
  return rows;
}

}  // namespace lightbox::store
