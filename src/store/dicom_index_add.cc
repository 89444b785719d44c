#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <memory>
#include <unordered_set>
#include <utility>

#include "store/codec.h"
#include "store/dicom_query_rows.h"
#include "store/dicom_rows.h"
#include "store/reader.h"
#include "store/series_metadata.h"

namespace lightbox::store {
namespace {

Problem damaged_series(std::string_view uid) {
  return problem(ProblemKind::internal, "exception",
                 fmt::format("The metadata of series {} is damaged in the store", uid));
}

// An instance with what the caller's thread can prepare of it.
struct Prepared {
  DicomInstance instance;
  std::int64_t attributes_hash = 0;  // what has the same is compared byte by byte
  // Of its series, as it was or will be: the writer decides.
  std::shared_ptr<const SeriesMetadata> series_metadata = nullptr;
  std::string metadata = {};  // compressed with it
};

// What the series of some instances have, or get with the first of them.
class PreparedSeries {
 public:
  explicit PreparedSeries(ReaderPool& readers) : readers_(readers) {}

  Result<std::shared_ptr<const SeriesMetadata>> find(const DicomInstance& instance) {
    auto& found = found_[{instance.study_uid, instance.series_uid}];
    if (found) return found;
    TRY(auto reader, readers_.take());
    Query query(*reader,
                "SELECT m.content FROM dicom_study s JOIN dicom_series e ON e.study=s.key JOIN "
                "dicom_series_metadata m ON m.series=e.key WHERE s.uid=? AND e.uid=?");
    query.bind(std::string_view(instance.study_uid)).bind(std::string_view(instance.series_uid));
    if (query.next()) found = SeriesMetadata::stored(query.blob(0));
    if (!query.ok()) return query.problem();
    if (!found) found = SeriesMetadata::made_of(instance.metadata);
    return found;
  }

 private:
  ReaderPool& readers_;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<const SeriesMetadata>> found_;
};

// Adds the instances of one request. The last study, series and attributes are remembered, since
// most instances follow one of the same.
class Adding {
 public:
  Adding(const Task::Context& context, const DicomReading& reading, OnConflict on_conflict)
      : context_(context),
        database_(context.database),
        on_conflict_(on_conflict),
        query_rows_(context, reading) {}

  Result<AddResult> add(const Prepared& prepared) {
    const DicomInstance& instance = prepared.instance;
    TRY(const auto found, find(instance));
    if (!found) {
      TRY_DO(insert(prepared, std::nullopt));
      return AddResult{.outcome = AddOutcome::stored, .file = {}, .study_uid = instance.study_uid};
    }
    AddResult result{.outcome = instance.file.empty() ? outcome_of_told(*found, instance)
                                                      : outcome_of(*found, instance),
                     .file = found->file,
                     .study_uid = found->study_uid};
    if (result.outcome == AddOutcome::known || result.outcome == AddOutcome::conflict) {
      return result;
    }
    TRY_DO(delete_instance(database_, found->key));
    query_rows_.removed(found->study, found->series);
    TRY_DO(withdraw_note(context_, instance.sop_instance_uid));
    // It keeps its key, for who is just reading it.
    TRY_DO(insert(prepared, found->key));
    TRY_DO(forget_attributes(found->attributes));
    return result;
  }

  // Takes away what the source had told of the study before, but for these.
  Result<std::vector<std::string>> withdraw_others(const SourceStudy& study,
                                                   const std::vector<Prepared>& kept) {
    std::unordered_set<std::string_view> uids;
    for (const Prepared& each : kept) uids.insert(each.instance.sop_instance_uid);
    TRY(auto told_before, remote_rows(database_, study.study_uid, study.source));
    std::vector<std::string> files;
    bool is_any_gone = false;
    for (RemoteRow& row : told_before) {
      if (uids.contains(row.uid)) continue;
      is_any_gone = true;
      TRY_DO(delete_instance(database_, row.key));
      query_rows_.removed(row.study, row.series);
      if (!row.file.empty()) files.push_back(std::move(row.file));
    }
    if (is_any_gone) TRY_DO(remove_empty_series(database_, told_before.front().study));
    return files;
  }

