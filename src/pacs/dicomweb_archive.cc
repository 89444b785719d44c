// A DICOMweb server: QIDO-RS (PS3.18 10.6) and WADO-RS (10.4).

#include <algorithm>
#include <fmt/format.h>

#include "http/media_type.h"
#include "http/message.h"
#include "http/multipart.h"
#include "pacs/description.h"
#include "pacs/http_client.h"
#include "pacs/modality.h"
#include "pacs/qido_answer.h"
#include "pacs/remote_archive.h"
#include "pacs/text_body.h"

namespace lightbox::pacs {
namespace {

constexpr dicom::Tag number_of_study_related_instances = 0x00201208;
constexpr std::size_t page_size_max = 500;
constexpr std::size_t series_max = 100'000;  // of one study
constexpr std::size_t instances_max = 1'000'000;

// Failures that the next object would meet as well.
bool is_of_all(const Problem& problem) {
  return problem.kind == ProblemKind::insufficient_storage ||
         problem.kind == ProblemKind::unavailable || problem.kind == ProblemKind::internal;
}

// multipart/related of application/dicom; or one object by itself.
class ObjectsBody : public HttpBody {
 public:
  ObjectsBody(ingest::ObjectReceiver& receiver, const Limits& limits)
      : receiver_(receiver), limits_(limits) {}

  Result<void> begin(const HttpHead& head) override {
    if (head.status == 204) return {};
    TRY(const auto type, http::parse_media_type(head.content_type));
    if (type.name == "application/dicom") {
      object_ = receiver_.begin();
      return {};
    }
    if (type.name != "multipart/related") {
      return problem(ProblemKind::invalid,
                     fmt::format("The answer to a retrieval is '{}', not multipart/related",
                                 head.content_type.substr(0, 100)));
    }
    TRY(const auto boundary, http::boundary_of(type.parameter("boundary")));
    parts_.emplace(boundary, limits_.header_bytes_max);
    return {};
  }

  Result<void> take(std::string_view bytes) override {
    if (!parts_) return append(bytes);
    while (true) {
      TRY(const auto event, parts_->next(bytes));
      switch (event) {
        case http::MultipartReader::Event::need_more:
          return {};
        case http::MultipartReader::Event::part_begin:
          object_ = receiver_.begin();
          break;
        case http::MultipartReader::Event::content:
          TRY_DO(append(parts_->content()));
          break;
        case http::MultipartReader::Event::part_end:
          TRY_DO(end());
          break;
        case http::MultipartReader::Event::end:
          break;
      }
    }
  }

  // A server that breaks off may leave a body that is whole for HTTP.
  Result<void> finish() {
    if (!parts_) return end();
    if (auto finished = parts_->finish(); !finished) {
      return problem(ProblemKind::unavailable, "The answer to a retrieval is cut off");
    }
    return {};
  }

 private:
  Result<void> append(std::string_view bytes) {
    if (!object_) return {};  // refused already: its other bytes are passed over
    auto appended = object_->append(bytes);
    if (appended) return {};
    object_.reset();
    return check(receiver_.refuse(std::move(appended).error()));
  }
  Result<void> end() {
    if (!object_) return {};
    auto admitted = receiver_.end(std::move(*object_));
    object_.reset();
    return check(admitted);
  }
  static Result<void> check(const ingest::Admitted& admitted) {
    if (admitted.outcome != ingest::Admitted::Outcome::failed || !is_of_all(admitted.problem)) {
      return {};
    }
    // It is this archive that fails, and asking the other one again does not help.
    Problem failure = admitted.problem;
    if (failure.kind == ProblemKind::unavailable) failure.kind = ProblemKind::internal;
    return failure;
  }

  ingest::ObjectReceiver& receiver_;
  const Limits& limits_;
  std::optional<http::MultipartReader> parts_;
  std::optional<ingest::Incoming> object_;
};

class DicomwebArchive : public RemoteArchive {
 public:
  explicit DicomwebArchive(const Connecting& connecting)
      : connecting_(connecting),
        access_(std::get<DicomwebAccess>(connecting.source.access)),
        client_(connecting.source, connecting.is_stopped) {}

  Result<void> check() override {
    TRY_DO(get_text(access_.qido_url + "/studies?limit=1"));
    return {};
  }

