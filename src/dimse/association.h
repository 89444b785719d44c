#pragma once

// One association (PS3.8): its negotiation, and DIMSE messages over it (PS3.7 and PS3.8 annex E).
// Data sets are handed on as they come, unread and in pieces. Which services there are, it does not
// know.
//
// Belongs to one thread at a time. Whoever waits is let go by the line's deadline (line.h).

#include <array>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "dimse/callers.h"
#include "dimse/command_set.h"
#include "dimse/extended_negotiation.h"
#include "dimse/line.h"
#include "dimse/negotiation.h"
#include "dimse/outgoing.h"
#include "dimse/transport.h"

namespace lightbox::dimse {

// Why nothing more comes.
enum class End : std::uint8_t {
  released,   // the peer asks for release; acknowledge_release() answers
  aborted,    // by the peer
  closed,     // without a word, or in the midst of something
  timed_out,  // nothing came in time
  violated,   // the peer broke the protocol; abort() tells it
};
[[nodiscard]] std::string_view name_of(End end);
template <typename T>
using Received = std::expected<T, End>;

// PS3.8 9.3.4: (result, source, reason) of A-ASSOCIATE-RJ.
enum class Rejection : std::uint8_t {
  application_context_not_supported,
  calling_ae_title_not_recognized,
  called_ae_title_not_recognized,
};

struct Context {
  std::string abstract_syntax;
  std::string transfer_syntax;
  // As which the requestor of the association serves.
  RequestorRole role = RequestorRole::scu;
};

// An association that is to be opened.
struct AssociationRequest {
  const PeerAddress& peer;
  std::string calling_ae_title;
  std::vector<ProposedContext> contexts;  // 128 at most
  // The request, the handshake of TLS and the answer must come within dimse_artim_timeout_ms.
  const Limits& limits;
};

struct Message {
  std::uint8_t context_id = 0;
  CommandSet command;
};

class Association {
 public:
  // Waits for the request (and the TLS handshake before it). `secure` as Layer's. The line and
  // `secure` must outlive the association.
  static Received<std::unique_ptr<Association>> receive(Line& line, DcmTransportLayer* secure,
                                                        const Limits& limits);
  // Opens one. `unavailable` with the reason, also when all contexts are refused; `throttled` when
  // there are too many associations. `outgoing` must outlive it.
  static Result<std::unique_ptr<Association>> request(const AssociationRequest& request,
                                                      Outgoing& outgoing);
  ~Association();  // closes the connection, without a word
  Association(const Association&) = delete;
  Association& operator=(const Association&) = delete;

  [[nodiscard]] const std::string& calling_ae_title() const { return calling_ae_title_; }
  [[nodiscard]] const std::string& called_ae_title() const { return called_ae_title_; }
  [[nodiscard]] bool has_dicom_application_context() const;
  [[nodiscard]] std::vector<ProposedContext> proposed() const;
  [[nodiscard]] std::vector<ExtendedNegotiation> proposed_extended() const;

  // One decision for each of proposed(), in that order; and what is granted of proposed_extended().
  Received<void> accept(const std::vector<Decision>& decisions,
                        const std::vector<ExtendedNegotiation>& extended);
  void reject(Rejection rejection);

  // nullptr when there is no accepted context of this id.
  [[nodiscard]] const Context* context(std::uint8_t id) const;
  // The id of the accepted context of an abstract syntax; 0: there is none.
  [[nodiscard]] std::uint8_t context_of(std::string_view abstract_syntax) const;
  // Of all accepted contexts.
  [[nodiscard]] std::vector<std::uint8_t> context_ids() const;

  // The next message's command. Waits dimse_idle_timeout_ms for it to begin.
  Received<Message> read_message();
  // Its data set, to be called if the command says that there is one. `take` gets the pieces.
  Received<void> read_data_set(std::uint8_t context_id,
                               const std::function<void(std::string_view)>& take);
  // `data_set` is left out when it is empty.
  Received<void> write(std::uint8_t context_id, const CommandSet& command,
                       std::string_view data_set = {});
  // A data set in pieces, after a command that said that there is one. The PDUs are as long as the
  // peer takes them.
  enum class Piece : std::uint8_t { more_follow, last };
  Received<void> write_data_set(std::uint8_t context_id, std::string_view bytes, Piece piece);

  // Whether something has come from the peer, up to `wait_ms` from now; also when it has closed.
  [[nodiscard]] bool has_input(std::int64_t wait_ms);

  // Whether the peer cancels this message by now, without waiting for anything. While a message is
  // answered nothing else may come: `violated`.
  Received<bool> is_cancelled(std::uint16_t message_id);

  void acknowledge_release();
  void request_release();
  void abort(AbortReason reason);

 private:
  struct Impl;
  explicit Association(std::unique_ptr<Impl> impl);
  // One fragment (PS3.8 E.2), valid until the next call.
  struct Fragment {
    std::uint8_t context_id = 0;
    bool is_command = false;
    bool is_last = false;
    std::string_view bytes;
  };
  Received<Fragment> read_fragment();
  bool read_ahead();
  Received<void> write_fragment(std::uint8_t context_id, bool is_command, std::string_view bytes,
                                Piece piece = Piece::last);

  std::unique_ptr<Impl> impl_;
  std::string calling_ae_title_;
  std::string called_ae_title_;
  std::array<std::unique_ptr<Context>, 256> contexts_;
};

}  // namespace lightbox::dimse
