#include "query/search.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "query/study_keys.h"
#include "query/study_source.h"

namespace lightbox::query {
namespace {

using store::InstanceAnswer;
using store::SeriesAnswer;
using store::StudyAnswer;
using store::StudyKeys;

// What is searched among all there is: besides the study's keys, the required ones of PS3.18 table
// 10.6.1-5.
constexpr std::array searchable_of_series = {
    tags::Modality, tags::SeriesInstanceUID, tags::SeriesNumber,
    tags::PerformedProcedureStepStartDate, tags::PerformedProcedureStepStartTime};
constexpr std::array searchable_of_request = {tags::ScheduledProcedureStepID,
                                              tags::RequestedProcedureID};
constexpr std::array searchable_of_instance = {tags::SOPClassUID, tags::SOPInstanceUID,
                                               tags::InstanceNumber};

bool is_in(const auto& all, auto one) { return std::ranges::find(all, one) != all.end(); }

bool is_searchable(const Criterion& criterion) {
  if (criterion.is_universal() || is_kept(criterion.tag)) return true;
  if (criterion.tag == tags::RequestAttributesSequence) {
    return std::ranges::all_of(criterion.items, [](const Criterion& item) {
      return item.is_universal() || is_in(searchable_of_request, item.tag);
    });
  }
  return is_in(searchable_of_series, criterion.tag) || is_in(searchable_of_instance, criterion.tag);
}

class Search {
 public:
  Search(store::DicomSnapshot& snapshot, const Query& query,
         const std::function<bool(const Match&)>& each)
      : snapshot_(snapshot), query_(query), each_(each) {
    const auto settled = settled_by_source(query);
    for (const Criterion& criterion : query.criteria) {
      if (criterion.is_universal() || is_in(settled, &criterion)) continue;
      switch (level_of(criterion.tag)) {
        case Level::patient:
        case Level::study:
          (is_kept(criterion.tag) ? of_keys_ : of_study_).push_back(&criterion);
          break;
        case Level::series:
          of_series_.push_back(&criterion);
          break;
        case Level::instance:
          of_instance_.push_back(&criterion);
          break;
      }
    }
  }

  Result<Found> run() {
    const auto needs = of_keys_.empty() ? store::Needs::study : store::Needs::keys;
    TRY_DO(give_studies(snapshot_, query_, needs, [&](const StudyKeys& study) -> Result<bool> {
      const bool matches = std::ranges::all_of(of_keys_, [&](const Criterion* criterion) {
        return matches_keys(*criterion, study.keys);
      });
      if (!matches) return true;
      return take_study(study.slot);
    }));
    return found_;
  }

 private:
  using Criteria = std::vector<const Criterion*>;

  static bool match(const Criteria& criteria, std::string_view json) {
    return std::ranges::all_of(
        criteria, [&](const Criterion* criterion) { return matches_data_set(*criterion, json); });
  }

  Result<bool> take_study(std::int64_t slot) {
    // Those before the offset and behind the limit need not be read.
    const bool is_match = query_.level == Level::study && of_study_.empty();
    if (is_match && (skipped_ < query_.offset || is_full())) return give();
    Result<bool> goes_on = true;
    TRY_DO(snapshot_.answer(slot, [&](const StudyAnswer& answer) {
      if (!match(of_study_, answer.content)) return;
      match_.study = &answer;
      goes_on = query_.level == Level::study ? Result<bool>(give()) : take_series(answer.study);
    }));
    return goes_on;
  }

  Result<bool> take_series(std::int64_t study) {
    bool goes_on = true;
    TRY_DO(snapshot_.series(study, [&](const SeriesAnswer& series) -> Result<bool> {
      if (!query_.series_uid.empty() && series.uid != query_.series_uid) return true;
      if (!match(of_series_, series.content)) return true;
      match_.series = &series;
      TRY(match_.series_instances, snapshot_.instances_of_series(series.series));
      if (query_.level == Level::series) {
        goes_on = give();
      } else {
        TRY(goes_on, take_instances(series.series));
      }
      return goes_on;
    }));
    return goes_on;
  }

