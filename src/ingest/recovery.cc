#include "ingest/recovery.h"

#include "ingest/hash.h"

namespace lightbox::ingest {
namespace {

bool is_whole(const Archive& archive, const store::StoredFile& stored) {
  const auto source = archive.open_file(stored.file);
  if (!source || (*source)->size() != stored.file_bytes) return false;
  const auto hash = hash_from(**source, stored.data_set_offset);
  return hash && *hash == stored.hash;
}

}  // namespace

Result<void> recover(Archive& archive, const Arrival& arrival) {
  Files& files = archive.files();
  store::DicomIndex& index = archive.store().dicom();
  TRY(const auto found, index.find({std::string(arrival.sop_instance_uid)}));
  if (const auto& row = found[0]; row && row->file == arrival.file) {
    if (is_whole(archive, *row)) return {};
    files.remove(row->file);
    TRY(const NewFile file, make_instance_file(row->instance.study_uid, arrival.sop_instance_uid,
                                               [&](const std::string& name) {
                                                 return files.create(name, arrival.content);
                                               }));
    return index.move_file(row->key, file.name);
  }
  files.remove(std::string(arrival.file));
  std::vector<Incoming> objects;
  objects.push_back(archive.receive({.name = std::string(arrival.source), .remote_address = {}}));
  TRY_DO(objects[0].append(arrival.content));
  Admitted admitted = std::move(archive.add(std::move(objects))[0]);
  if (admitted.outcome == Admitted::Outcome::failed) return std::move(admitted.problem);
  return {};
}

}  // namespace lightbox::ingest
