// Instance Availability Notification (PS3.4 annex R), as SCP: N-CREATE says that instances of a
// study are there, or are not any more. Nothing is kept of it: whoever follows the archive that has
// them is told, and looks.

#include <array>
#include <dcmtk/dcmdata/dcuid.h>

#include "base/log.h"
#include "dimse/session.h"

namespace lightbox::dimse {
namespace {

std::optional<Status> refuse_unread(const Session& session, const Message& message) {
  const CommandSet& command = message.command;
  const Context* context = session.association.context(message.context_id);
  if (context->abstract_syntax != uid::instance_availability_notification ||
      command.text(command::AffectedSOPClassUID) != uid::instance_availability_notification) {
    return Status{.code = status_code::sop_class_not_supported,
                  .comment = "N-CREATE is of Instance Availability Notification only",
                  .offending = {command::AffectedSOPClassUID}};
  }
  if (!has_data_set(command)) {
    return Status{.code = status_code::missing_attribute,
                  .comment = "N-CREATE without an Attribute List",
                  .offending = {command::DataSetType}};
  }
  return std::nullopt;
}

}  // namespace

Received<void> take_availability(Session& session, const Message& message) {
  Association& association = session.association;
  const ServerOptions& options = session.services.options;
  const auto refuse = [&](const Status& status) {
    return association.write(message.context_id, response_to(message, status));
  };
  auto bytes = read_bounded(session, message);
  if (!bytes) return std::unexpected(bytes.error());
  if (const auto refused = refuse_unread(session, message)) return refuse(*refused);
  if (!*bytes) return refuse(bytes->error());
  auto notice = parse_availability(
      **bytes, association.context(message.context_id)->transfer_syntax, options.limits);
  if (!notice) {
    Status status = status_of(notice.error());
    status.code = status_code::invalid_attribute_value;
    return refuse(status);
  }
  notice->calling_ae_title = association.calling_ae_title();
  log(LogLevel::info, "instances_available",
      {{"calling", notice->calling_ae_title}, {"study", notice->study_uid}});
  options.notify(*notice);
  CommandSet response = response_to(message, Status{});
  if (message.command.text(command::AffectedSOPInstanceUID).empty()) {
    std::array<char, 65> made = {};  // PS3.7 10.1.5.1.4: then its name is given here
    response.set_uid(command::AffectedSOPInstanceUID, dcmGenerateUniqueIdentifier(made.data()));
  }
  return association.write(message.context_id, response);
}

}  // namespace lightbox::dimse
