// What a source tells of studies, into the index (pull_study.h).

#include <fmt/format.h>

#include "ingest/remote_instance.h"
#include "pacs/description.h"
#include "pacs/pull_study.h"
#include "store/dicom_index.h"

namespace lightbox::pacs {
namespace {

// Searches of a whole window show all of its studies: worth it for so many new ones at least, each
// of so few instances, and no more than that together.
constexpr std::size_t window_studies_min = 8;
constexpr std::uint64_t window_instances_of_study_max = 50;
constexpr std::uint64_t window_instances_max = 20'000;

// Archives need not search for instances (PS3.18 10.6.1.2).
bool is_not_offered(const Problem& problem) {
  return problem.kind == ProblemKind::invalid || problem.kind == ProblemKind::not_found ||
         problem.kind == ProblemKind::not_supported;
}

store::SourceStudy row_of(const Telling& telling, const RemoteStudy& study) {
  return {.source = telling.source,
          .study_uid = study.uid,
          .day = study.date,
          .instances = study.instances,
          .attributes = study.attributes};
}

struct Instances {
  std::vector<store::DicomInstance> rows;
  std::uint64_t unusable = 0;
};

Result<void> add_row(const Telling& telling, std::string_view json, Instances& instances) {
  auto instance = ingest::describe_remote(json, telling.source, telling.archive.options().limits);
  if (!instance) return std::move(instance).error();
  instances.rows.push_back(std::move(*instance));
  return {};
}

// nullopt: they are not all there.
Result<std::optional<Instances>> instances_ahead(const Telling& telling, const RemoteStudy& study,
                                                 const ToldStudies& ahead) {
  const auto told = ahead.find(study.uid);
  if (told == ahead.end() || told->second.instances.size() != study.instances) {
    return std::optional<Instances>();
  }
  StudyDescription description(study);
  for (const std::string& series : told->second.series) description.add_series(series);
  std::optional<Instances> instances(std::in_place);
  for (const std::string& one : told->second.instances) {
    if (!description.has_series_of(one)) return std::optional<Instances>();
    const auto json = description.instance(one);
    if (json) TRY_DO(add_row(telling, *json, *instances));
    if (!json) ++instances->unusable;
  }
  return instances;
}

Result<Instances> instances_of(const Telling& telling, const RemoteStudy& study,
                               const ToldStudies& ahead) {
  TRY(auto known, instances_ahead(telling, study, ahead));
  if (known) return std::move(*known);
  Instances instances;
  auto done = telling.remote.describe(
      study, [&](std::string_view json) { return add_row(telling, json, instances); });
  if (done && done->is_cut) {
    return problem(ProblemKind::too_large, "the archive shows only a part of its instances");
  }
  if (done) {
    instances.unusable = done->skipped;
    return instances;
  }
  // Then it is known, and no more.
  if (is_not_offered(done.error()) && instances.rows.empty()) return instances;
  return std::move(done).error();
}

}  // namespace

Result<ToldStudies> tell_window(const Telling& telling, const Window& window,
                                const std::vector<RemoteStudy>& studies) {
  auto& dicom = telling.archive.store().dicom();
  std::uint64_t instances = 0;
  for (const RemoteStudy& study : studies) {
    // Without a count nobody knows whether all were shown.
    instances += study.instances.value_or(window_instances_max + 1);
  }
  if (studies.size() < window_studies_min || instances > window_instances_max) return ToldStudies();
  std::size_t others = 0;
  for (const RemoteStudy& study : studies) {
    TRY(const auto before, dicom.source_study(telling.source, study.uid));
    if (before != row_of(telling, study)) ++others;
  }
  if (others < window_studies_min || instances > others * window_instances_of_study_max) {
    return ToldStudies();
  }
  // Some come meanwhile.
  TRY(auto told, telling.remote.describe_window(window, instances + window_instances_of_study_max));
  return std::move(told).value_or(ToldStudies());
}

Result<StudyOutcome> tell_study(const Telling& telling, const RemoteStudy& study,
                                const ToldStudies& ahead) {
  if (!is_plausible(study, telling.listener)) return StudyOutcome::differs;
  store::SourceStudy told = row_of(telling, study);
  auto& dicom = telling.archive.store().dicom();
  TRY(const auto before, dicom.source_study(telling.source, study.uid));
  if (before == told) return StudyOutcome::complete;
  TRY(auto described, instances_of(telling, study, ahead));
  const std::size_t shown = described.rows.size();
  const bool is_counted_otherwise = study.instances && shown > 0 && *study.instances != shown;
  if (shown == 0 && study.instances != 0 && before) {
    telling.listener.differs("not shown", study.uid,
                             "the archive shows none of its instances, as it did before");
    return StudyOutcome::differs;
  }
  // Looked at again the next time: what it told does not fit together.
  if (is_counted_otherwise) told.instances.reset();
  TRY(const auto put, telling.archive.put_source_study(told, std::move(described.rows)));
  std::string reason;
  if (is_counted_otherwise) {
    reason = fmt::format("the archive counts {} instances and shows {}", *study.instances, shown);
  } else if (described.unusable > 0) {
    reason = fmt::format("{} instances lack a UID that is one", described.unusable);
  } else if (put.conflicts > 0) {
    reason = fmt::format("{} instances are here already in another study or series", put.conflicts);
  }
  if (reason.empty()) return StudyOutcome::pulled;
  telling.listener.differs("not as it is told", study.uid, reason);
  return StudyOutcome::differs;
}

Result<void> tell_named(const Telling& telling, const StudyName& name) {
  if (!name.is_plausible()) return {};
  TRY(const auto found, telling.remote.studies_named(name, Wanted::attributes));
  for (const RemoteStudy& study : found.studies) TRY_DO(tell_study(telling, study, {}));
  if (!found.studies.empty() || name.study_uid.empty()) return {};
  // Removes nothing where the source did not have it.
  return telling.archive.remove_source_study(telling.source, name.study_uid);
}

}  // namespace lightbox::pacs
