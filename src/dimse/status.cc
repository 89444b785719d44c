#include "dimse/status.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace lightbox::dimse {
namespace {

struct KindStatus {
  ProblemKind kind;
  std::uint16_t code;
};
// Whatever is not here is a processing failure. Out of resources says "try again later": senders
// do.
constexpr std::array kind_statuses = {
    KindStatus{ProblemKind::invalid, status_code::cannot_understand},
    KindStatus{ProblemKind::unprocessable, status_code::cannot_understand},
    KindStatus{ProblemKind::unsupported_media_type, status_code::cannot_understand},
    KindStatus{ProblemKind::forbidden, status_code::not_authorized},
    KindStatus{ProblemKind::conflict, status_code::duplicate_sop_instance},
    KindStatus{ProblemKind::too_large, status_code::out_of_resources},
    KindStatus{ProblemKind::insufficient_storage, status_code::out_of_resources},
    KindStatus{ProblemKind::unavailable, status_code::out_of_resources},
    KindStatus{ProblemKind::throttled, status_code::out_of_resources},
    KindStatus{ProblemKind::not_found, status_code::no_such_object_instance},
    KindStatus{ProblemKind::not_supported, status_code::sop_class_not_supported},
};

// The first "(0020,000D)" of a text.
std::optional<dicom::Tag> tag_in(std::string_view text) {
  constexpr std::size_t tag_letters = 11;
  for (auto at = text.find('('); at != text.npos; at = text.find('(', at + 1)) {
    const std::string_view found = text.substr(at, tag_letters);
    if (found.size() < tag_letters || found[5] != ',' || found[10] != ')') continue;
    std::uint16_t group = 0;
    std::uint16_t element = 0;
    const char* begin = found.data();
    const auto first = std::from_chars(begin + 1, begin + 5, group, 16);
    const auto second = std::from_chars(begin + 6, begin + 10, element, 16);
    if (first.ptr == begin + 5 && second.ptr == begin + 10) {
      return static_cast<dicom::Tag>(group) << 16U | element;
    }
  }
  return std::nullopt;
}

Status mismatch(dicom::Tag tag, std::string_view name, std::string_view announced,
                std::string_view found) {
  return {.code = status_code::data_set_does_not_match,
          .comment = std::string(name) + " of the data set is not that of the command: " +
                     std::string(found) + ", not " + std::string(announced),
          .offending = {tag}};
}

}  // namespace

Status status_of(const Problem& problem) {
  const auto found = std::ranges::find(kind_statuses, problem.kind, &KindStatus::kind);
  Status status{
      .code = found == kind_statuses.end() ? status_code::processing_failure : found->code,
      .comment = problem.issues.empty() ? "" : problem.issues.front().diagnostics};
  if (const auto tag = tag_in(status.comment)) status.offending.push_back(*tag);
  return status;
}

Status store_status(const ingest::Admitted& admitted, const Announced& announced) {
  if (admitted.is_accepted()) return {};
  // What the data set says is known as far as it could be read.
  if (!admitted.sop_class_uid.empty() && admitted.sop_class_uid != announced.sop_class_uid) {
    return mismatch(dicom::tags::SOPClassUID, "SOP Class", announced.sop_class_uid,
                    admitted.sop_class_uid);
  }
  if (!admitted.sop_instance_uid.empty() &&
      admitted.sop_instance_uid != announced.sop_instance_uid) {
    return mismatch(dicom::tags::SOPInstanceUID, "SOP Instance", announced.sop_instance_uid,
                    admitted.sop_instance_uid);
  }
  Status status = status_of(admitted.problem);
  if (admitted.outcome == ingest::Admitted::Outcome::conflict) {
    status.code = status_code::duplicate_sop_instance;
  }
  // It arrived whole, so that sending it again would not help.
  if (admitted.outcome == ingest::Admitted::Outcome::quarantined) {
    status.code = status_code::cannot_understand;
  }
  return status;
}

void put(const Status& status, CommandSet& response) {
  response.set_number(command::Status, status.code);
  if (status.is_success()) return;
  constexpr std::size_t comment_letters_max = 64;
  std::string comment = status.comment.substr(0, comment_letters_max);
  std::ranges::replace_if(comment, [](char c) { return c < ' ' || c > '~' || c == '\\'; }, '?');
  if (!comment.empty()) response.set_text(command::ErrorComment, comment);
  if (!status.offending.empty()) response.set_tags(command::OffendingElement, status.offending);
}

}  // namespace lightbox::dimse
