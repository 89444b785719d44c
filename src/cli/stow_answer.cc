#include "cli/stow_answer.h"

#include <fmt/format.h>

#include "base/limits.h"
#include "dicom/json.h"
#include "dicomweb/store_response.h"

namespace lightbox::cli {
namespace {

namespace tags = dicom::tags;
using Outcome = ingest::Admitted::Outcome;

constexpr std::size_t text_shown_max = 300;

// PS3.18 table I.2-2 names the statuses of PS3.4 B.2.3 and PS3.7 C.
std::string_view reason_text(std::int64_t reason) {
  const auto status = static_cast<unsigned>(reason);
  if ((status & 0xFF00U) == 0xA700) return "the server is out of resources";
  if ((status & 0xFF00U) == 0xA900) return "the data set does not match its SOP class";
  if ((status & 0xF000U) == 0xC000) return "the server cannot understand it";
  if (status == 0x0110) return "the server failed to process it";
  if (status == 0x0111) return "another instance with its UID is there";
  if (status == 0x0122) return "the server does not take its SOP class";
  if (status == 0x0124) return "it is not authorized";
  if (status == 0x0131) return "its SOP class cannot be stored in this way";
  return "refused";
}

// ".../studies/1.2.3/series/…": the study.
std::string study_of(std::string_view url) {
  constexpr std::string_view studies = "/studies/";
  const std::size_t at = url.rfind(studies);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = url.substr(at + studies.size());
  return std::string(rest.substr(0, rest.find('/')));
}

void read_refusal(const dicom::DataSet& item, StowAnswer& answer) {
  if (answer.refused++ > 0) return;
  const std::int64_t reason = item.integer(tags::FailureReason).value_or(0);
  if (reason == 0x0111) answer.outcome = Outcome::conflict;
  const std::string comment = item.text(tags::ErrorComment);
  // Without room for this one there is none for the next.
  const bool is_full = (static_cast<unsigned>(reason) & 0xFF00U) == 0xA700;
  answer.problem = problem(
      is_full ? ProblemKind::insufficient_storage : ProblemKind::invalid,
      comment.empty() ? fmt::format("{} (failure reason {:04X}H)", reason_text(reason), reason)
                      : comment);
}

}  // namespace

StowAnswer read_stow_answer(long status, std::string_view text) {
  StowAnswer answer;
  answer.problem = problem(ProblemKind::invalid, fmt::format("the server answered {}: {}", status,
                                                             text.substr(0, text_shown_max)));
  const auto parsed = dicom::ParsedJson::parse(text, Limits());
  const bool is_stow = status == 200 || status == 202 || status == 409;
  if (!is_stow || !parsed) {
    // 400, 413 and 415 are of the objects that were sent.
    answer.is_for_all = status != 400 && status != 413 && status != 415;
    if (answer.is_for_all) answer.problem.kind = ProblemKind::unavailable;
    answer.refused = 1;
    return answer;
  }
  const dicom::DataSet& root = parsed->data_set();
  const std::string study = study_of(root.text(tags::RetrieveURL));
  for (const auto& item : root.items(tags::ReferencedSOPSequence)) {
    ingest::Admitted admitted;
    const bool is_known = item.text(tags::ErrorComment) == dicomweb::known_comment;
    admitted.outcome = is_known ? Outcome::known : Outcome::stored;
    admitted.sop_class_uid = item.text(tags::ReferencedSOPClassUID);
    admitted.sop_instance_uid = item.text(tags::ReferencedSOPInstanceUID);
    admitted.study_uid = study_of(item.text(tags::RetrieveURL));
    if (admitted.study_uid.empty()) admitted.study_uid = study;
    answer.stored.push_back(std::move(admitted));
  }
  for (const auto& item : root.items(tags::FailedSOPSequence)) read_refusal(item, answer);
  for (const auto& item : root.items(tags::OtherFailuresSequence)) read_refusal(item, answer);
  return answer;
}

}  // namespace lightbox::cli
