#include "dimse/identifier.h"

#include <fmt/format.h>

namespace lightbox::dimse {
namespace {

std::optional<Status> refuse_unread(const Session& session, const Message& message,
                                    const IdentifierClasses& wanted) {
  const std::string& sop_class = session.association.context(message.context_id)->abstract_syntax;
  if ((sop_class != wanted.patient_root && sop_class != wanted.study_root) ||
      message.command.text(command::AffectedSOPClassUID) != sop_class) {
    return Status{
        .code = status_code::sop_class_not_supported,
        .comment = fmt::format("{} is of the Patient Root and Study Root models", wanted.operation),
        .offending = {command::AffectedSOPClassUID}};
  }
  if (!has_data_set(message.command)) {
    return Status{.code = status_code::data_set_does_not_match,
                  .comment = fmt::format("{} without an Identifier", wanted.operation),
                  .offending = {command::DataSetType}};
  }
  return std::nullopt;
}

}  // namespace

std::optional<QueryModel> model_of(std::string_view sop_class) {
  for (const char* one : {uid::patient_root_find, uid::patient_root_move, uid::patient_root_get}) {
    if (sop_class == one) return QueryModel::patient_root;
  }
  for (const char* one : {uid::study_root_find, uid::study_root_move, uid::study_root_get}) {
    if (sop_class == one) return QueryModel::study_root;
  }
  return std::nullopt;
}

FindOptions options_of(const Session& session, std::string_view sop_class) {
  const auto found = session.find_options.find(sop_class);
  return found == session.find_options.end() ? FindOptions{} : found->second;
}

Received<std::expected<dicom::Part10, Status>> read_identifier(Session& session,
                                                               const Message& message,
                                                               const IdentifierClasses& wanted) {
  using Read = std::expected<dicom::Part10, Status>;
  const Limits& limits = session.services.options.limits;
  const auto bytes = read_bounded(session, message);
  if (!bytes) return std::unexpected(bytes.error());
  if (auto refused = refuse_unread(session, message, wanted)) {
    return Read(std::unexpected(std::move(*refused)));
  }
  if (!*bytes) return Read(std::unexpected(bytes->error()));
  dicom::MemorySource source(**bytes);
  auto object = dicom::Part10::read(
      source, limits, session.association.context(message.context_id)->transfer_syntax);
  if (!object) {
    Status status = status_of(object.error());
    status.code = status_code::cannot_understand;
    return Read(std::unexpected(std::move(status)));
  }
  return Read(std::move(*object));
}

}  // namespace lightbox::dimse