  // The study is to be projected again, with instances or without.
  Result<void> touch(const std::string& study_uid) {
    study_uid_.clear();
    return find_study(study_uid);
  }

  // Marks what has changed.
  Result<void> finish() {
    std::ranges::sort(changed_);
    const auto rest = std::ranges::unique(changed_);
    changed_.erase(rest.begin(), rest.end());
    for (const std::int64_t study : changed_) TRY_DO(mark_study(context_, study));
    return query_rows_.finish();
  }

 private:
  struct Found {
    std::int64_t key = 0;
    std::int64_t attributes = 0;
    std::int64_t series = 0;
    std::int64_t study = 0;
    std::string hash;
    std::string transfer_syntax;
    std::string file;
    std::string series_uid;
    std::string study_uid;
    std::string source;
    bool is_fetched = false;
  };

  static bool is_same_place(const Found& found, const DicomInstance& instance) {
    return found.study_uid == instance.study_uid && found.series_uid == instance.series_uid;
  }
  static bool is_same(const Found& found, const DicomInstance& instance) {
    return found.hash == hash_text(instance) &&
           found.transfer_syntax == instance.transfer_syntax_uid;
  }

  // Of an object that has come.
  [[nodiscard]] AddOutcome outcome_of(const Found& found, const DicomInstance& instance) const {
    if (!is_same_place(found, instance)) return AddOutcome::conflict;
    const bool is_own = !found.file.empty() && !found.is_fetched;
    if (found.file.empty() || (!is_own && !instance.is_fetched)) return AddOutcome::stored;
    if (is_same(found, instance)) return AddOutcome::known;
    return !is_own || on_conflict_ == OnConflict::replace ? AddOutcome::replaced
                                                          : AddOutcome::conflict;
  }

  // Of an instance that a source tells.
  static AddOutcome outcome_of_told(const Found& found, const DicomInstance& instance) {
    if (!is_same_place(found, instance)) return AddOutcome::conflict;
    const bool is_own = !found.file.empty() && !found.is_fetched;
    if (is_own || found.source != instance.source) return AddOutcome::known;
    return is_same(found, instance) ? AddOutcome::known : AddOutcome::replaced;
  }

  static std::string_view hash_text(const DicomInstance& instance) {
    return {reinterpret_cast<const char*>(instance.hash.data()), instance.hash.size()};
  }

  Result<std::optional<Found>> find(const DicomInstance& instance) {
    Query query(database_,
                "SELECT i.key, i.attributes, e.key, s.key, i.hash, i.transfer_syntax, i.file, "
                "e.uid, s.uid, i.source, i.fetched FROM dicom_instance i "
                "JOIN dicom_series e ON e.key=i.series JOIN dicom_study s ON s.key=e.study "
                "WHERE i.uid=?");
    query.bind(std::string_view(instance.sop_instance_uid));
    if (!query.next()) {
      if (!query.ok()) return query.problem();
      return std::optional<Found>();
    }
    return std::optional<Found>(Found{query.integer(0), query.integer(1), query.integer(2),
                                      query.integer(3), std::string(query.blob(4)),
                                      std::string(query.text(5)), std::string(query.text(6)),
                                      std::string(query.text(7)), std::string(query.text(8)),
                                      std::string(query.text(9)), query.integer(10) != 0});
  }

  // Those of a replaced instance, unless others have them too.
  Result<void> forget_attributes(std::int64_t key) {
    Query query(database_,
                "DELETE FROM dicom_attributes WHERE key=? AND NOT EXISTS (SELECT 1 FROM "
                "dicom_instance i WHERE i.series=dicom_attributes.series AND "
                "i.attributes=dicom_attributes.key)");
    query.bind(key);
    if (!query.run()) return query.problem();
    return {};
  }

