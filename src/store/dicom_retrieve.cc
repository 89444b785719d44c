// What DICOMweb's retrieval asks of the DICOM index.

#include <fmt/format.h>

#include "store/dicom_rows.h"
#include "store/reader.h"
#include "store/series_metadata.h"

namespace lightbox::store {
namespace {

Problem damaged(std::string_view uid) {
  return problem(ProblemKind::internal, "exception",
                 fmt::format("The metadata of {} is damaged in the store", uid));
}

const std::string pixel_data_sql = fmt::format(
    "SELECT {}, p.tag, p.offset, p.length, p.frames, p.frame_bits, p.swapped_bytes FROM "
    "dicom_instance i JOIN dicom_series e ON e.key=i.series JOIN dicom_study s ON s.key=e.study "
    "LEFT JOIN dicom_pixel_data p ON p.instance=i.key",
    file_columns);

DicomIndex::StoredPixelData read_pixel_data(const Query& row) {
  DicomIndex::StoredPixelData stored{.file = read_file(row), .pixel_data = std::nullopt};
  const auto number = [&](int column) {
    return static_cast<std::uint64_t>(row.integer(file_column_count + column));
  };
  if (number(0) == 0) return stored;
  stored.pixel_data = PixelData{.tag = static_cast<std::uint32_t>(number(0)),
                                .offset = number(1),
                                .length = number(2),
                                .frame_count = static_cast<std::uint32_t>(number(3)),
                                .frame_bits = number(4),
                                .swapped_bytes = static_cast<std::uint8_t>(number(5))};
  return stored;
}

}  // namespace

Result<std::vector<std::int64_t>> DicomIndex::instances(const DicomSelection& selection) {
  TRY(auto reader, readers_.take());
  const SelectionSql selected = where_of(selection);
  const std::string sql = "SELECT i.key" + selected.where + " ORDER BY e.uid, i.number, i.uid";
  Query query(*reader, sql);
  for (const std::string_view value : selected.values) query.bind(value);
  std::vector<std::int64_t> keys;
  while (query.next()) keys.push_back(query.integer(0));
  if (!query.ok()) return query.problem();
  if (keys.empty()) return not_found(selection);
  return keys;
}

Result<std::vector<std::string>> DicomIndex::transfer_syntaxes(const DicomSelection& selection) {
  TRY(auto reader, readers_.take());
  const SelectionSql selected = where_of(selection);
  // Of what is elsewhere it is not known.
  const std::string sql =
      "SELECT DISTINCT i.transfer_syntax" + selected.where + " AND i.transfer_syntax<>''";
  Query query(*reader, sql);
  for (const std::string_view value : selected.values) query.bind(value);
  std::vector<std::string> uids;
  while (query.next()) uids.emplace_back(query.text(0));
  if (!query.ok()) return query.problem();
  return uids;
}

Result<void> DicomIndex::metadata(std::span<const std::int64_t> keys,
                                  const std::function<void(const Metadata&)>& each) {
  TRY(auto reader, readers_.take());
  Query instance(*reader,
                 "SELECT i.uid, i.series, m.content FROM dicom_instance i JOIN dicom_metadata m ON "
                 "m.instance=i.key WHERE i.key=?");
  Query series(*reader,
               "SELECT s.uid, e.uid, m.content FROM dicom_series e JOIN dicom_study s ON "
               "s.key=e.study JOIN dicom_series_metadata m ON m.series=e.key WHERE e.key=?");
  std::int64_t series_key = 0;
  std::string study_uid;
  std::string series_uid;
  std::shared_ptr<const SeriesMetadata> series_metadata;
  std::string json;
  for (const std::int64_t key : keys) {
    instance.reset();
    instance.bind(key);
    if (!instance.next()) {
      if (!instance.ok()) return instance.problem();
      continue;
    }
    if (const std::int64_t its_series = instance.integer(1); its_series != series_key) {
      series.reset();
      series.bind(its_series);
      if (!series.next()) return series.ok() ? damaged(instance.text(0)) : series.problem();
      series_key = its_series;
      study_uid = series.text(0);
      series_uid = series.text(1);
      series_metadata = SeriesMetadata::stored(series.blob(2));
    }
    if (!series_metadata || !series_metadata->decompress(instance.blob(2), json)) {
      return damaged(instance.text(0));
    }
    each({study_uid, series_uid, instance.text(0), json});
  }
  return {};
}

std::optional<DicomIndex::Recent::Slot>& DicomIndex::Recent::slot_of(
    const DicomSelection& instance) {
  const auto hash = static_cast<std::uint64_t>(hash_of(instance.sop_instance_uid));
  return slots_[hash % slots_.size()];
}

std::optional<DicomIndex::StoredPixelData> DicomIndex::Recent::find(const DicomSelection& instance,
                                                                    std::uint64_t commits) {
  const std::lock_guard lock(mutex_);
  const auto& slot = slot_of(instance);
  if (!slot || slot->commits != commits || slot->found.file.instance != instance) return {};
  return slot->found;
}

void DicomIndex::Recent::keep(const StoredPixelData& found, std::uint64_t commits) {
  const std::lock_guard lock(mutex_);
  slot_of(found.file.instance) = Slot{commits, found};
}

Result<DicomIndex::StoredPixelData> DicomIndex::pixel_data(const DicomSelection& instance) {
  if (auto recent = recent_.find(instance, readers_.commits())) return std::move(*recent);
  TRY(auto reader, readers_.take());
  static const std::string sql = pixel_data_sql + " WHERE i.uid=? AND e.uid=? AND s.uid=?";
  Query query(*reader, sql);
  query.bind(std::string_view(instance.sop_instance_uid))
      .bind(std::string_view(instance.series_uid))
      .bind(std::string_view(instance.study_uid));
  if (query.next()) {
    StoredPixelData found = read_pixel_data(query);
    recent_.keep(found, reader.snapshot());
    return found;
  }
  if (!query.ok()) return query.problem();
  return not_found(instance);
}

Result<std::optional<DicomIndex::StoredPixelData>> DicomIndex::pixel_data(std::int64_t key) {
  TRY(auto reader, readers_.take());
  static const std::string sql = pixel_data_sql + " WHERE i.key=?";
  Query query(*reader, sql);
  query.bind(key);
  if (query.next()) return std::optional(read_pixel_data(query));
  if (!query.ok()) return query.problem();
  return std::optional<StoredPixelData>();
}

Result<std::string> DicomIndex::frame_page(std::int64_t key, std::uint32_t page) {
  TRY(auto reader, readers_.take());
  Query query(*reader, "SELECT content FROM dicom_frames WHERE instance=? AND page=?");
  query.bind(key).bind(std::int64_t{page});
  if (query.next()) return std::string(query.blob(0));
  if (!query.ok()) return query.problem();
  return std::string();
}

Result<std::optional<BulkValue>> DicomIndex::bulk_value(std::int64_t key, std::string_view path) {
  TRY(auto reader, readers_.take());
  Query query(*reader,
              "SELECT offset, length, swapped_bytes FROM dicom_bulk_data WHERE instance=? AND "
              "path=?");
  query.bind(key).bind(path);
  if (query.next()) {
    return std::optional(BulkValue{.path = std::string(path),
                                   .offset = static_cast<std::uint64_t>(query.integer(0)),
                                   .length = static_cast<std::uint64_t>(query.integer(1)),
                                   .swapped_bytes = static_cast<std::uint8_t>(query.integer(2))});
  }
  if (!query.ok()) return query.problem();
  return std::optional<BulkValue>();
}

}  // namespace lightbox::store
