#include "ingest/recovery.h"

#include "ingest/compression.h"
#include "ingest/hash.h"

namespace lightbox::ingest {
namespace {

// The data set, with the file meta information that is before it.
bool is_object_of(dicom::Source& source, const store::StoredFile& row) {
  if (source.size() != row.file_bytes) return false;
  const auto hash = hash_from(source, row.data_set_offset);
  return hash && *hash == row.hash;
}

bool is_whole(const Archive& archive, const store::StoredFile& row) {
  const auto source = archive.open_file(row.file);
  return source && is_object_of(**source, row);
}

// Its file may have another name than the log has: that may have been taken, or it is compressed.
Result<void> write_again(Archive& archive, const store::StoredFile& row, std::string_view content) {
  archive.files().remove(row.file);
  const auto make = [&](const std::string& name) { return archive.files().create(name, content); };
  TRY(const NewFile file,
      make_instance_file(row.instance.study_uid, row.instance.sop_instance_uid, "", make));
  return archive.store().dicom().move_file(row.key, file.name);
}

}  // namespace

Result<void> recover(Archive& archive, const Arrival& arrival) {
  TRY(const auto found, archive.store().dicom().find({std::string(arrival.sop_instance_uid)}));
  const auto& row = found[0];
  if (row) {
    dicom::MemorySource content(arrival.content);
    if (is_object_of(content, *row)) {
      return is_whole(archive, *row) ? Result<void>() : write_again(archive, *row, arrival.content);
    }
  }
  // It has no row: what there is of its file may be a part of it.
  for (const std::string_view suffix : {std::string_view(), compressed_suffix}) {
    const std::string name = std::string(arrival.file) + std::string(suffix);
    if (!row || row->file != name) archive.files().remove(name);
  }
  std::vector<Incoming> objects;
  objects.push_back(archive.receive({.name = std::string(arrival.source), .remote_address = {}}));
  TRY_DO(objects[0].append(arrival.content));
  Admitted admitted = std::move(archive.add(std::move(objects))[0]);
  if (admitted.outcome == Admitted::Outcome::failed) return std::move(admitted.problem);
  return {};
}

}  // namespace lightbox::ingest