  Result<void> find_study(const std::string& uid) {
    if (uid == study_uid_) return {};
    series_uid_.clear();
    Query insert(
        database_,
        "INSERT INTO dicom_study (uid, revision, first_change, last_change) VALUES (?,0,0,0) "
        "ON CONFLICT (uid) DO UPDATE SET uid=excluded.uid RETURNING key");
    insert.bind(std::string_view(uid));
    if (!insert.next()) return insert.problem();
    study_ = insert.integer(0);
    study_uid_ = uid;
    changed_.push_back(study_);
    return {};
  }

  Result<void> find_series(const std::string& uid) {
    if (uid == series_uid_) return {};
    Query insert(database_,
                 "INSERT INTO dicom_series (study, uid) VALUES (?,?) "
                 "ON CONFLICT (study, uid) DO UPDATE SET uid=excluded.uid RETURNING key");
    insert.bind(study_).bind(std::string_view(uid));
    if (!insert.next()) return insert.problem();
    series_ = insert.integer(0);
    series_uid_ = uid;
    attributes_text_ = nullptr;
    series_metadata_ = nullptr;
    return {};
  }

  // What the series has already; else it gets what was prepared.
  Result<void> find_series_metadata(const Prepared& prepared) {
    if (series_metadata_) return {};
    {
      Query query(database_, "SELECT content FROM dicom_series_metadata WHERE series=?");
      query.bind(series_);
      if (query.next()) {
        const std::string_view content = query.blob(0);
        const bool is_same = content == prepared.series_metadata->content();
        series_metadata_ =
            is_same ? prepared.series_metadata : SeriesMetadata::stored(query.blob(0));
        if (!series_metadata_) return damaged_series(series_uid_);
        return {};
      }
      if (!query.ok()) return query.problem();
    }
    Query insert(database_, "INSERT INTO dicom_series_metadata (series, content) VALUES (?,?)");
    insert.bind(series_).bind_blob(prepared.series_metadata->content());
    if (!insert.run()) return insert.problem();
    series_metadata_ = prepared.series_metadata;
    return {};
  }

  Result<void> insert_metadata(const Prepared& prepared, std::int64_t key) {
    TRY_DO(find_series_metadata(prepared));
    const bool is_prepared = series_metadata_ == prepared.series_metadata;
    std::string made;
    if (!is_prepared) made = series_metadata_->compress(prepared.instance.metadata);
    Query metadata(database_, "INSERT INTO dicom_metadata (instance, content) VALUES (?,?)");
    metadata.bind(key).bind_blob(is_prepared ? prepared.metadata : made);
    if (!metadata.run()) return metadata.problem();
    return {};
  }

  Result<void> insert_bulk(const DicomInstance& instance, std::int64_t key) {
    if (const auto& pixels = instance.pixel_data) {
      Query insert(
          database_,
          "INSERT INTO dicom_pixel_data (instance, tag, offset, length, frames, frame_bits, "
          "swapped_bytes) VALUES (?,?,?,?,?,?,?)");
      insert.bind(key)
          .bind(std::int64_t{pixels->tag})
          .bind(static_cast<std::int64_t>(pixels->offset))
          .bind(static_cast<std::int64_t>(pixels->length))
          .bind(std::int64_t{pixels->frame_count})
          .bind(static_cast<std::int64_t>(pixels->frame_bits))
          .bind(std::int64_t{pixels->swapped_bytes});
      if (!insert.run()) return insert.problem();
    }
    std::int64_t number = 0;
    for (const std::string& page : instance.frame_pages) {
      Query insert(database_, "INSERT INTO dicom_frames (instance, page, content) VALUES (?,?,?)");
      insert.bind(key).bind(number++).bind_blob(page);
      if (!insert.run()) return insert.problem();
    }
    for (const BulkValue& value : instance.bulk_values) {
      Query insert(database_,
                   "INSERT INTO dicom_bulk_data (instance, path, offset, length, swapped_bytes) "
                   "VALUES (?,?,?,?,?)");
      insert.bind(key)
          .bind(std::string_view(value.path))
          .bind(static_cast<std::int64_t>(value.offset))
          .bind(static_cast<std::int64_t>(value.length))
          .bind(std::int64_t{value.swapped_bytes});
      if (!insert.run()) return insert.problem();
    }
    return {};
  }

