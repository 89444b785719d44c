// An application entity: C-FIND, C-GET and C-MOVE of the Study Root (PS3.4 annex C), each request
// on an association of its own, so that none is held while nothing is asked.

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <set>

#include "dicom/dictionary.h"
#include "dimse/service_user.h"
#include "pacs/description.h"
#include "pacs/modality.h"
#include "pacs/remote_archive.h"

namespace lightbox::pacs {
namespace {

constexpr dicom::Tag study_time = 0x00080030;
constexpr dicom::Tag query_retrieve_level = 0x00080052;
constexpr dicom::Tag timezone_offset_from_utc = 0x00080201;
constexpr dicom::Tag number_of_study_related_instances = 0x00201208;

dimse::ProposedContext context_of(std::uint8_t id, const char* sop_class) {
  return {.id = id,
          .abstract_syntax = sop_class,
          .transfer_syntaxes = {dimse::uid::explicit_little_endian,
                                dimse::uid::implicit_little_endian}};
}

// What is wanted of a level, as keys that match everything (PS3.4 C.2.2.2.3 and C.2.2.2.6: a
// sequence without an item is answered whole). Not the time zone: as a key it says which one the
// other keys are in (C.4.1.1.3.1).
void add_keys(query::Level level, std::vector<dimse::IdentifierKey>& keys) {
  for (const dicom::Tag tag : asked_tags(level)) {
    const auto known = dicom::find_tag(tag);
    if (!known || tag == timezone_offset_from_utc) continue;
    if (std::ranges::find(keys, tag, &dimse::IdentifierKey::tag) != keys.end()) continue;
    keys.push_back({tag, dicom::name_of(known->vr)});
  }
}

// How far a description has come, which an attempt that fails does not undo.
struct Describing {
  const RemoteStudy& study;
  const EachInstance& each;
  Described described = {};
  std::set<std::string> series_done = {};
  std::optional<Problem> refusal = {};  // of `each`
};

class DimseArchive : public RemoteArchive {
 public:
  explicit DimseArchive(const DimseConnecting& connecting)
      : connecting_(connecting.connecting),
        calling_ae_title_(connecting.calling_ae_title),
        outgoing_(connecting.outgoing),
        limits_(connecting.connecting.limits) {
    const SourceOptions& source = connecting_.source;
    limits_.dimse_artim_timeout_ms = source.connect_timeout_ms;
    limits_.dimse_idle_timeout_ms = source.timeout_ms;
    limits_.dimse_pdu_timeout_ms = source.timeout_ms;
  }

  Result<void> check() override {
    return with_association({context_of(1, dimse::uid::verification)},
                            [](dimse::ServiceUser& user) { return user.echo(); });
  }

  Result<RemoteStudies> studies(const Window& window, const std::string& modality,
                                Wanted wanted) override {
    return with_association({context_of(1, classes().find)}, [&](dimse::ServiceUser& user) {
      return find_studies(user,
                          {{dicom::tags::StudyDate, "DA", window.dates()},
                           {study_time, "TM", window.times()},
                           {modalities_in_study, "CS", modality},
                           {dicom::tags::StudyInstanceUID, "UI"}},
                          wanted, [&](const dicom::DataSet& match) {
                            return !match.first(dicom::tags::StudyInstanceUID).empty() &&
                                   may_have(match, modality);
                          });
    });
  }

  Result<RemoteStudies> studies_named(const StudyName& name, Wanted wanted) override {
    std::vector<dimse::IdentifierKey> keys = {
        {dicom::tags::StudyInstanceUID, "UI", name.study_uid}};
    if (name.study_uid.empty()) {
      keys.push_back({query::tags::AccessionNumber, "SH", name.accession_number});
    }
    return with_association({context_of(1, classes().find)}, [&](dimse::ServiceUser& user) {
      return find_studies(user, keys, wanted,
                          [&](const dicom::DataSet& match) { return has_name(match, name); });
    });
  }

  Result<std::vector<RemoteInstance>> instances(const std::string& study_uid) override {
    TRY_DO(know_patient_of(study_uid));
    return with_association({context_of(1, classes().find)}, [&](dimse::ServiceUser& user) {
      return find_instances(user, study_uid);
    });
  }

  // Relational queries would have to be negotiated (PS3.4 C.5.1.1), and few archives offer them.
  Result<std::optional<ToldStudies>> describe_window(const Window& /*window*/,
                                                     std::size_t /*shown_max*/) override {
    return std::optional<ToldStudies>();
  }

  Result<Described> describe(const RemoteStudy& study, const EachInstance& each) override {
    TRY_DO(know_patient_of(study.uid));
    Describing describing{.study = study, .each = each};
    TRY_DO(with_association({context_of(1, classes().find)}, [&](dimse::ServiceUser& user) {
      return describe_rest(user, describing);
    }));
    if (describing.refusal) return std::move(*describing.refusal);
    return describing.described;
  }

