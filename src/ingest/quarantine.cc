#include "ingest/quarantine.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <mutex>

#include "ingest/hash.h"

namespace lightbox::ingest {

Result<std::unique_ptr<Quarantine>> Quarantine::open(Files& files, store::Store& store,
                                                     const Limits& limits) {
  std::unique_ptr<Quarantine> quarantine(new Quarantine(files, store, limits));
  TRY_DO(files.walk("quarantine/", [&](std::string_view /*name*/, std::uint64_t bytes) {
    quarantine->bytes_ += bytes;
    return true;
  }));
  return quarantine;
}

void Quarantine::keep(Received& object, dicom::Source& source, Admitted& admitted) {
  const std::shared_lock lock(files_and_list_);
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
  if (files_.open(name)) return name;
  if (bytes_ + source.size() > limits_.quarantine_bytes_max) {
    return problem(
        ProblemKind::insufficient_storage,
        fmt::format("The quarantine is full ({} bytes, quarantine_bytes_max): the object "
                    "is not kept",
                    limits_.quarantine_bytes_max));
  }
  // Under its own name only when it is whole.
  if (!object.descriptor.is_open()) TRY_DO(object.spill());
  const auto file = files_.adopt(name, object.path, object.descriptor);
  if (!file && file.error().kind == ProblemKind::conflict) return name;  // another thread's
  if (!file) return std::unexpected(file.error());
  TRY_DO(files_.sync({&*file, 1}));
  bytes_ += source.size();
  return name;
}

Result<void> Quarantine::forget(const std::string& file) {
  if (file.empty() || is_in_place(file)) return {};
  const std::unique_lock lock(files_and_list_);
  TRY(const auto others, store_.dicom().quarantined(file));
  if (!others.empty()) return {};
  const auto source = files_.open(file);
  if (source && files_.remove(file)) bytes_ -= (*source)->size();
  return {};
}

}  // namespace lightbox::ingest