  Result<void> find_attributes(const Prepared& prepared) {
    const std::string& attributes = prepared.instance.attributes;
    if (attributes_text_ != nullptr && *attributes_text_ == attributes) return {};
    {
      Query query(database_, "SELECT key, content FROM dicom_attributes WHERE series=? AND hash=?");
      query.bind(series_).bind(prepared.attributes_hash);
      while (query.next()) {
        const auto content = decompress_body(query.blob(1));
        if (!content || *content != attributes) continue;
        attributes_ = query.integer(0);
        attributes_text_ = &attributes;
        return {};
      }
      if (!query.ok()) return query.problem();
    }
    Query insert(
        database_,
        "INSERT INTO dicom_attributes (series, hash, content) VALUES (?,?,?) RETURNING key");
    const std::string compressed = compress_body(attributes);  // seldom: a series has few
    insert.bind(series_).bind(prepared.attributes_hash).bind_blob(compressed);
    if (!insert.next()) return insert.problem();
    attributes_ = insert.integer(0);
    attributes_text_ = &attributes;
    return {};
  }

  // `key_before`: of the row that it takes the place of.
  Result<void> insert(const Prepared& prepared, std::optional<std::int64_t> key_before) {
    const DicomInstance& instance = prepared.instance;
    TRY_DO(find_study(instance.study_uid));
    TRY_DO(find_series(instance.series_uid));
    TRY_DO(find_attributes(prepared));
    Query insert(database_,
                 "INSERT INTO dicom_instance (uid, series, attributes, sop_class, transfer_syntax, "
                 "title, source, received, file, file_bytes, data_set_offset, hash, fetched, "
                 "number, key) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) RETURNING key");
    insert.bind(std::string_view(instance.sop_instance_uid))
        .bind(series_)
        .bind(attributes_)
        .bind(std::string_view(instance.sop_class_uid))
        .bind(std::string_view(instance.transfer_syntax_uid))
        .bind(std::string_view(instance.title))
        .bind(std::string_view(instance.source))
        .bind(context_.now_ms)
        .bind(std::string_view(instance.file))
        .bind(static_cast<std::int64_t>(instance.file_bytes))
        .bind(static_cast<std::int64_t>(instance.data_set_offset))
        .bind_blob(hash_text(instance))
        .bind(instance.is_fetched ? context_.now_ms : 0)
        .bind_optional(instance.number)
        .bind_optional(key_before);
    if (!insert.next()) return insert.problem();
    const std::int64_t key = insert.integer(0);
    TRY_DO(insert_metadata(prepared, key));
    TRY_DO(insert_bulk(instance, key));
    query_rows_.added(study_, series_, instance.sop_class_uid);
    return reject(instance);
  }

  Result<void> reject(const DicomInstance& note) {
    if (note.rejects.empty()) return {};
    std::vector<std::string> uids;
    Query insert(database_,
                 "INSERT OR REPLACE INTO dicom_rejection (uid, note, code) VALUES (?,?,?)");
    for (const RejectedInstance& instance : note.rejects) {
      insert.bind(std::string_view(instance.sop_instance_uid))
          .bind(std::string_view(note.sop_instance_uid))
          .bind(std::string_view(instance.code));
      if (!insert.run()) return insert.problem();
      uids.push_back(instance.sop_instance_uid);
    }
    return mark_instances(context_, uids);
  }

