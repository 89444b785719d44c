#include "ingest/quarantine.h"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include "ingest/hash.h"

namespace lightbox::ingest {

Quarantine::Quarantine(Files& files, store::Store& store, const Limits& limits)
    : files_(files), store_(store), limits_(limits) {
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator(files_.path_of("quarantine"), error)) {
    bytes_ += entry.file_size(error);
  }
}

void Quarantine::keep(Received& object, dicom::Source& source, Admitted& admitted) {
  const auto kept = keep_file(object, source);
  Issue& reason = admitted.problem.issues[0];
  const auto listed = [&]() -> Result<void> {
    if (!kept) return std::unexpected(kept.error());
    return store_.dicom().add_problem({.kind = store::DicomProblemKind::quarantined,
                                       .study_uid = admitted.study_uid,
                                       .series_uid = admitted.series_uid,
                                       .sop_instance_uid = admitted.sop_instance_uid,
                                       .source = object.origin.name,
                                       .file = *kept,
                                       .code = std::string(reason.code),
                                       .diagnostics = reason.diagnostics});
  }();
  if (listed) {
    admitted.outcome = Admitted::Outcome::quarantined;
    return;
  }
  admitted.outcome = Admitted::Outcome::failed;
  for (const Issue& issue : listed.error().issues) admitted.problem.issues.push_back(issue);
}

Result<std::string> Quarantine::keep_file(Received& object, dicom::Source& source) {
  if (!object.in_place.empty()) return object.in_place;
  TRY(const store::Sha256 hash, hash_from(source, 0));
  std::string name = fmt::format("quarantine/{:02x}.dcm", fmt::join(hash, ""));
  const std::string path = files_.path_of(name);
  if (::access(path.c_str(), F_OK) == 0) return name;
  if (bytes_ + source.size() > limits_.quarantine_bytes_max) {
    return problem(
        ProblemKind::insufficient_storage,
        fmt::format("The quarantine is full ({} bytes, quarantine_bytes_max): the object "
                    "is not kept",
                    limits_.quarantine_bytes_max));
  }
  // Under its own name only when it is whole.
  if (!object.descriptor.is_open()) TRY_DO(object.spill());
  NewFile file{name, std::move(object.descriptor), {}};
  if (::fsync(file.descriptor.get()) != 0) {
    return file_problem("The file could not be synced", object.path, errno);
  }
  if (::link(object.path.c_str(), path.c_str()) != 0 && errno != EEXIST) {
    return file_problem("The file could not be made", path, errno);
  }
  TRY_DO(files_.sync({&file, 1}));
  bytes_ += source.size();
  return name;
}

void Quarantine::forget(std::string_view file) {
  if (file.starts_with('/')) return;
  std::error_code error;
  const auto bytes = std::filesystem::file_size(files_.path_of(file), error);
  if (!error) bytes_ -= bytes;
  std::filesystem::remove(files_.path_of(file), error);
}

}  // namespace lightbox::ingest
