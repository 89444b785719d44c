#include "pacs/pull_study.h"

#include <array>
#include <fmt/format.h>
#include <map>
#include <set>

#include "dicom/part10.h"
#include "store/dicom_index.h"

namespace lightbox::pacs {
namespace {

// Of these; none when one is not known: then anything may come.
std::vector<std::string> classes_of(const std::vector<RemoteInstance>& instances) {
  std::set<std::string> classes;
  for (const RemoteInstance& instance : instances) {
    if (instance.sop_class_uid.empty()) return {};
    classes.insert(instance.sop_class_uid);
  }
  return {classes.begin(), classes.end()};
}

// Archives begin to send what they then cannot: the same again would be the same.
bool is_of_one_instance(const Problem& problem) {
  return problem.kind == ProblemKind::unprocessable;
}

}  // namespace

bool is_plausible(const RemoteStudy& study, PullListener& listener) {
  if (dicom::is_uid(study.uid, dicom::UidRule::lenient)) return true;
  listener.differs("not looked at", study.uid.substr(0, 100), "its Study Instance UID is no UID");
  return false;
}

Result<StudyOutcome> StudyPull::pull(const RemoteStudy& study) {
  if (!is_plausible(study, listener_)) return StudyOutcome::differs;
  auto& dicom = archive_.store().dicom();
  TRY(const auto count, dicom.instance_count(study.uid));
  // Copies that were fetched to be shown stay from now on.
  if (count.fetched > 0) TRY_DO(dicom.keep_fetched(study.uid));
  if (count.here > 0 && study.instances == count.here) return StudyOutcome::complete;
  TRY(const auto listed, list(study.uid));
  TRY(const auto lacking, missing(listed));
  if (!listed.empty() && lacking.empty()) return StudyOutcome::complete;
  auto retrieved = retrieve(study.uid, listed, lacking);
  if (!retrieved && is_of_one_instance(retrieved.error()) && !listed.empty()) {
    retrieved = retrieve_each(study.uid, listed);
  }
  if (!retrieved) return std::move(retrieved).error();
  archive_.settle(std::array{study.uid});
  return look(study, listed);
}

Result<std::vector<RemoteInstance>> StudyPull::list(const std::string& study_uid) {
  auto listed = remote_.instances(study_uid);
  if (listed) {
    std::erase_if(*listed, [](const RemoteInstance& instance) {
      return !dicom::is_uid(instance.series_uid, dicom::UidRule::lenient) ||
             !dicom::is_uid(instance.sop_instance_uid, dicom::UidRule::lenient);
    });
    return listed;
  }
  const ProblemKind kind = listed.error().kind;
  if (kind == ProblemKind::invalid || kind == ProblemKind::not_found ||
      kind == ProblemKind::not_supported) {
    return std::vector<RemoteInstance>();
  }
  return listed;
}

Result<std::vector<RemoteInstance>> StudyPull::missing(const std::vector<RemoteInstance>& listed) {
  std::vector<std::string> uids;
  for (const RemoteInstance& instance : listed) uids.push_back(instance.sop_instance_uid);
  TRY(const auto found, archive_.store().dicom().find(uids));
  std::vector<RemoteInstance> lacking;
  for (std::size_t i = 0; i < listed.size(); ++i) {
    if (!found[i] || found[i]->is_remote()) lacking.push_back(listed[i]);
  }
  return lacking;
}

// The study at once when all of it is missing; else the series that lack something.
Result<void> StudyPull::retrieve(const std::string& study_uid,
                                 const std::vector<RemoteInstance>& listed,
                                 const std::vector<RemoteInstance>& lacking) {
  const auto take = [&](const std::string& series_uid,
                        const std::vector<RemoteInstance>& instances) -> Result<void> {
    TRY(const auto sent, remote_.retrieve({.study_uid = study_uid,
                                           .series_uid = series_uid,
                                           .sop_class_uids = classes_of(instances)},
                                          receiver_));
    sent_ += sent;
    return {};
  };
  if (listed.size() == lacking.size()) return take("", listed);
  std::map<std::string, std::vector<RemoteInstance>> by_series;
  for (const RemoteInstance& instance : lacking) by_series[instance.series_uid];
  for (const RemoteInstance& instance : listed) {
    const auto series = by_series.find(instance.series_uid);
    if (series != by_series.end()) series->second.push_back(instance);
  }
  for (const auto& [series_uid, instances] : by_series) TRY_DO(take(series_uid, instances));
  return {};
}

// What is missing, so that an instance that cannot be sent does not keep others from coming.
Result<void> StudyPull::retrieve_each(const std::string& study_uid,
                                      const std::vector<RemoteInstance>& listed) {
  TRY(const auto lacking, missing(listed));
  for (const RemoteInstance& instance : lacking) {
    const auto sent = remote_.retrieve({.study_uid = study_uid,
                                        .series_uid = instance.series_uid,
                                        .sop_instance_uid = instance.sop_instance_uid,
                                        .sop_class_uids = classes_of({instance})},
                                       receiver_);
    if (!sent && !is_of_one_instance(sent.error())) return sent.error();
    if (sent) sent_ += *sent;
  }
  return {};
}

Result<StudyOutcome> StudyPull::look(const RemoteStudy& study,
                                     const std::vector<RemoteInstance>& listed) {
  if (!listed.empty()) {
    TRY(const auto lacking, missing(listed));
    if (lacking.empty()) return StudyOutcome::pulled;
    listener_.differs(
        "not delivered or refused", study.uid,
        fmt::format("{} of {} instances are not here", lacking.size(), listed.size()));
    return StudyOutcome::differs;
  }
  TRY(const auto count, archive_.store().dicom().instance_count(study.uid));
  const std::uint64_t here = count.here;
  if (here == 0 || (study.instances && here < *study.instances)) {
    listener_.differs("not delivered or refused", study.uid,
                      fmt::format("{} of {} instances are here", here,
                                  study.instances ? std::to_string(*study.instances) : "some"));
    return StudyOutcome::differs;
  }
  return StudyOutcome::pulled;
}

}  // namespace lightbox::pacs