  Result<RemoteStudies> studies(const Window& window, const std::string& modality,
                                Wanted wanted) override {
    std::string query = "/studies?" + matching(window);
    if (!modality.empty()) {
      query += "&ModalitiesInStudy=";
      http::append_encoded(modality, query);
    }
    return find_studies(query, wanted,
                        [&](const dicom::DataSet& found) { return may_have(found, modality); });
  }

  Result<RemoteStudies> studies_named(const StudyName& name, Wanted wanted) override {
    std::string query = "/studies?StudyInstanceUID=" + name.study_uid;
    if (name.study_uid.empty()) {
      query = "/studies?AccessionNumber=";
      http::append_encoded(name.accession_number, query);
    }
    return find_studies(query, wanted,
                        [&](const dicom::DataSet& found) { return has_name(found, name); });
  }

  Result<std::vector<RemoteInstance>> instances(const std::string& study_uid) override {
    TRY(const auto answer,
        search(instances_query(study_uid), dicom::tags::SOPInstanceUID, instances_max));
    std::vector<RemoteInstance> found;
    for (const auto& result : answer.results()) {
      const dicom::DataSet& data_set = result.data_set();
      found.push_back({.series_uid = std::string(data_set.first(dicom::tags::SeriesInstanceUID)),
                       .sop_instance_uid = std::string(data_set.first(dicom::tags::SOPInstanceUID)),
                       .sop_class_uid = std::string(data_set.first(dicom::tags::SOPClassUID))});
    }
    return found;
  }

  Result<Described> describe(const RemoteStudy& study, const EachInstance& each) override {
    StudyDescription description(study);
    TRY(const auto series, search(fmt::format("/studies/{}/series?includefield={}", study.uid,
                                              fields_of(query::Level::series)),
                                  dicom::tags::SeriesInstanceUID, series_max));
    for (const auto& result : series.results()) description.add_series(told_by(result.data_set()));
    Described described;
    QidoAnswer answer(dicom::tags::SOPInstanceUID, page_size_max, instances_max);
    while (!answer.is_ended()) {
      TRY_DO(add_page(instances_query(study.uid), answer));
      for (const auto& result : answer.take()) {
        const auto instance = description.instance(told_by(result.data_set()));
        if (instance) {
          TRY_DO(each(*instance));
        } else {
          ++described.skipped;
        }
      }
    }
    described.is_cut = series.is_cut() || answer.is_cut();
    return described;
  }

  Result<std::optional<ToldStudies>> describe_window(const Window& window,
                                                     std::size_t shown_max) override {
    TRY(const auto series, search(fmt::format("/series?{}&includefield={}", matching(window),
                                              fields_of(query::Level::series)),
                                  dicom::tags::SeriesInstanceUID, shown_max));
    TRY(const auto instances, search("/instances?" + matching(window) + sop_class_field(),
                                     dicom::tags::SOPInstanceUID, shown_max));
    if (series.is_cut() || instances.is_cut()) return std::optional<ToldStudies>();
    std::optional<ToldStudies> told(std::in_place);
    const auto add = [&](const QidoAnswer& answer, std::vector<std::string> ToldStudy::* member) {
      for (const auto& result : answer.results()) {
        const dicom::DataSet& data_set = result.data_set();
        ToldStudy& study = (*told)[std::string(data_set.first(dicom::tags::StudyInstanceUID))];
        (study.*member).push_back(told_by(data_set));
      }
    };
    add(series, &ToldStudy::series);
    add(instances, &ToldStudy::instances);
    return told;
  }

  Result<std::uint64_t> retrieve(const RemoteSelection& selection,
                                 ingest::ObjectReceiver& receiver) override {
    std::string url = fmt::format("{}/studies/{}", access_.wado_url, selection.study_uid);
    if (!selection.series_uid.empty()) url += "/series/" + selection.series_uid;
    if (!selection.sop_instance_uid.empty()) url += "/instances/" + selection.sop_instance_uid;
    TRY_DO(at_pace(
        connecting_.pace, connecting_.source.retries_max,
        [&] { return retrieve_once(url, receiver); }, retry_after()));
    return 0;
  }

 private:
  // Archives may show what was not asked for.
  template <typename IsWanted>
  Result<RemoteStudies> find_studies(const std::string& query, Wanted wanted,
                                     const IsWanted& is_wanted) {
    const std::string fields = wanted == Wanted::attributes
                                   ? fields_of(query::Level::study)
                                   : dicom::text_of(number_of_study_related_instances);
    TRY(const auto answer, search(fmt::format("{}&includefield={}", query, fields),
                                  dicom::tags::StudyInstanceUID, connecting_.source.results_max));
    RemoteStudies found{.studies = {}, .is_cut = answer.is_cut()};
    for (const auto& result : answer.results()) {
      const dicom::DataSet& data_set = result.data_set();
      if (is_wanted(data_set)) found.studies.push_back(study_of(data_set, wanted));
    }
    return found;
  }