  Result<std::uint64_t> retrieve(const RemoteSelection& selection,
                                 ingest::ObjectReceiver& receiver) override {
    TRY_DO(know_patient_of(selection.study_uid));
    const bool is_image = !selection.sop_instance_uid.empty();
    const char* level = is_image ? "IMAGE" : (selection.series_uid.empty() ? "STUDY" : "SERIES");
    std::vector<dimse::IdentifierKey> keys =
        with_study(selection.study_uid, {{query_retrieve_level, "CS", level}});
    if (is_image) {
      keys.insert(keys.begin(), {dicom::tags::SOPInstanceUID, "UI", selection.sop_instance_uid});
    }
    if (!selection.series_uid.empty()) {
      keys.push_back({dicom::tags::SeriesInstanceUID, "UI", selection.series_uid});
    }
    return access().retrieve == DimseAccess::Retrieve::get ? get(selection, keys, receiver)
                                                           : move(keys);
  }

 private:
  [[nodiscard]] bool is_patient_root() const {
    return access().root == dimse::QueryModel::patient_root;
  }
  [[nodiscard]] dimse::RootClasses classes() const { return dimse::classes_of(access().root); }

  // Below a patient, a study is named with them (PS3.4 C.4.1.2.1): whose it is a query has told, or
  // is asked for now.
  Result<void> know_patient_of(const std::string& study_uid) {
    if (!is_patient_root() || patients_.contains(study_uid)) return {};
    TRY_DO(studies_named({.study_uid = study_uid}, Wanted::uids));
    return {};
  }
  void note_patient(const dicom::DataSet& match) {
    constexpr std::size_t patients_max = 10'000;
    if (!is_patient_root()) return;
    if (patients_.size() >= patients_max) patients_.clear();
    patients_[std::string(match.first(dicom::tags::StudyInstanceUID))] =
        match.bytes(query::tags::PatientID);
  }
  [[nodiscard]] std::vector<dimse::IdentifierKey> with_study(
      const std::string& study_uid, std::vector<dimse::IdentifierKey> keys) const {
    keys.push_back({dicom::tags::StudyInstanceUID, "UI", study_uid});
    if (const auto patient = patients_.find(study_uid); patient != patients_.end()) {
      keys.push_back({query::tags::PatientID, "LO", patient->second});
    }
    return keys;
  }

  [[nodiscard]] const DimseAccess& access() const {
    return std::get<DimseAccess>(connecting_.source.access);
  }

  Result<std::uint64_t> get(const RemoteSelection& selection,
                            const std::vector<dimse::IdentifierKey>& keys,
                            ingest::ObjectReceiver& receiver) {
    auto contexts =
        dimse::storage_contexts(selection.sop_class_uids.empty() ? dimse::usual_storage_classes()
                                                                 : selection.sop_class_uids,
                                3);
    contexts.insert(contexts.begin(), context_of(1, classes().get));
    return with_association(contexts, [&](dimse::ServiceUser& user) -> Result<std::uint64_t> {
      TRY_DO(user.get(keys, receiver));
      return 0;
    });
  }

  Result<std::uint64_t> move(const std::vector<dimse::IdentifierKey>& keys) {
    return with_association({context_of(1, classes().move)},
                            [&](dimse::ServiceUser& user) -> Result<std::uint64_t> {
                              TRY(const auto moved, user.move(keys, calling_ae_title_));
                              return moved.received;
                            });
  }

  template <typename Use>
  auto with_association(const std::vector<dimse::ProposedContext>& contexts, Use&& use)
      -> std::invoke_result_t<Use, dimse::ServiceUser&> {
    using Answer = std::invoke_result_t<Use, dimse::ServiceUser&>;
    return at_pace(connecting_.pace, connecting_.source.retries_max, [&]() -> Answer {
      TRY(const auto association,
          dimse::Association::request({.peer = access().peer,
                                       .calling_ae_title = calling_ae_title_,
                                       .contexts = contexts,
                                       .limits = limits_},
                                      outgoing_));
      dimse::ServiceUser user(*association, limits_, access().root);
      auto answer = use(user);
      if (answer) {
        association->request_release();
      } else {
        association->abort(dimse::AbortReason::not_specified);
      }
      return answer;
    });
  }

  // Archives may show what was not asked for.
  template <typename IsWanted>
  Result<RemoteStudies> find_studies(dimse::ServiceUser& user,
                                     std::vector<dimse::IdentifierKey> keys, Wanted wanted,
                                     const IsWanted& is_wanted) {
    RemoteStudies found;
    const std::size_t results_max = connecting_.source.results_max;
    std::size_t results = 0;
    const auto take = [&](const dicom::DataSet& match) {
      if (is_wanted(match)) {
        note_patient(match);
        found.studies.push_back(study_of(match, wanted));
      }
      return ++results < results_max;
    };
    keys.push_back({query_retrieve_level, "CS", "STUDY"});
    keys.push_back({number_of_study_related_instances, "IS"});
    if (is_patient_root()) keys.push_back({query::tags::PatientID, "LO"});
    if (wanted == Wanted::attributes) add_keys(query::Level::study, keys);
    TRY(const auto outcome, user.find(std::move(keys), take));
    found.is_cut = outcome == dimse::ServiceUser::Found::cut || is_suspiciously_round(results);
    return found;
  }

