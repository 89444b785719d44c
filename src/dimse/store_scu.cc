#include "dimse/store_scu.h"

#include <chrono>

#include "base/log.h"
#include "dimse/session.h"

namespace lightbox::dimse {
namespace {

// In memory at once; even, as the fragments of a data set must be.
constexpr std::size_t piece_bytes = 256 * 1024;

}  // namespace

Received<std::uint16_t> StoreScu::send(std::uint8_t context_id, const CommandSet& request,
                                       OutgoingObject& object) const {
  if (auto written = association.write(context_id, request); !written) {
    return std::unexpected(written.error());
  }
  std::string piece;
  while (object.left() > 0) {
    if (const auto read = object.read(piece_bytes, piece); !read || object.is_damaged()) {
      log(LogLevel::error, "object_not_sent",
          {{"instance", request.text(command::AffectedSOPInstanceUID)},
           {"reason", read ? "it is too short" : read.error().issues.front().diagnostics}});
      association.abort(AbortReason::not_specified);
      return std::unexpected(End::aborted);
    }
    const bool is_last = object.left() == 0;
    const auto written = association.write_data_set(
        context_id, piece, is_last ? Association::Piece::last : Association::Piece::more_follow);
    if (!written) return std::unexpected(written.error());
    if (auto done = meanwhile(); !done) return std::unexpected(done.error());
  }
  return await_response(request.number(command::MessageID).value_or(0));
}

Received<std::uint16_t> StoreScu::await_response(std::uint16_t message_id) const {
  constexpr std::int64_t turn_ms = 500;
  constexpr auto response = static_cast<std::uint16_t>(
      static_cast<std::uint16_t>(CommandField::c_store_rq) | response_bit);
  const auto ends =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(limits.dimse_pdu_timeout_ms);
  while (true) {
    if (!association.has_input(turn_ms)) {
      if (auto done = meanwhile(); !done) return std::unexpected(done.error());
      if (std::chrono::steady_clock::now() > ends) return std::unexpected(End::timed_out);
      continue;
    }
    const auto message = association.read_message();
    if (!message) return std::unexpected(message.error());
    if (message->command.number(command::Field) != response) {
      if (auto taken = take_other(*message); !taken) return std::unexpected(taken.error());
      continue;
    }
    const auto status = message->command.number(command::Status);
    if (message->command.number(command::MessageIDBeingRespondedTo) != message_id || !status) {
      return std::unexpected(End::violated);
    }
    if (has_data_set(message->command)) {
      auto read = association.read_data_set(message->context_id, [](std::string_view) {});
      if (!read) return std::unexpected(read.error());
    }
    return *status;
  }
}

}  // namespace lightbox::dimse
