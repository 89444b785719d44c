// An application entity: C-FIND, C-GET and C-MOVE of the Study Root (PS3.4 annex C), each request
// on an association of its own, so that none is held while nothing is asked.

#include <fmt/format.h>
#include <set>

#include "dimse/service_user.h"
#include "pacs/modality.h"
#include "pacs/remote_archive.h"

namespace lightbox::pacs {
namespace {

constexpr dicom::Tag study_time = 0x00080030;
constexpr dicom::Tag query_retrieve_level = 0x00080052;
constexpr dicom::Tag number_of_study_related_instances = 0x00201208;

dimse::ProposedContext context_of(std::uint8_t id, const char* sop_class) {
  return {.id = id,
          .abstract_syntax = sop_class,
          .transfer_syntaxes = {dimse::uid::explicit_little_endian,
                                dimse::uid::implicit_little_endian}};
}

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

  Result<RemoteStudies> studies(const Window& window, const std::string& modality) override {
    return with_association(
        {context_of(1, dimse::uid::study_root_find)},
        [&](dimse::ServiceUser& user) { return find_studies(user, window, modality); });
  }

  Result<std::vector<RemoteInstance>> instances(const std::string& study_uid) override {
    return with_association(
        {context_of(1, dimse::uid::study_root_find)},
        [&](dimse::ServiceUser& user) { return find_instances(user, study_uid); });
  }

  Result<std::uint64_t> retrieve(const RemoteSelection& selection,
                                 ingest::ObjectReceiver& receiver) override {
    std::vector<dimse::IdentifierKey> keys = {
        {query_retrieve_level, "CS", selection.series_uid.empty() ? "STUDY" : "SERIES"},
        {dicom::tags::StudyInstanceUID, "UI", selection.study_uid}};
    if (!selection.series_uid.empty()) {
      keys.push_back({dicom::tags::SeriesInstanceUID, "UI", selection.series_uid});
    }
    return access().retrieve == DimseAccess::Retrieve::get ? get(selection, keys, receiver)
                                                           : move(keys);
  }

 private:
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
    contexts.insert(contexts.begin(), context_of(1, dimse::uid::study_root_get));
    return with_association(contexts, [&](dimse::ServiceUser& user) -> Result<std::uint64_t> {
      TRY_DO(user.get(keys, receiver));
      return 0;
    });
  }

  Result<std::uint64_t> move(const std::vector<dimse::IdentifierKey>& keys) {
    return with_association({context_of(1, dimse::uid::study_root_move)},
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
      dimse::ServiceUser user(*association, limits_);
      auto answer = use(user);
      if (answer) {
        association->request_release();
      } else {
        association->abort(dimse::AbortReason::not_specified);
      }
      return answer;
    });
  }

  Result<RemoteStudies> find_studies(dimse::ServiceUser& user, const Window& window,
                                     const std::string& modality) const {
    RemoteStudies found;
    const std::size_t results_max = connecting_.source.results_max;
    std::size_t results = 0;
    const auto take = [&](const dicom::DataSet& match) {
      const auto instances = match.integer(number_of_study_related_instances);
      const std::string_view uid = match.first(dicom::tags::StudyInstanceUID);
      if (!uid.empty() && may_have(match, modality)) {
        found.studies.push_back(
            {.uid = std::string(uid),
             .instances = instances && *instances >= 0
                              ? std::optional(static_cast<std::uint64_t>(*instances))
                              : std::nullopt});
      }
      return ++results < results_max;
    };
    TRY(const auto outcome, user.find({{dicom::tags::StudyDate, "DA", window.dates()},
                                       {study_time, "TM", window.times()},
                                       {query_retrieve_level, "CS", "STUDY"},
                                       {modalities_in_study, "CS", modality},
                                       {dicom::tags::StudyInstanceUID, "UI"},
                                       {number_of_study_related_instances, "IS"}},
                                      take));
    found.is_cut = outcome == dimse::ServiceUser::Found::cut || is_suspiciously_round(results);
    return found;
  }

  static Result<std::vector<RemoteInstance>> find_instances(dimse::ServiceUser& user,
                                                            const std::string& study_uid) {
    std::set<std::string, std::less<>> series;
    TRY_DO(user.find({{query_retrieve_level, "CS", "SERIES"},
                      {dicom::tags::StudyInstanceUID, "UI", study_uid},
                      {dicom::tags::SeriesInstanceUID, "UI"}},
                     [&](const dicom::DataSet& match) {
                       series.emplace(match.first(dicom::tags::SeriesInstanceUID));
                       return true;
                     }));
    std::vector<RemoteInstance> found;
    for (const std::string& uid : series) {
      TRY_DO(user.find(
          {{dicom::tags::SOPClassUID, "UI"},
           {dicom::tags::SOPInstanceUID, "UI"},
           {query_retrieve_level, "CS", "IMAGE"},
           {dicom::tags::StudyInstanceUID, "UI", study_uid},
           {dicom::tags::SeriesInstanceUID, "UI", uid}},
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

  Connecting connecting_;
  std::string calling_ae_title_;
  dimse::Outgoing& outgoing_;
  Limits limits_;
};

}  // namespace

std::unique_ptr<RemoteArchive> connect_dimse(const DimseConnecting& connecting) {
  return std::make_unique<DimseArchive>(connecting);
}

}  // namespace lightbox::pacs
