#include "dimse/session.h"

#include <algorithm>
#include <array>

#include "base/log.h"

namespace lightbox::dimse {
namespace {

using Service = Received<void> (*)(Session&, const Message&);
struct Entry {
  std::uint16_t field;
  Service service;
};
constexpr std::uint16_t number(CommandField field) { return static_cast<std::uint16_t>(field); }
constexpr std::array entries = {
    Entry{number(CommandField::c_echo_rq), echo},
    Entry{number(CommandField::c_store_rq), store},
    Entry{number(CommandField::c_find_rq), find},
    Entry{number(CommandField::c_move_rq), move},
    Entry{number(CommandField::c_get_rq), get},
    Entry{number(CommandField::n_action_rq), commit_storage},
    Entry{number(CommandField::n_create_rq), take_availability},
    Entry{number(CommandField::n_event_report_rq) | response_bit, take_report_response},
};

// A request that no service here performs: read to its end, and refused (PS3.7 C.5.25).
Received<void> refuse(Session& session, const Message& message) {
  if (has_data_set(message.command)) {
    auto read = session.association.read_data_set(message.context_id, [](std::string_view) {});
    if (!read) return read;
  }
  return session.association.write(
      message.context_id,
      response_to(message, {.code = status_code::unrecognized_operation,
                            .comment = "This operation is not performed here"}));
}

Received<void> perform(Session& session, const Message& message) {
  const std::uint16_t field = *message.command.number(command::Field);
  const auto found = std::ranges::find(entries, field, &Entry::field);
  if (found != entries.end()) {
    // Without an id, there is nothing to respond to.
    if ((field & response_bit) == 0 && !message.command.number(command::MessageID)) {
      return std::unexpected(End::violated);
    }
    return found->service(session, message);
  }
  // What it would cancel is done already.
  if (field == number(CommandField::c_cancel_rq)) return {};
  if ((field & response_bit) != 0 || !message.command.number(command::MessageID)) {
    return std::unexpected(End::violated);
  }
  return refuse(session, message);
}

End run_messages(Session& session) {
  while (!session.services.is_stopping) {
    const auto message = session.association.read_message();
    if (!message) return message.error();
    if (auto done = perform(session, *message); !done) return done.error();
  }
  return End::closed;
}

std::optional<Rejection> rejection_of(const Association& association, const Line& line,
                                      const ServerOptions& options, bool is_secure) {
  if (!association.has_dicom_application_context()) {
    return Rejection::application_context_not_supported;
  }
  if (options.called == CalledTitles::own && association.called_ae_title() != options.ae_title) {
    return Rejection::called_ae_title_not_recognized;
  }
  const bool has_certificate =
      is_secure && options.tls && options.tls->clients == ClientCertificates::required;
  if (!options.callers.accepts(association.calling_ae_title(), line.address(),
                               has_certificate ? Callers::Unlisted::accepted : options.unlisted)) {
    return Rejection::calling_ae_title_not_recognized;
  }
  return std::nullopt;
}

std::string_view reason_of(Rejection rejection) {
  switch (rejection) {
    case Rejection::application_context_not_supported:
      return "application context name";
    case Rejection::calling_ae_title_not_recognized:
      return "calling AE title";
    case Rejection::called_ae_title_not_recognized:
      return "called AE title";
  }
  return "";
}

// PS3.8 9.3.8: what the A-ABORT PDU says, when one is due.
void say_why(Association& association, End end, bool is_stopping) {
  if (end == End::violated) association.abort(AbortReason::invalid_pdu_parameter);
  if (end == End::timed_out || (end == End::closed && is_stopping)) {
    association.abort(AbortReason::not_specified);
  }
}

void end_session(Session& session, End end) {
  const Services& services = session.services;
  if (end == End::released) {
    session.association.acknowledge_release();
    const std::vector<std::string> studies(session.studies.begin(), session.studies.end());
    if (!studies.empty()) services.archive.settle(studies);
  } else {
    say_why(session.association, end, services.is_stopping);
  }
  for (auto& given : session.given) services.reports.add(std::move(given.report), given.key);
  log(end == End::released ? LogLevel::info : LogLevel::warning, "association_ended",
      {{"calling", session.association.calling_ae_title()},
       {"address", session.line.address()},
       {"how", name_of(end)},
       {"stored", session.stored},
       {"refused", session.refused}});
}

}  // namespace

bool has_data_set(const CommandSet& command) {
  return command.number(command::DataSetType).value_or(no_data_set) != no_data_set;
}

Received<std::expected<std::string, Status>> read_bounded(Session& session,
                                                          const Message& message) {
  std::string bytes;
  if (!has_data_set(message.command)) return bytes;
  const std::size_t bytes_max = session.services.options.limits.dimse_message_bytes_max;
  bool is_too_long = false;
  const auto take = [&](std::string_view piece) {
    is_too_long = is_too_long || bytes.size() + piece.size() > bytes_max;
    if (!is_too_long) bytes += piece;
  };
  auto read = session.association.read_data_set(message.context_id, take);
  if (!read) return std::unexpected(read.error());
  if (!is_too_long) return bytes;
  return std::expected<std::string, Status>(
      std::unexpect, Status{.code = status_code::out_of_resources,
                            .comment = "The message is longer than dimse_message_bytes_max"});
}

CommandSet response_to(const Message& message, const Status& status) {
  const CommandSet& request = message.command;
  CommandSet response;
  response.set_number(command::Field,
                      static_cast<std::uint16_t>(*request.number(command::Field) | response_bit));
  response.set_number(command::MessageIDBeingRespondedTo,
                      request.number(command::MessageID).value_or(0));
  response.set_number(command::DataSetType, no_data_set);
  // An N-ACTION requests what its response affects.
  for (const auto& [affected, requested] :
       {std::pair{command::AffectedSOPClassUID, command::RequestedSOPClassUID},
        std::pair{command::AffectedSOPInstanceUID, command::RequestedSOPInstanceUID}}) {
    std::string_view value = request.text(affected);
    if (value.empty()) value = request.text(requested);
    if (!value.empty()) response.set_uid(affected, value);
  }
  put(status, response);
  return response;
}

void run_session(Line& line, DcmTransportLayer* secure, Services& services) {
  const ServerOptions& options = services.options;
  auto received = Association::receive(line, secure, options.limits);
  if (!received) {
    log(LogLevel::warning, "association_failed",
        {{"address", line.address()}, {"how", name_of(received.error())}});
    return;
  }
  Association& association = **received;
  if (const auto rejection = rejection_of(association, line, options, secure != nullptr)) {
    log(LogLevel::warning, "association_rejected",
        {{"calling", association.calling_ae_title()},
         {"called", association.called_ae_title()},
         {"address", line.address()},
         {"reason", reason_of(*rejection)}});
    association.reject(*rejection);
    return;
  }
  std::vector<Decision> decisions;
  for (const auto& proposed : association.proposed()) {
    const bool is_for_nobody =
        proposed.abstract_syntax == uid::instance_availability_notification && !options.notify;
    decisions.push_back(is_for_nobody ? Decision{} : decide(proposed, options.unknown));
  }
  Session session{
      .association = association, .line = line, .services = services, .studies = {}, .given = {}};
  std::vector<ExtendedNegotiation> extended;
  for (const auto& proposed : association.proposed_extended()) {
    const ServiceKind service = service_of(proposed.sop_class_uid, options.unknown);
    if (service != ServiceKind::query && service != ServiceKind::retrieve) continue;
    extended.push_back(granted(proposed, service));
    session.find_options.emplace(proposed.sop_class_uid,
                                 find_options_of(extended.back().information));
  }
  const auto accepted = association.accept(decisions, extended);
  end_session(session, accepted ? run_messages(session) : accepted.error());
}

}  // namespace lightbox::dimse
