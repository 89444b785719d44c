// Storage Commitment Push Model (PS3.4 annex J), as SCP: N-ACTION asks, N-EVENT-REPORT answers, on
// the same association while it lasts, else on a new one (report_queue.h).

#include <algorithm>
#include <optional>

#include "dimse/session.h"

namespace lightbox::dimse {
namespace {

std::optional<Status> refuse_unread(const Session& session, const Message& message) {
  const CommandSet& command = message.command;
  const Context* context = session.association.context(message.context_id);
  if (context->abstract_syntax != uid::storage_commitment_push_model ||
      command.text(command::RequestedSOPClassUID) != uid::storage_commitment_push_model) {
    return Status{.code = status_code::sop_class_not_supported,
                  .comment = "N-ACTION is of the Storage Commitment Push Model only",
                  .offending = {command::RequestedSOPClassUID}};
  }
  if (command.text(command::RequestedSOPInstanceUID) !=
      uid::storage_commitment_push_model_instance) {
    return Status{.code = status_code::no_such_object_instance,
                  .comment = "The well-known instance is 1.2.840.10008.1.20.1.1",
                  .offending = {command::RequestedSOPInstanceUID}};
  }
  if (command.number(command::ActionTypeID) != 1) {
    return Status{.code = status_code::no_such_action_type,
                  .comment = "Action Type ID must be 1",
                  .offending = {command::ActionTypeID}};
  }
  if (!has_data_set(command)) {
    return Status{.code = status_code::invalid_argument_value,
                  .comment = "N-ACTION without Action Information",
                  .offending = {command::DataSetType}};
  }
  return std::nullopt;
}

}  // namespace

Received<void> commit_storage(Session& session, const Message& message) {
  Association& association = session.association;
  const Limits& limits = session.services.options.limits;
  const auto bytes = read_bounded(session, message);
  if (!bytes) return std::unexpected(bytes.error());
  std::optional<Status> status = refuse_unread(session, message);
  if (!status && !*bytes) {
    status = bytes->error();
    status->code = status_code::processing_failure;
  }
  std::optional<CommitmentRequest> request;
  if (!status) {
    auto parsed =
        parse_commitment(**bytes, association.context(message.context_id)->transfer_syntax, limits);
    if (parsed) {
      request = std::move(*parsed);
    } else {
      status = status_of(parsed.error());
      status->code = status_code::invalid_argument_value;
    }
  }
  ReportQueue& reports = session.services.reports;
  const std::string& calling = association.calling_ae_title();
  const std::int64_t key = request ? reports.keep(calling, *request) : 0;
  CommandSet response = response_to(message, status.value_or(Status{}));
  response.set_number(command::ActionTypeID, 1);
  if (auto written = association.write(message.context_id, response); !written) {
    reports.forget(key);
    return written;
  }
  if (!request) return {};

  const std::uint16_t message_id = session.next_message_id++;
  session.given.push_back({.message_id = message_id,
                           .report = look_up(session.services.archive, calling, *request),
                           .key = key});
  return give_report(association, message.context_id, session.given.back().report, message_id);
}

Received<void> take_report_response(Session& session, const Message& message) {
  const auto id = message.command.number(command::MessageIDBeingRespondedTo);
  const auto found = std::ranges::find_if(
      session.given, [&](const Session::Given& given) { return given.message_id == id; });
  if (found == session.given.end()) return std::unexpected(End::violated);
  // PS3.4 J.3.3.1.2: whoever does not succeed with it may get it again.
  if (message.command.number(command::Status) == status_code::success) {
    session.services.reports.forget(found->key);
    session.given.erase(found);
  }
  if (!has_data_set(message.command)) return {};
  return session.association.read_data_set(message.context_id, [](std::string_view) {});
}

}  // namespace lightbox::dimse
