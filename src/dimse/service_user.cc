#include "dimse/service_user.h"

#include <algorithm>
#include <fmt/format.h>
#include <optional>

#include "dicom/dictionary.h"
#include "dicom/part10.h"
#include "dimse/encoder.h"
#include "dimse/session.h"

namespace lightbox::dimse {
namespace {

constexpr std::size_t contexts_max = 128;  // PS3.8 9.3.2.2: odd ids up to 255

// In the order of wish; a SOP class that has fewer contexts offers the last ones together. All that
// archives hold by and large.
constexpr std::array storage_syntaxes = {
    "1.2.840.10008.1.2.1",      // explicit VR little endian
    "1.2.840.10008.1.2",        // implicit VR little endian
    "1.2.840.10008.1.2.4.70",   // JPEG lossless, SV1
    "1.2.840.10008.1.2.4.90",   // JPEG 2000 lossless
    "1.2.840.10008.1.2.4.91",   // JPEG 2000
    "1.2.840.10008.1.2.4.50",   // JPEG baseline
    "1.2.840.10008.1.2.4.51",   // JPEG extended
    "1.2.840.10008.1.2.4.80",   // JPEG-LS lossless
    "1.2.840.10008.1.2.4.81",   // JPEG-LS near-lossless
    "1.2.840.10008.1.2.5",      // RLE
    "1.2.840.10008.1.2.4.57",   // JPEG lossless
    "1.2.840.10008.1.2.4.201",  // HTJ2K lossless
    "1.2.840.10008.1.2.4.202",  // HTJ2K lossless RPCL
    "1.2.840.10008.1.2.4.203",  // HTJ2K
    "1.2.840.10008.1.2.4.100",  // MPEG-2
    "1.2.840.10008.1.2.4.102",  // MPEG-4
    "1.2.840.10008.1.2.4.103",  // MPEG-4, BD-compatible
    "1.2.840.10008.1.2.1.99",   // deflated
    "1.2.840.10008.1.2.2",      // explicit VR big endian
};

std::string encoded(std::vector<IdentifierKey> keys, std::string_view transfer_syntax) {
  std::ranges::sort(keys, {}, &IdentifierKey::tag);
  Encoder encoder(transfer_syntax == uid::implicit_little_endian ? Encoder::Vrs::implicit
                                                                 : Encoder::Vrs::explicit_);
  for (const IdentifierKey& key : keys) {
    if (key.vr == "UI") {
      encoder.uid(key.tag, key.value);
    } else {
      encoder.raw(key.tag, key.vr, Encoder::padded(key.value, ' '));
    }
  }
  return encoder.bytes();
}

Problem ended(End end) {
  if (end == End::violated) {
    return problem(ProblemKind::unprocessable,
                   "The other end has broken the protocol: it began a message and did not finish "
                   "it, or sent what is none");
  }
  return problem(ProblemKind::unavailable,
                 fmt::format("The association has ended: {}", name_of(end)));
}

bool is_pending(std::uint16_t status) {
  return status == status_code::pending || status == status_code::pending_unsupported;
}

// PS3.7 annex C; PS3.4 tables C.4-1 and C.4-3.
Problem failure_of(std::string_view operation, const CommandSet& response) {
  const std::uint16_t status = response.number(command::Status).value_or(0xFFFF);
  ProblemKind kind = ProblemKind::invalid;
  if ((status & 0xFF00U) == status_code::out_of_resources) kind = ProblemKind::unavailable;
  if (status == status_code::sop_class_not_supported) kind = ProblemKind::not_supported;
  if (status == status_code::not_authorized) kind = ProblemKind::forbidden;
  if (status == status_code::cancel) kind = ProblemKind::request_timeout;
  const std::string_view comment = response.text(command::ErrorComment);
  return problem(kind, fmt::format("{} was answered with status {:04X}{}{}", operation, status,
                                   comment.empty() ? "" : ": ", comment));
}

}  // namespace

std::vector<ProposedContext> storage_contexts(const std::vector<std::string>& sop_class_uids,
                                              std::uint8_t first_id) {
  std::vector<ProposedContext> contexts;
  const std::size_t room = contexts_max - first_id / 2U;
  const std::size_t classes = std::min(sop_class_uids.size(), room);
  if (classes == 0) return contexts;
  const std::size_t each = std::min(storage_syntaxes.size(), room / classes);
  for (std::size_t i = 0; i < classes; ++i) {
    for (std::size_t j = 0; j < each; ++j) {
      ProposedContext context{.id = static_cast<std::uint8_t>(first_id + 2 * contexts.size()),
                              .abstract_syntax = sop_class_uids[i],
                              .transfer_syntaxes = {storage_syntaxes.at(j)},
                              // PS3.7 D.3.3.4: a role is said once of each SOP class.
                              .role = j == 0 ? RequestorRole::scp : RequestorRole::scu};
      if (j + 1 == each) {
        // The last one has the rest, the uncompressed ones first, which everything can be sent in.
        for (std::size_t k = j + 1; k < storage_syntaxes.size(); ++k) {
          context.transfer_syntaxes.emplace_back(storage_syntaxes.at(k));
        }
      }
      contexts.push_back(std::move(context));
    }
  }
  return contexts;
}

std::vector<std::string> usual_storage_classes() {
  std::vector<std::string> uids;
  for (const dicom::UidEntry& entry : dicom::storage_sop_classes()) {
    if (entry.name.find("Retired") == entry.name.npos) uids.emplace_back(entry.uid);
  }
  return uids;
}

Result<std::uint8_t> ServiceUser::request(CommandField field, std::string_view sop_class,
                                          std::vector<IdentifierKey> keys,
                                          std::string_view destination) {
  const std::uint8_t id = association_.context_of(sop_class);
  if (id == 0) {
    const auto known = dicom::find_uid(sop_class);
    return problem(ProblemKind::not_supported,
                   fmt::format("{} has not accepted {}", association_.called_ae_title(),
                               known ? known->name : sop_class));
  }
  CommandSet command;
  command.set_uid(command::AffectedSOPClassUID, sop_class);
  command.set_number(command::Field, static_cast<std::uint16_t>(field));
  command.set_number(command::MessageID, ++message_id_);
  command.set_number(command::DataSetType, keys.empty() ? no_data_set : 0);
  if (!keys.empty()) command.set_number(command::Priority, 0);  // medium
  if (!destination.empty()) command.set_text(command::MoveDestination, destination);
  const std::string identifier =
      keys.empty() ? "" : encoded(std::move(keys), association_.context(id)->transfer_syntax);
  if (auto written = association_.write(id, command, identifier); !written) {
    return ended(written.error());
  }
  return id;
}

Result<Message> ServiceUser::await() {
  auto message = association_.read_message();
  if (!message) return ended(message.error());
  return std::move(*message);
}

Result<std::string> ServiceUser::read_text(std::uint8_t context_id) {
  std::string bytes;
  bool is_too_large = false;
  const auto take = [&](std::string_view piece) {
    is_too_large = is_too_large || bytes.size() + piece.size() > limits_.dimse_message_bytes_max;
    if (!is_too_large) bytes += piece;
  };
  if (auto read = association_.read_data_set(context_id, take); !read) return ended(read.error());
  if (is_too_large) {
    return problem(ProblemKind::too_large, "A response is longer than dimse_message_bytes_max");
  }
  return bytes;
}

Result<void> ServiceUser::echo() {
  TRY_DO(request(CommandField::c_echo_rq, uid::verification, {}));
  TRY(const auto response, await());
  if (response.command.number(command::Status) != status_code::success) {
    return failure_of("C-ECHO", response.command);
  }
  return {};
}

Result<void> ServiceUser::cancel(std::uint8_t context_id) {
  CommandSet command;
  command.set_number(command::Field, static_cast<std::uint16_t>(CommandField::c_cancel_rq));
  command.set_number(command::MessageIDBeingRespondedTo, message_id_);
  command.set_number(command::DataSetType, no_data_set);
  if (auto written = association_.write(context_id, command); !written) {
    return ended(written.error());
  }
  return {};
}

Result<ServiceUser::Found> ServiceUser::find(
    std::vector<IdentifierKey> keys, const std::function<bool(const dicom::DataSet&)>& each) {
  TRY(const auto context_id,
      request(CommandField::c_find_rq, classes_of(root_).find, std::move(keys)));
  const std::string& syntax = association_.context(context_id)->transfer_syntax;
  Found found = Found::all;
  while (true) {
    TRY(const auto response, await());
    const std::uint16_t status = response.command.number(command::Status).value_or(0xFFFF);
    if (has_data_set(response.command)) {
      TRY(const auto bytes, read_text(response.context_id));
      if (found == Found::all && is_pending(status)) {
        dicom::MemorySource source(bytes);
        TRY(const auto match, dicom::Part10::read(source, limits_, syntax));
        if (!each(match.data_set())) {
          found = Found::cut;
          TRY_DO(cancel(context_id));
        }
      }
    }
    if (is_pending(status)) continue;
    if (status == status_code::success || found == Found::cut) return found;
    if (status == status_code::out_of_resources) return Found::cut;
    return failure_of("C-FIND", response.command);
  }
}

Result<ServiceUser::Retrieved> ServiceUser::get(std::vector<IdentifierKey> keys,
                                                ingest::ObjectReceiver& receiver) {
  TRY_DO(request(CommandField::c_get_rq, classes_of(root_).get, std::move(keys)));
  constexpr auto store = static_cast<std::uint16_t>(CommandField::c_store_rq);
  std::uint64_t received = 0;
  while (true) {
    TRY(const auto message, await());
    if (message.command.number(command::Field) == store) {
      ++received;
      TRY_DO(take_object(message, receiver));
      continue;
    }
    TRY(auto finished, take_response("C-GET", message));
    if (!finished) continue;
    finished->received = received;
    return std::move(*finished);
  }
}

Result<ServiceUser::Retrieved> ServiceUser::move(std::vector<IdentifierKey> keys,
                                                 std::string_view destination) {
  TRY_DO(request(CommandField::c_move_rq, classes_of(root_).move, std::move(keys), destination));
  while (true) {
    TRY(const auto message, await());
    TRY(auto finished, take_response("C-MOVE", message));
    if (finished) return std::move(*finished);
  }
}

Result<std::optional<ServiceUser::Retrieved>> ServiceUser::take_response(std::string_view operation,
                                                                         const Message& response) {
  const CommandSet& command = response.command;
  // The UIDs of what has failed; the caller looks for itself.
  if (has_data_set(command)) TRY_DO(read_text(response.context_id));
  const std::uint16_t status = command.number(command::Status).value_or(0xFFFF);
  if (is_pending(status)) return std::optional<Retrieved>();
  if (status != status_code::success && status != status_code::suboperations_with_failures) {
    return failure_of(operation, command);
  }
  const auto count = [&](dicom::Tag tag) { return command.number(tag).value_or(0); };
  return std::optional(
      Retrieved{.received = std::uint64_t{count(command::NumberOfCompletedSuboperations)} +
                            count(command::NumberOfWarningSuboperations),
                .failed = count(command::NumberOfFailedSuboperations),
                .comment = std::string(command.text(command::ErrorComment))});
}

// The sub-operation's C-STORE (PS3.4 C.4.3), of which this end is the SCP.
Result<void> ServiceUser::take_object(const Message& message, ingest::ObjectReceiver& receiver) {
  const CommandSet& command = message.command;
  const Announced announced{
      .sop_class_uid = std::string(command.text(command::AffectedSOPClassUID)),
      .sop_instance_uid = std::string(command.text(command::AffectedSOPInstanceUID))};
  std::optional<ingest::Incoming> object = receiver.begin();
  object->set_bare(
      {.sop_class_uid = announced.sop_class_uid,
       .sop_instance_uid = announced.sop_instance_uid,
       .transfer_syntax_uid = association_.context(message.context_id)->transfer_syntax,
       .source_ae_title = association_.called_ae_title()});
  std::optional<Status> status;
  const auto take = [&](std::string_view bytes) {
    if (status) return;
    if (auto appended = object->append(bytes); !appended) {
      status = store_status(receiver.refuse(std::move(appended).error()), announced);
      object.reset();
    }
  };
  if (has_data_set(command)) {
    if (auto read = association_.read_data_set(message.context_id, take); !read) {
      return ended(read.error());
    }
  }
  if (!status) status = store_status(receiver.end(std::move(*object)), announced);
  if (auto written = association_.write(message.context_id, response_to(message, *status));
      !written) {
    return ended(written.error());
  }
  return {};
}

}  // namespace lightbox::dimse
