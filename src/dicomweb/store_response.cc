#include "dicomweb/store_response.h"

#include <algorithm>
#include <deque>
#include <fmt/format.h>

#include "dicom/data_set.h"
#include "dicom/json.h"
#include "dicomweb/failure_reason.h"
#include "dicomweb/native_model.h"
#include "http/status.h"

namespace lightbox::dicomweb {
namespace {

using dicom::DataSet;
using dicom::Tag;
using dicom::Vr;
using ingest::Admitted;
namespace tags = dicom::tags;

// The module as a data set, with the texts that it views.
class Module {
 public:
  explicit Module(std::string_view base) : base_(base) {}

  void add(const Admitted& admitted) {
    DataSet item{.elements = {}, .character_set = "ISO_IR 192"};
    const bool has_uids = !admitted.sop_class_uid.empty() && !admitted.sop_instance_uid.empty();
    if (!admitted.is_accepted()) add_comment(admitted.problem.issues.front().diagnostics, item);
    if (admitted.outcome == Admitted::Outcome::known) {
      add_comment(std::string(known_comment), item);
    }
    if (admitted.is_accepted() || has_uids) {
      add_text(tags::ReferencedSOPClassUID, Vr::UI, admitted.sop_class_uid, item);
      add_text(tags::ReferencedSOPInstanceUID, Vr::UI, admitted.sop_instance_uid, item);
    }
    if (admitted.is_accepted()) {
      add_text(tags::RetrieveURL, Vr::UR,
               fmt::format("{}/studies/{}/series/{}/instances/{}", base_, admitted.study_uid,
                           admitted.series_uid, admitted.sop_instance_uid),
               item);
      if (!admitted.remarks.empty()) add_number(tags::WarningReason, warning_reason, item);
      stored_.push_back(std::move(item));
      return;
    }
    add_number(tags::FailureReason, static_cast<std::uint16_t>(failure_reason_of(admitted)), item);
    (has_uids ? failed_ : others_).push_back(std::move(item));
  }

  // `study_uid`: of all that were stored; "" when there are several.
  DataSet finish(std::string_view study_uid) {
    DataSet module{.elements = {}, .character_set = "ISO_IR 192"};
    add_text(tags::RetrieveURL, Vr::UR,
             study_uid.empty() ? std::string() : fmt::format("{}/studies/{}", base_, study_uid),
             module);
    add_items(tags::FailedSOPSequence, std::move(failed_), module);
    add_items(tags::ReferencedSOPSequence, std::move(stored_), module);
    add_items(tags::OtherFailuresSequence, std::move(others_), module);
    return module;
  }

 private:
  std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }

  static void add(dicom::Element element, DataSet& data_set) {
    data_set.elements.push_back(std::move(element));
  }

  void add_text(Tag tag, Vr vr, std::string text, DataSet& data_set) {
    add({.tag = tag, .vr = vr, .value = keep(std::move(text)), .items = {}, .bulk = {}}, data_set);
  }

  void add_number(Tag tag, std::uint16_t number, DataSet& data_set) {
    std::string bytes{static_cast<char>(number & 0xFFU), static_cast<char>(number >> 8U)};
    add({.tag = tag, .vr = Vr::US, .value = keep(std::move(bytes)), .items = {}, .bulk = {}},
        data_set);
  }

  // As much as an LO holds. Not of the module, but of C-STORE's response (PS3.7 9.3.1.2), as other
  // servers give it.
  void add_comment(std::string text, DataSet& data_set) {
    constexpr std::size_t characters_max = 64;
    std::size_t end = std::min(text.size(), characters_max);
    while (end < text.size() && end > 0 &&
           (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80) {
      --end;
    }
    text.resize(end);
    std::ranges::replace(text, '\\', '/');
    add_text(tags::ErrorComment, Vr::LO, std::move(text), data_set);
  }

  static void add_items(Tag tag, std::vector<DataSet> items, DataSet& data_set) {
    if (items.empty()) return;
    add({.tag = tag, .vr = Vr::SQ, .value = {}, .items = std::move(items), .bulk = {}}, data_set);
  }

  std::string_view base_;
  std::deque<std::string> texts_;
  std::vector<DataSet> stored_;
  std::vector<DataSet> failed_;
  std::vector<DataSet> others_;
};

int status_of(std::span<const Admitted> results) {
  const bool has_stored = std::ranges::any_of(results, &Admitted::is_accepted);
  const bool is_clean = std::ranges::all_of(results, [](const Admitted& admitted) {
    return admitted.is_accepted() && admitted.remarks.empty();
  });
  if (has_stored) return is_clean ? 200 : 202;
  const auto is_each = [&](ProblemKind kind) {
    return std::ranges::all_of(results, [&](const Admitted& admitted) {
      return admitted.outcome == Admitted::Outcome::failed && admitted.problem.kind == kind;
    });
  };
  for (const ProblemKind kind :
       {ProblemKind::insufficient_storage, ProblemKind::unavailable, ProblemKind::too_large}) {
    if (is_each(kind)) return http::status_of(kind);
  }
  return http::status_of(ProblemKind::conflict);
}

}  // namespace

http::Response store_response(std::span<const Admitted> results, std::string_view base,
                              const ResponseForm& form) {
  Module module(base);
  std::string study_uid;
  bool has_several_studies = false;
  for (const Admitted& admitted : results) {
    module.add(admitted);
    if (!admitted.is_accepted()) continue;
    if (study_uid.empty()) study_uid = admitted.study_uid;
    if (study_uid != admitted.study_uid) has_several_studies = true;
  }
  const DataSet data_set = module.finish(has_several_studies ? "" : study_uid);
  http::Response response{.status = status_of(results), .fields = {}, .body = {}};
  if (form.format == ResponseFormat::xml) {
    response.body = write_native_model(data_set);
  } else {
    dicom::append_json(data_set, {}, response.body);
  }
  response.fields.emplace_back("Content-Type", form.content_type);
  response.fields.emplace_back("Vary", "Accept");
  if (response.status == http::status_of(ProblemKind::unavailable)) {
    response.fields.emplace_back("Retry-After", "1");
  }
  return response;
}

}  // namespace lightbox::dicomweb
