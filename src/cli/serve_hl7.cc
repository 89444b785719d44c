#include "cli/serve_hl7.h"

#include <fmt/format.h>
#include <utility>

#include "base/log.h"
#include "base/network.h"
#include "cli/endpoint_setting.h"

namespace lightbox::cli {
namespace {

// At what the message names; a message that names no study is about one, too. Accession numbers
// count where there is no UID: archives need not search by them as fast.
void look(pacs::Sources& sources, const hl7::Message& message) {
  bool is_named = false;
  for (const std::string& uid : message.study_uids) {
    is_named = sources.look_at("", {.study_uid = uid}).has_value() || is_named;
  }
  if (message.study_uids.empty()) {
    for (const std::string& number : message.accession_numbers) {
      is_named = sources.look_at("", {.accession_number = number}).has_value() || is_named;
    }
  }
  if (!is_named) sources.look_now("");
}

void log_message(const hl7::Message& message) {
  const hl7::Header& header = message.header;
  log(LogLevel::info, "hl7_message",
      {{"type", header.trigger.empty() ? header.type : header.type + '^' + header.trigger},
       {"control_id", header.control_id},
       {"studies", fmt::format("{}", fmt::join(message.study_uids, ","))},
       {"accession_numbers", fmt::format("{}", fmt::join(message.accession_numbers, ","))}});
}

}  // namespace

Result<std::optional<hl7::ListenerOptions>> hl7_options(const Settings& settings) {
  TRY(auto listen, endpoint_setting(settings, "hl7"));
  if (!listen) return std::optional<hl7::ListenerOptions>();
  if (settings.sources().empty()) {
    return problem(ProblemKind::invalid, "value",
                   "hl7 is on, and there is no source to look at when a message comes: see "
                   "docs/pacs.md");
  }
  hl7::ListenerOptions options{.address = std::move(listen->address),
                               .port = listen->port,
                               .accepted = settings.list("hl7_accept"),
                               .limits = settings.limits()};
  bool is_right = !options.accepted.empty();
  for (const std::string& network : options.accepted) is_right = is_right && is_network(network);
  if (!is_right) {
    return wrong_setting("hl7_accept", settings.get("hl7_accept"),
                         "a list of addresses or networks, such as 10.0.0.5 or 10.0.0.0/24");
  }
  return std::optional(std::move(options));
}

Result<std::unique_ptr<hl7::Listener>> start_hl7(std::optional<hl7::ListenerOptions> options,
                                                 pacs::Sources* sources) {
  if (!options || sources == nullptr) return std::unique_ptr<hl7::Listener>();
  return hl7::Listener::start(std::move(*options), [sources](const hl7::Message& message) {
    log_message(message);
    look(*sources, message);
  });
}

}  // namespace lightbox::cli