  Result<std::vector<RemoteInstance>> find_instances(dimse::ServiceUser& user,
                                                     const std::string& study_uid) const {
    std::set<std::string, std::less<>> series;
    TRY_DO(user.find(with_study(study_uid, {{query_retrieve_level, "CS", "SERIES"},
                                            {dicom::tags::SeriesInstanceUID, "UI"}}),
                     [&](const dicom::DataSet& match) {
                       series.emplace(match.first(dicom::tags::SeriesInstanceUID));
                       return true;
                     }));
    std::vector<RemoteInstance> found;
    for (const std::string& uid : series) {
      TRY_DO(user.find(
          with_study(study_uid, {{dicom::tags::SOPClassUID, "UI"},
                                 {dicom::tags::SOPInstanceUID, "UI"},
                                 {query_retrieve_level, "CS", "IMAGE"},
                                 {dicom::tags::SeriesInstanceUID, "UI", uid}}),
          [&](const dicom::DataSet& match) {
            found.push_back(
                {.series_uid = uid,
                 .sop_instance_uid = std::string(match.first(dicom::tags::SOPInstanceUID)),
                 .sop_class_uid = std::string(match.first(dicom::tags::SOPClassUID))});
            return true;
          }));
    }
    return found;
  }

  // The series that are not done, each handed on when all of it is here. What `each` fails with
  // does not fail the request.
  Result<void> describe_rest(dimse::ServiceUser& user, Describing& describing) const {
    StudyDescription description(describing.study);
    TRY(const auto series, find_series(user, describing));
    for (const auto& [uid, told] : series) description.add_series(told);
    for (const auto& [uid, told] : series) {
      if (describing.series_done.contains(uid)) continue;
      TRY(const auto instances, find_told(user, uid, describing));
      for (const auto& [sop_instance_uid, told_of_it] : instances) {
        const auto instance = description.instance(told_of_it, uid);
        if (!instance) {
          ++describing.described.skipped;
        } else if (auto taken = describing.each(*instance); !taken) {
          describing.refusal = std::move(taken).error();
          return {};
        }
      }
      describing.series_done.insert(uid);
    }
    return {};
  }

  // What is told, by UID.
  using Told = std::map<std::string, std::string, std::less<>>;
  Result<Told> find_series(dimse::ServiceUser& user, Describing& describing) const {
    std::vector<dimse::IdentifierKey> keys = with_study(
        describing.study.uid,
        {{query_retrieve_level, "CS", "SERIES"}, {dicom::tags::SeriesInstanceUID, "UI"}});
    add_keys(query::Level::series, keys);
    Told series;
    TRY(const auto found, user.find(std::move(keys), [&](const dicom::DataSet& match) {
      const std::string_view uid = match.first(dicom::tags::SeriesInstanceUID);
      // Anything else would be another question as a key.
      if (dicom::is_uid(uid, dicom::UidRule::lenient)) series.emplace(uid, told_by(match));
      return true;
    }));
    if (found == dimse::ServiceUser::Found::cut) describing.described.is_cut = true;
    return series;
  }
  Result<Told> find_told(dimse::ServiceUser& user, const std::string& series_uid,
                         Describing& describing) const {
    Told instances;
    TRY(const auto found,
        user.find(
            with_study(describing.study.uid, {{dicom::tags::SOPClassUID, "UI"},
                                              {dicom::tags::SOPInstanceUID, "UI"},
                                              {query_retrieve_level, "CS", "IMAGE"},
                                              {dicom::tags::SeriesInstanceUID, "UI", series_uid},
                                              {dicom::tags::InstanceNumber, "IS"}}),
            [&](const dicom::DataSet& match) {
              // An archive that does not compare the series shows those of others, too.
              const std::string_view series = match.first(dicom::tags::SeriesInstanceUID);
              if (series.empty() || series == series_uid) {
                instances.emplace(match.first(dicom::tags::SOPInstanceUID), told_by(match));
              }
              return true;
            }));
    if (found == dimse::ServiceUser::Found::cut) describing.described.is_cut = true;
    return instances;
  }

  Connecting connecting_;
  std::string calling_ae_title_;
  dimse::Outgoing& outgoing_;
  Limits limits_;
  std::map<std::string, std::string> patients_;  // of studies, in the Patient Root
};

}  // namespace

std::unique_ptr<RemoteArchive> connect_dimse(const DimseConnecting& connecting) {
  return std::make_unique<DimseArchive>(connecting);
}

}  // namespace lightbox::pacs
