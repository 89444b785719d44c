#include "cli/source.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "cli/progress_line.h"
#include "cli/report.h"
#include "cli/serve_dimse.h"
#include "cli/serve_sources.h"
#include "fhir/json.h"
#include "pacs/http_client.h"
#include "store/store.h"

namespace lightbox::cli {
namespace {

std::string instant_text(std::int64_t at_ms) {
  if (at_ms == 0) return "never";
  const auto at = std::chrono::system_clock::time_point(std::chrono::milliseconds(at_ms));
  const double age = std::chrono::duration<double>(std::chrono::system_clock::now() - at).count();
  return fmt::format("{} ago", duration_text(std::max(age, 0.0)));
}

struct State {
  std::string studies = "0";
  std::string polled = "never";
  std::string walked = "never";
  std::string failure;
};

State state_of(const store::SourceState& state) {
  return {.studies = std::to_string(state.studies),
          .polled = instant_text(state.polled_ms),
          .walked = instant_text(state.walked_ms),
          .failure = state.failed_ms > 0
                         ? fmt::format("{} ({})", state.failure, instant_text(state.failed_ms))
                         : ""};
}

class TextBody : public pacs::HttpBody {
 public:
  Result<void> begin(const pacs::HttpHead&) override { return {}; }
  Result<void> take(std::string_view bytes) override {
    text_ += bytes;
    return {};
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// Of a server that runs on this machine with these settings. `unavailable`: there is none.
Result<State> ask_server(const Settings& settings, const std::string& name) {
  TRY(const auto server, settings.server_options());
  pacs::SourceOptions itself;
  itself.connect_timeout_ms = 2'000;
  itself.access = pacs::DicomwebAccess{};
  const std::function<bool()> is_stopped = [] { return false; };
  pacs::HttpClient client(itself, is_stopped);
  const bool is_any = server.address == "0.0.0.0" || server.address == "::";
  const bool is_v6 = !is_any && server.address.find(':') != std::string::npos;
  const std::string host = is_any ? "127.0.0.1" : server.address;
  TextBody body;
  TRY_DO(client.get(fmt::format("http://{}{}{}:{}/dicomweb/sources", is_v6 ? "[" : "", host,
                                is_v6 ? "]" : "", server.port),
                    "application/json", body));
  TRY(const auto document, fhir::parse_json(body.text(), settings.limits()));
  for (const fhir::Json* each = document.root()->first; each != nullptr; each = each->next) {
    if (each->string("source") != name) continue;
    const auto text = [&](std::string_view member) {
      const std::string_view value = each->string(member);
      return value.empty() ? std::string("never") : std::string(value);
    };
    const fhir::Json* studies = each->find("studies");
    State state{.studies = studies == nullptr ? "0" : std::string(studies->text),
                .polled = text("polled"),
                .walked = text("walked"),
                .failure = {}};
    if (const auto failure = each->string("failure"); !failure.empty()) {
      state.failure = fmt::format("{} ({})", failure, text("failed"));
    }
    return state;
  }
  return State{};
}

Result<State> read_state(const Settings& settings, const ingest::ProjectorOptions& projector,
                         const std::string& name) {
  if (auto asked = ask_server(settings, name)) return asked;
  const std::string data = settings.get("data").value;
  if (!std::filesystem::exists(data + "/lightbox.db")) return State{};
  TRY(const auto store,
      store::Store::open(
          {.data_directory = data, .limits = settings.limits(), .index = projector.index}));
  TRY(const auto states, store->dicom().source_states());
  const auto found = std::ranges::find(states, name, &store::SourceState::source);
  return found == states.end() ? State{} : state_of(*found);
}

// Whether it answers, and how fast.
Result<double> ask_source(const pacs::SourceOptions& source, const Settings& settings) {
  const Limits limits = settings.limits();
  const std::function<bool()> is_stopped = [] { return false; };
  pacs::SourceOptions once = source;
  once.retries_max = 0;
  once.hours.clear();
  std::unique_ptr<pacs::AssociationWatch> watch;
  if (const auto* dimse = pacs::dimse_of(source); dimse != nullptr) {
    TRY(watch, pacs::AssociationWatch::start(dimse->peer.transport, tls_files(settings),
                                             limits.dimse_associations_max, is_stopped));
  }
  pacs::SourceAccess access(once, {.limits = limits,
                                   .calling_ae_title = settings.get("aet").value,
                                   .outgoing = watch ? &watch->outgoing() : nullptr,
                                   .is_stopped = is_stopped});
  const auto began = std::chrono::steady_clock::now();
  TRY_DO(access.connect()->check());
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

}  // namespace

int show_source(const std::string& name, const Settings& settings,
                const ingest::ProjectorOptions& projector) {
  const auto source = find_source(settings, name);
  if (!source) {
    report(source.error());
    return 2;
  }
  fmt::print("{}\n", pacs::print_source(**source));
  const auto state = read_state(settings, projector, name);
  if (state) {
    fmt::print(
        "studies:                {}\nnewest days looked at:  {}\nall of it looked at:    {}\n",
        state->studies, state->polled, state->walked);
    if (!state->failure.empty()) fmt::print("failure:                {}\n", state->failure);
  } else {
    fmt::print("state:                  not known: {}\n", state.error().issues[0].diagnostics);
  }
  const auto answered = ask_source(**source, settings);
  if (answered) {
    fmt::print("it answers:             after {:.3f} s\n", *answered);
    return 0;
  }
  fmt::print("it does not answer:     {}\n", answered.error().issues[0].diagnostics);
  return 1;
}

}  // namespace lightbox::cli
