#pragma once

// Keeps what queries read (dicom_query.sql) in step with the instances, in the writer's open
// transaction. Most instances change nothing there but a count: a series' row is that of its first
// instance, and a study's changes when what its series say does. Belongs to the writer's thread.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/dicom_reading.h"
#include "store/metadata_reader.h"
#include "store/writer.h"

namespace lightbox::store {

class QueryRows {
 public:
  // Both must outlive it.
  QueryRows(const Task::Context& context, const DicomReading& reading)
      : database_(context.database), reading_(reading), metadata_(context.database) {}

  void added(std::int64_t study, std::int64_t series, const std::string& sop_class);
  void removed(std::int64_t study, std::int64_t series);

  // Brings the rows up to date. Series without instances must be gone by now.
  Result<void> finish();

 private:
  struct Touched {
    std::int64_t added = 0;
    bool has_removed = false;
    std::set<std::string> classes;
    std::map<std::int64_t, bool> series;  // whether what is kept of it may be of a removed instance
  };
  struct SeriesRow;
  struct StudyRow;

  Result<void> finish_study(std::int64_t study, const Touched& touched);
  Result<void> count(std::int64_t study, const Touched& touched);
  Result<std::int64_t> instances_of(std::int64_t study);
  Result<bool> refresh_series(std::int64_t series, bool is_stale);
  Result<bool> remove_series(std::int64_t series);
  Result<std::int64_t> first_of(std::int64_t series);
  Result<std::string> metadata_of(std::int64_t instance);
  Result<bool> has_classes(std::int64_t study, const std::set<std::string>& classes);
  Result<void> refresh_study(std::int64_t study, const Touched& touched);
  Result<std::vector<SeriesRow>> series_of(std::int64_t study);
  Result<StudyRow> row_of(std::int64_t study);
  Result<std::vector<std::string>> classes_of(std::int64_t study, const StudyRow& row,
                                              const Touched& touched);
  Result<std::vector<std::string>> contents_of(const std::vector<SeriesRow>& series,
                                               const StudyRow& row, std::int64_t sources);
  Result<void> replace(std::int64_t study, const StudyRow& old_row, const StudyReading& reading,
                       const StudyRow& new_row);
  Result<void> replace_words(const StudyRow& old_row, const StudyRow& new_row);
  Result<std::int64_t> free_slot(std::int64_t study, std::int64_t place);
  Result<void> remove(const StudyRow& row);

  Database& database_;
  const DicomReading& reading_;
  MetadataReader metadata_;
  std::map<std::int64_t, Touched> studies_;
};

}  // namespace lightbox::store