  const Task::Context& context_;
  Database& database_;
  OnConflict on_conflict_;
  std::string study_uid_;
  std::string series_uid_;
  std::int64_t study_ = 0;
  std::int64_t series_ = 0;
  std::int64_t attributes_ = 0;
  const std::string* attributes_text_ = nullptr;
  std::shared_ptr<const SeriesMetadata> series_metadata_;
  std::vector<std::int64_t> changed_;
  QueryRows query_rows_;
};

Result<std::vector<Prepared>> prepare(ReaderPool& readers, std::vector<DicomInstance> instances) {
  std::vector<Prepared> prepared;
  prepared.reserve(instances.size());
  PreparedSeries series(readers);
  for (DicomInstance& instance : instances) {
    Prepared each{.instance = std::move(instance)};
    each.attributes_hash = hash_of(each.instance.attributes);
    TRY(each.series_metadata, series.find(each.instance));
    each.metadata = each.series_metadata->compress(each.instance.metadata);
    prepared.push_back(std::move(each));
  }
  return prepared;
}

Result<void> put_source_row(Database& database, const SourceStudy& study) {
  Query query(database,
              "INSERT INTO source_study (study, source, day, attributes, instances) VALUES "
              "(?,?,?,?,?) ON CONFLICT (study, source) DO UPDATE SET day=excluded.day, "
              "attributes=excluded.attributes, instances=excluded.instances");
  query.bind(std::string_view(study.study_uid))
      .bind(std::string_view(study.source))
      .bind(std::string_view(study.day))
      .bind(std::string_view(study.attributes))
      .bind_optional(study.instances ? std::optional(static_cast<std::int64_t>(*study.instances))
                                     : std::nullopt);
  if (!query.run()) return query.problem();
  return {};
}

}  // namespace

Result<std::vector<AddResult>> DicomIndex::add(std::vector<DicomInstance> instances,
                                               OnConflict on_conflict, Durability durability) {
  TRY(const auto prepared, prepare(readers_, std::move(instances)));
  std::vector<AddResult> results;
  const auto add_all = [&](const Task::Context& context) -> Result<void> {
    results.clear();  // the transaction may be tried again
    Adding adding(context, reading_, on_conflict);
    for (const Prepared& each : prepared) {
      TRY(auto result, adding.add(each));
      results.push_back(std::move(result));
    }
    return adding.finish();
  };
  TRY_DO(write(writer_, prepared.size(), add_all, durability));
  return results;
}

Result<DicomIndex::Told> DicomIndex::put_source_study(const SourceStudy& study,
                                                      std::vector<DicomInstance> instances,
                                                      Durability durability) {
  TRY(const auto prepared, prepare(readers_, std::move(instances)));
  Told told;
  const auto put = [&](const Task::Context& context) -> Result<void> {
    told = {};
    Adding adding(context, reading_, OnConflict::replace);
    for (const Prepared& each : prepared) {
      TRY(const auto result, adding.add(each));
      if (result.outcome == AddOutcome::conflict) ++told.conflicts;
      if (result.outcome != AddOutcome::stored && result.outcome != AddOutcome::replaced) continue;
      ++told.changed;
      if (!result.file.empty()) told.files.push_back(result.file);
    }
    TRY(auto withdrawn, adding.withdraw_others(study, prepared));
    std::ranges::move(withdrawn, std::back_inserter(told.files));
    TRY_DO(put_source_row(context.database, study));
    TRY_DO(adding.touch(study.study_uid));
    return adding.finish();
  };
  TRY_DO(write(writer_, prepared.size() + 1, put, durability));
  return told;
}

Result<void> DicomIndex::sync() {
  // A transaction that changes nothing would have no page to sync.
  return write(writer_, 1, [](const Task::Context& context) {
    return context.database.execute("UPDATE dicom_count SET studies=studies");
  });
}

}  // namespace lightbox::store
