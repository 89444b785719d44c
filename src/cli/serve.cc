#include "cli/serve.h"

#include <boost/asio/ip/address.hpp>
#include <csignal>
#include <fmt/format.h>

#include "base/log.h"
#include "base/version.h"
#include "cli/ingest_settings.h"
#include "cli/report.h"
#include "cli/serve_dimse.h"
#include "cli/serve_hl7.h"
#include "cli/serve_http.h"
#include "cli/serve_sources.h"
#include "imaging/operations.h"
#include "ingest/archive.h"

namespace lightbox::cli {
namespace {

constexpr std::int64_t stop_grace_ms = 10'000;

Result<void> check_exposure(const Settings& settings, const http::ServerOptions& options) {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(options.address, error);
  if (error) {
    return problem(ProblemKind::invalid, "value",
                   fmt::format("listen has the address '{}'; it must be an IP address or localhost",
                               options.address));
  }
  if (address.is_loopback() || settings.get("insecure").value == "true") return {};
  return problem(ProblemKind::forbidden,
                 fmt::format("Listening on {} would open this server to other machines without "
                             "authentication; --insecure says that this is meant",
                             options.address));
}

// Blocks until the process is asked to stop. The signals are blocked in all threads (main.cc).
void wait_for_signal() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  int signal = 0;
  sigwait(&signals, &signal);
  log(LogLevel::info, "stopping", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
}

void block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

Result<void> run(const Settings& settings) {
  TRY(auto server_options, settings.server_options());
  TRY_DO(check_exposure(settings, server_options));
  TRY(auto dimse_settings, dimse_options(settings));
  TRY(auto hl7_settings, hl7_options(settings));
  const rest::ApiOptions api_options = settings.api_options();

  // The port comes first, since references to our own URL are known by it; requests wait until
  // start().
  HttpParts parts;
  TRY(auto server, http::Server::listen(server_options, handler_of(parts), problem_response,
                                        streamed_of(parts)));
  fhir::IndexOptions index{.own_bases = rest::own_bases(api_options, server->port()),
                           .zone_offset_minutes = settings.zone_offset_minutes(),
                           .full_text = settings.full_text()};
  TRY(auto store, store::Store::open({.data_directory = settings.get("data").value,
                                      .limits = api_options.limits,
                                      .index = index}));
  TRY(auto archive, ingest::Archive::open(archive_options(settings), *store));
  TRY(auto ingest_options, projector_options(settings, index, server->port()));
  TRY(auto projector, ingest::Projector::start(std::move(ingest_options), *archive));
  TRY(auto sources, start_sources(settings, *archive));
  if (sources) {
    dimse_settings.notify = [&sources = *sources](const dimse::AvailabilityNotice& notice) {
      sources.look_at(notice);
    };
  }
  TRY(parts.web, make_web(settings));
  TRY(auto dimse_server, start_dimse(std::move(dimse_settings), *archive));
  TRY(auto hl7_listener, start_hl7(std::move(hl7_settings), sources.get()));
  const std::string_view shown =
      server_options.address == "0.0.0.0" ? "localhost" : std::string_view(server_options.address);
  const bool is_v6 = shown.find(':') != std::string_view::npos;
  parts.rest = std::make_unique<rest::Api>(
      api_options, index, *store,
      imaging::operations(*projector, thumbnail_of(parts), refresh_of(sources.get())));
  parts.rest->set_server(server.get());
  parts.dicomweb = make_dicomweb(api_options, *archive, sources.get());
  server->start();
  // For people, and for scripts that asked for port 0.
  fmt::print(stderr, "listening on http://{}{}{}:{}/baseR4\n", is_v6 ? "[" : "", shown,
             is_v6 ? "]" : "", server->port());
  wait_for_signal();
  hl7_listener.reset();
  if (dimse_server) dimse_server->stop(stop_grace_ms);
  server->stop(stop_grace_ms);
  server.reset();
  sources.reset();
  parts = {};
  return {};
}

}  // namespace

int serve(const Settings& settings) {
  block_signals();
  log(LogLevel::info, "starting", {{"version", version}, {"data", settings.get("data").value}});
  if (auto done = run(settings); !done) {
    report(done.error());
    return 1;
  }
  log(LogLevel::info, "stopped");
  return 0;
}

}  // namespace lightbox::cli
