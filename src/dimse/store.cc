// C-STORE (PS3.7 9.1.1, PS3.4 annex B): takes one object. The response is sent when the object is
// durable.

#include <fmt/format.h>
#include <optional>

#include "dicom/part10.h"
#include "dimse/session.h"

namespace lightbox::dimse {
namespace {

std::optional<Status> refuse_unread(const Session& session, const Message& message) {
  const CommandSet& command = message.command;
  const Context* context = session.association.context(message.context_id);
  if (service_of(context->abstract_syntax, session.services.options.unknown) !=
      ServiceKind::storage) {
    return Status{.code = status_code::sop_class_not_supported,
                  .comment = "The presentation context is not of a storage SOP class"};
  }
  if (!dicom::is_uid(command.text(command::AffectedSOPClassUID), dicom::UidRule::lenient)) {
    return Status{.code = status_code::sop_class_not_supported,
                  .comment = "Affected SOP Class UID is no UID",
                  .offending = {command::AffectedSOPClassUID}};
  }
  if (!dicom::is_uid(command.text(command::AffectedSOPInstanceUID), dicom::UidRule::lenient)) {
    return Status{.code = status_code::invalid_sop_instance,
                  .comment = "Affected SOP Instance UID is no UID",
                  .offending = {command::AffectedSOPInstanceUID}};
  }
  if (!has_data_set(command)) {
    return Status{.code = status_code::cannot_understand,
                  .comment = "C-STORE without a data set",
                  .offending = {command::DataSetType}};
  }
  return std::nullopt;
}

Status keep(Session& session, ingest::Incoming object, const Announced& announced) {
  const ingest::Admitted admitted = session.services.archive.accept(std::move(object));
  if (admitted.is_accepted()) session.studies.insert(admitted.study_uid);
  return store_status(admitted, announced);
}

}  // namespace

Received<void> store(Session& session, const Message& message) {
  Association& association = session.association;
  std::optional<Status> status = refuse_unread(session, message);
  const Announced announced{
      .sop_class_uid = std::string(message.command.text(command::AffectedSOPClassUID)),
      .sop_instance_uid = std::string(message.command.text(command::AffectedSOPInstanceUID))};
  std::optional<ingest::Incoming> object;
  if (!status) {
    object = session.services.archive.receive(
        {.name = association.calling_ae_title(), .remote_address = session.line.address()});
    object->set_bare(
        {.sop_class_uid = announced.sop_class_uid,
         .sop_instance_uid = announced.sop_instance_uid,
         .transfer_syntax_uid = association.context(message.context_id)->transfer_syntax,
         .source_ae_title = association.calling_ae_title()});
  }
  if (has_data_set(message.command)) {
    // What is refused is read to its end all the same: only then may the response come.
    const auto take = [&](std::string_view bytes) {
      if (status) return;
      if (auto appended = object->append(bytes); !appended) {
        status = status_of(appended.error());
        object.reset();
      }
    };
    if (auto read = association.read_data_set(message.context_id, take); !read) return read;
  }
  if (!status) status = keep(session, std::move(*object), announced);
  status->is_success() ? ++session.stored : ++session.refused;
  return association.write(message.context_id, response_to(message, *status));
}

}  // namespace lightbox::dimse
