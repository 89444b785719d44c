#include "store/dicom_rows.h"
#include "store/reader.h"

namespace lightbox::store {

Result<void> DicomIndex::put_pull_progress(const PullProgress& progress) {
  return write(writer_, 1, [&](const Task::Context& context) -> Result<void> {
    Query query(context.database, "INSERT OR REPLACE INTO pull_progress VALUES (?,?,?,?)");
    query.bind(std::string_view(progress.source))
        .bind(std::string_view(progress.selection))
        .bind(std::string_view(progress.newest_day))
        .bind(std::string_view(progress.open_day));
    if (!query.run()) return query.problem();
    return {};
  });
}

Result<void> DicomIndex::remove_pull_progress(std::string_view source, std::string_view selection) {
  return write(writer_, 1, [&](const Task::Context& context) -> Result<void> {
    Query query(context.database, "DELETE FROM pull_progress WHERE source=? AND selection=?");
    query.bind(source).bind(selection);
    if (!query.run()) return query.problem();
    return {};
  });
}

Result<std::optional<PullProgress>> DicomIndex::pull_progress(std::string_view source,
                                                              std::string_view selection) {
  TRY(auto reader, readers_.take());
  Query query(*reader,
              "SELECT newest_day, open_day FROM pull_progress WHERE source=? AND selection=?");
  query.bind(source).bind(selection);
  if (!query.next()) {
    if (!query.ok()) return query.problem();
    return std::optional<PullProgress>();
  }
  return std::optional(PullProgress{.source = std::string(source),
                                    .selection = std::string(selection),
                                    .newest_day = std::string(query.text(0)),
                                    .open_day = std::string(query.text(1))});
}

Result<DicomIndex::InstanceCount> DicomIndex::instance_count(std::string_view study_uid) {
  TRY(auto reader, readers_.take());
  Query query(*reader,
              "SELECT count(*), count(nullif(i.file,'')), count(nullif(i.fetched,0)) FROM "
              "dicom_study s JOIN dicom_series e ON e.study=s.key JOIN dicom_instance i ON "
              "i.series=e.key WHERE s.uid=?");
  query.bind(study_uid);
  if (!query.next()) return query.problem();
  const auto number = [&](int column) { return static_cast<std::uint64_t>(query.integer(column)); };
  return InstanceCount{.known = number(0), .here = number(1), .fetched = number(2)};
}

}  // namespace lightbox::store