  // As it is stored (PS3.18 8.7.3.5.2); where a server does not know that, as it likes to send it.
  Result<void> retrieve_once(const std::string& url, ingest::ObjectReceiver& receiver) {
    const std::string plain = R"(multipart/related; type="application/dicom")";
    auto done =
        retrieve_as(url, knows_any_syntax_ ? plain + "; transfer-syntax=*" : plain, receiver);
    if (done || !knows_any_syntax_) return done;
    const ProblemKind kind = done.error().kind;
    if (kind != ProblemKind::not_acceptable && kind != ProblemKind::invalid) return done;
    knows_any_syntax_ = false;
    return retrieve_as(url, plain, receiver);
  }

  Result<void> retrieve_as(const std::string& url, const std::string& accept,
                           ingest::ObjectReceiver& receiver) {
    ObjectsBody body(receiver, connecting_.limits);
    TRY_DO(client_.get(url, accept, body));
    return body.finish();
  }

  struct Text {
    std::string text;
    bool has_warning = false;
  };
  Result<Text> get_text(const std::string& url) {
    TextBody body(connecting_.limits.body_bytes_max);
    TRY(const auto head,
        at_pace(
            connecting_.pace, connecting_.source.retries_max,
            [&] { return client_.get(url, "application/dicom+json", body); }, retry_after()));
    return Text{.text = body.text(), .has_warning = head.has_warning};
  }

  static std::string matching(const Window& window) {
    std::string query = "StudyDate=" + window.dates();
    if (window.is_part_of_day()) query += "&StudyTime=" + window.times();
    return query;
  }

  // Nothing that a server would have to open files for.
  static std::string sop_class_field() {
    return "&includefield=" + dicom::text_of(dicom::tags::SOPClassUID);
  }
  static std::string instances_query(const std::string& study_uid) {
    return "/studies/" + study_uid + "/instances?" + sop_class_field().substr(1);
  }

  static std::string fields_of(query::Level level) {
    std::string fields;
    for (const dicom::Tag tag : asked_tags(level)) {
      if (!fields.empty()) fields += ',';
      fields += dicom::text_of(tag);
    }
    return fields;
  }

  // `query` has parameters already.
  Result<QidoAnswer> search(const std::string& query, dicom::Tag key, std::size_t results_max) {
    QidoAnswer answer(key, std::min(results_max, page_size_max), results_max);
    while (!answer.is_ended()) TRY_DO(add_page(query, answer));
    return answer;
  }
  Result<void> add_page(const std::string& query, QidoAnswer& answer) {
    auto page = get_page(knows_fields_ ? query : without_fields(query), answer);
    if (!page && page.error().kind == ProblemKind::invalid && knows_fields_) {
      // Some refuse all when one of the fields is none that they know: what they tell unasked is
      // better than nothing.
      const Problem refused = std::move(page).error();
      page = get_page(without_fields(query), answer);
      if (!page) return refused;
      knows_fields_ = false;
    }
    if (!page) return std::move(page).error();
    return answer.add(page->text, page->has_warning, connecting_.limits);
  }
  Result<Text> get_page(const std::string& query, const QidoAnswer& answer) {
    const bool has_separator = query.ends_with('?') || query.ends_with('&');
    return get_text(fmt::format("{}{}{}limit={}&offset={}", access_.qido_url, query,
                                has_separator ? "" : "&", answer.page_size(), answer.offset()));
  }
  static std::string without_fields(std::string query) {
    const auto begin = query.find("includefield=");
    if (begin == query.npos) return query;
    const auto end = std::min(query.find('&', begin), query.size());
    return query.erase(begin, end - begin);
  }

  std::function<std::int64_t()> retry_after() {
    return [this] { return client_.retry_after_ms(); };
  }

  Connecting connecting_;
  const DicomwebAccess& access_;
  HttpClient client_;
  bool knows_any_syntax_ = true;
  bool knows_fields_ = true;
};

}  // namespace

std::unique_ptr<RemoteArchive> connect_dicomweb(const Connecting& connecting) {
  return std::make_unique<DicomwebArchive>(connecting);
}

}  // namespace lightbox::pacs
