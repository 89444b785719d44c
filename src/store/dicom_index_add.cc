#include <algorithm>
#include <fmt/format.h>
#include <memory>

#include "store/codec.h"
#include "store/dicom_rows.h"

namespace lightbox::store {
namespace {

// FNV-1a: what is told apart by it is compared byte by byte.
std::int64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return static_cast<std::int64_t>(hash);
}

// An instance with what the caller's thread can prepare of it.
struct Prepared {
  DicomInstance instance;
  std::int64_t attributes_hash = 0;
  std::string attributes = {};  // compressed
  std::string metadata = {};
};

// Adds the instances of one request. The last study, series and attributes are remembered, since
// most instances follow one of the same.
class Adding {
 public:
  Adding(const Task::Context& context, OnConflict on_conflict)
      : context_(context), database_(context.database), on_conflict_(on_conflict) {}

  Result<AddResult> add(const Prepared& prepared) {
    const DicomInstance& instance = prepared.instance;
    TRY(const auto found, find(instance));
    if (found) {
      AddResult result{.file = found->file, .study_uid = found->study_uid};
      const bool is_same_place =
          found->study_uid == instance.study_uid && found->series_uid == instance.series_uid;
      if (is_same_place && found->hash == hash_text(instance) &&
          found->transfer_syntax == instance.transfer_syntax_uid) {
        result.outcome = AddOutcome::known;
        return result;
      }
      if (on_conflict_ == OnConflict::keep_first || !is_same_place) {
        result.outcome = AddOutcome::conflict;
        return result;
      }
      TRY_DO(remove(found->key));
      TRY_DO(withdraw_note(context_, instance.sop_instance_uid));
      result.outcome = AddOutcome::replaced;
      TRY_DO(insert(prepared));
      TRY_DO(forget_attributes(found->attributes));
      return result;
    }
    TRY_DO(insert(prepared));
    return AddResult{.outcome = AddOutcome::stored, .file = {}, .study_uid = instance.study_uid};
  }

  // Marks what has changed.
  Result<void> finish() {
    std::ranges::sort(changed_);
    const auto rest = std::ranges::unique(changed_);
    changed_.erase(rest.begin(), rest.end());
    for (const std::int64_t study : changed_) TRY_DO(mark_study(context_, study));
    return {};
  }

 private:
  struct Found {
    std::int64_t key = 0;
    std::int64_t attributes = 0;
    std::string hash;
    std::string transfer_syntax;
    std::string file;
    std::string series_uid;
    std::string study_uid;
  };

  static std::string_view hash_text(const DicomInstance& instance) {
    return {reinterpret_cast<const char*>(instance.hash.data()), instance.hash.size()};
  }

  Result<std::optional<Found>> find(const DicomInstance& instance) {
    Query query(database_,
                "SELECT i.key, i.attributes, i.hash, i.transfer_syntax, i.file, e.uid, s.uid FROM "
                "dicom_instance i "
                "JOIN dicom_series e ON e.key=i.series JOIN dicom_study s ON s.key=e.study "
                "WHERE i.uid=?");
    query.bind(std::string_view(instance.sop_instance_uid));
    if (!query.next()) {
      if (!query.ok()) return query.problem();
      return std::optional<Found>();
    }
    return std::optional<Found>(Found{
        query.integer(0), query.integer(1), std::string(query.blob(2)), std::string(query.text(3)),
        std::string(query.text(4)), std::string(query.text(5)), std::string(query.text(6))});
  }

  Result<void> remove(std::int64_t key) {
    for (const char* sql : {"DELETE FROM dicom_metadata WHERE instance=?",
                            "DELETE FROM dicom_instance WHERE key=?"}) {
      Query query(database_, sql);
      query.bind(key);
      if (!query.run()) return query.problem();
    }
    return {};
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
    return {};
  }

  Result<void> find_attributes(const Prepared& prepared) {
    if (attributes_text_ != nullptr && *attributes_text_ == prepared.attributes) return {};
    {
      Query query(database_, "SELECT key, content FROM dicom_attributes WHERE series=? AND hash=?");
      query.bind(series_).bind(prepared.attributes_hash);
      while (query.next()) {
        const auto content = decompress_body(query.blob(1));
        if (!content || *content != prepared.instance.attributes) continue;
        attributes_ = query.integer(0);
        attributes_text_ = &prepared.attributes;
        return {};
      }
      if (!query.ok()) return query.problem();
    }
    Query insert(
        database_,
        "INSERT INTO dicom_attributes (series, hash, content) VALUES (?,?,?) RETURNING key");
    insert.bind(series_).bind(prepared.attributes_hash).bind_blob(prepared.attributes);
    if (!insert.next()) return insert.problem();
    attributes_ = insert.integer(0);
    attributes_text_ = &prepared.attributes;
    return {};
  }

  Result<void> insert(const Prepared& prepared) {
    const DicomInstance& instance = prepared.instance;
    TRY_DO(find_study(instance.study_uid));
    TRY_DO(find_series(instance.series_uid));
    TRY_DO(find_attributes(prepared));
    Query insert(database_,
                 "INSERT INTO dicom_instance (uid, series, attributes, sop_class, transfer_syntax, "
                 "title, source, received, file, file_bytes, data_set_offset, hash, number) VALUES "
                 "(?,?,?,?,?,?,?,?,?,?,?,?,?) RETURNING key");
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
        .bind_blob(hash_text(instance));
    if (instance.number) insert.bind(*instance.number);  // else it stays NULL
    if (!insert.next()) return insert.problem();
    Query metadata(database_, "INSERT INTO dicom_metadata (instance, content) VALUES (?,?)");
    metadata.bind(insert.integer(0)).bind_blob(prepared.metadata);
    if (!metadata.run()) return metadata.problem();
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
  std::vector<std::int64_t> changed_;
};

}  // namespace

Result<std::vector<AddResult>> DicomIndex::add(std::vector<DicomInstance> instances,
                                               OnConflict on_conflict, Durability durability) {
  std::vector<Prepared> prepared;
  prepared.reserve(instances.size());
  for (DicomInstance& instance : instances) {
    Prepared each{.instance = std::move(instance)};
    each.attributes_hash = hash_of(each.instance.attributes);
    each.attributes = compress_body(each.instance.attributes);
    each.metadata = compress_body(each.instance.metadata);
    prepared.push_back(std::move(each));
  }
  std::vector<AddResult> results;
  const auto add_all = [&](const Task::Context& context) -> Result<void> {
    results.clear();  // the transaction may be tried again
    Adding adding(context, on_conflict);
    for (const Prepared& each : prepared) {
      TRY(auto result, adding.add(each));
      results.push_back(std::move(result));
    }
    return adding.finish();
  };
  TRY_DO(write(writer_, prepared.size(), add_all, durability));
  return results;
}

Result<void> DicomIndex::sync() {
  // A transaction that changes nothing would have no page to sync.
  return write(writer_, 1, [](const Task::Context& context) {
    return context.database.execute("UPDATE dicom_count SET studies=studies");
  });
}

}  // namespace lightbox::store
