#include "store/metadata_reader.h"

namespace lightbox::store {

Result<std::optional<std::string>> MetadataReader::read(std::int64_t instance) {
  Query query(database_,
              "SELECT i.series, m.content FROM dicom_instance i JOIN dicom_metadata m ON "
              "m.instance=i.key WHERE i.key=?");
  query.bind(instance);
  if (!query.next()) {
    if (!query.ok()) return query.problem();
    return std::optional<std::string>();
  }
  TRY_DO(turn_to(query.integer(0)));
  std::string json;
  if (!series_metadata_ || !series_metadata_->decompress(query.blob(1), json)) {
    return problem(ProblemKind::internal, "exception", "Metadata are damaged in the store");
  }
  return std::optional(std::move(json));
}

Result<void> MetadataReader::turn_to(std::int64_t series) {
  if (series == series_) return {};
  series_metadata_ = nullptr;
  Query query(database_, "SELECT content FROM dicom_series_metadata WHERE series=?");
  query.bind(series);
  if (query.next()) series_metadata_ = SeriesMetadata::stored(query.blob(0));
  if (!query.ok()) return query.problem();
  series_ = series;
  return {};
}

}  // namespace lightbox::store
