#pragma once

// What happens on one association: negotiation, then messages, each given to its service. One
// service, one file: echo.cc, store.cc, find.cc, move.cc, get.cc, storage_commitment.cc,
// instance_availability.cc. The table that names them is in session.cc.

#include <atomic>
#include <cstdint>
#include <expected>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "dimse/association.h"
#include "dimse/extended_negotiation.h"
#include "dimse/options.h"
#include "dimse/report_queue.h"
#include "dimse/status.h"
#include "ingest/archive.h"

namespace lightbox::dimse {

// What all associations share; outlives them.
struct Services {
  const ServerOptions& options;
  ingest::Archive& archive;
  ReportQueue& reports;
  Outgoing& outgoing;
  const std::atomic<bool>& is_stopping;
};

struct Session {
  Association& association;
  const Line& line;
  Services& services;

  std::set<std::string> studies;  // that instances were stored of
  // What was negotiated of the query and retrieve models, by SOP class.
  std::map<std::string, FindOptions, std::less<>> find_options = {};
  std::uint64_t stored = 0;
  std::uint64_t refused = 0;
  // Given on this association, not confirmed yet, by message id.
  struct Given {
    std::uint16_t message_id = 0;
    CommitmentReport report;
    std::int64_t key = 0;  // ReportQueue::keep
  };
  std::vector<Given> given;
  std::uint16_t next_message_id = 1;
};

// The response to a request, with the elements that all have (PS3.7 9.3 and 10.3).
[[nodiscard]] CommandSet response_to(const Message& message, const Status& status);
[[nodiscard]] bool has_data_set(const CommandSet& command);
// A data set that is no image, taken off the association; "" when there is none, `out_of_resources`
// past dimse_message_bytes_max.
Received<std::expected<std::string, Status>> read_bounded(Session& session, const Message& message);

// The services. Each takes the message's data set off the association and answers; an End says that
// the association is over.
Received<void> echo(Session& session, const Message& message);
Received<void> store(Session& session, const Message& message);
Received<void> find(Session& session, const Message& message);
Received<void> move(Session& session, const Message& message);
Received<void> get(Session& session, const Message& message);
Received<void> commit_storage(Session& session, const Message& message);
Received<void> take_availability(Session& session, const Message& message);
Received<void> take_report_response(Session& session, const Message& message);

// Takes one association from its request to its end. `secure` as Layer's.
void run_session(Line& line, DcmTransportLayer* secure, Services& services);

}  // namespace lightbox::dimse