  Result<bool> take_instances(std::int64_t series) {
    if (of_instance_.empty() && skipped_ + match_.series_instances <= query_.offset) {
      skipped_ += match_.series_instances;
      return true;
    }
    bool goes_on = true;
    TRY_DO(snapshot_.instances(series, [&](const InstanceAnswer& instance) -> Result<bool> {
      TRY(goes_on, take_instance(instance));
      return goes_on;
    }));
    return goes_on;
  }

  Result<bool> take_instance(const InstanceAnswer& instance) {
    const bool needs_metadata = std::ranges::any_of(of_instance_, [](const Criterion* criterion) {
      return criterion->tag != tags::SOPInstanceUID && criterion->tag != tags::SOPClassUID;
    });
    for (const Criterion* criterion : of_instance_) {
      if (criterion->tag == tags::SOPInstanceUID && !matches(*criterion, instance.uid)) return true;
      if (criterion->tag == tags::SOPClassUID && !matches(*criterion, instance.sop_class)) {
        return true;
      }
    }
    std::string metadata;
    if (needs_metadata) {
      TRY(metadata, snapshot_.metadata(instance.instance));
      if (!match(of_instance_, metadata)) return true;
    }
    if (skipped_ < query_.offset || is_full()) return give();
    if (!needs_metadata && query_.metadata == Query::Metadata::given) {
      TRY(metadata, snapshot_.metadata(instance.instance));
    }
    match_.instance = &instance;
    match_.metadata = metadata;
    return give();
  }

  [[nodiscard]] bool is_full() const { return found_.matches == query_.limit; }

  // One behind the limit.
  bool pass() {
    ++found_.rest;
    return query_.rest == Query::Rest::counted;
  }

  bool give() {
    if (skipped_ < query_.offset) {
      ++skipped_;
      return true;
    }
    if (is_full()) return pass();
    ++found_.matches;
    return each_(match_);
  }

  store::DicomSnapshot& snapshot_;
  const Query& query_;
  const std::function<bool(const Match&)>& each_;
  Criteria of_keys_;
  Criteria of_study_;
  Criteria of_series_;
  Criteria of_instance_;
  Match match_;
  Found found_;
  std::uint64_t skipped_ = 0;
};

}  // namespace

Result<void> check_bounds(const Query& query) {
  if (is_bounded(query)) return {};
  for (const Criterion& criterion : query.criteria) {
    if (is_searchable(criterion)) continue;
    return problem(
        ProblemKind::invalid, "not-supported",
        fmt::format("{} is not kept for searching: it can be asked for together with a "
                    "StudyInstanceUID, SeriesInstanceUID, SOPInstanceUID, AccessionNumber or "
                    "PatientID, each without wildcards. Searched by themselves are StudyDate, "
                    "StudyTime, AccessionNumber, ModalitiesInStudy, SOPClassesInStudy, "
                    "PatientName, PatientID, IssuerOfPatientID, PatientBirthDate, PatientSex, "
                    "ReferringPhysicianName, StudyInstanceUID, StudyID, StudyDescription; of "
                    "series Modality, SeriesInstanceUID, SeriesNumber, "
                    "PerformedProcedureStepStartDate and Time, and RequestedProcedureID and "
                    "ScheduledProcedureStepID of RequestAttributesSequence; of instances "
                    "SOPClassUID, SOPInstanceUID, InstanceNumber",
                    text_of(AttributePath{.tags = {criterion.tag}})));
  }
  return {};
}

bool drop_unsearchable(Query& query) {
  if (is_bounded(query)) return false;
  return std::erase_if(query.criteria,
                       [](const Criterion& criterion) { return !is_searchable(criterion); }) > 0;
}

Result<Found> search(store::DicomSnapshot& snapshot, const Query& query,
                     const std::function<bool(const Match&)>& each) {
  TRY_DO(check_bounds(query));
  return Search(snapshot, query, each).run();
}

}  // namespace lightbox::query
