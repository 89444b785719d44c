#include "cli/pull.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <fmt/format.h>
#include <thread>

#include "base/clock.h"
#include "cli/ingest_settings.h"
#include "cli/problem_groups.h"
#include "cli/progress_line.h"
#include "cli/report.h"
#include "cli/serve_dimse.h"
#include "cli/serve_sources.h"
#include "cli/stop_signal.h"
#include "pacs/access.h"
#include "pacs/association_watch.h"
#include "pacs/pull.h"
#include "store/store.h"

namespace lightbox::cli {
namespace {

Result<std::optional<pacs::Day>> day_of(std::string_view flag, const std::string& text) {
  if (text.empty()) return std::optional<pacs::Day>();
  if (auto day = pacs::parse_day(text)) return day;
  return problem(ProblemKind::invalid, "value",
                 fmt::format("--{} is '{}'; it must be a day, such as 2024-01-31", flag, text));
}

Result<pacs::PullOptions> pull_options(const PullCommand& command, const Settings& settings) {
  TRY(const auto* source, find_source(settings, command.source));
  TRY(const auto from, day_of("from", command.from));
  TRY(const auto to, day_of("to", command.to));
  if (from && to && *to < *from) {
    return problem(ProblemKind::invalid, "value",
                   fmt::format("--from is {}, after --to, {}", command.from, command.to));
  }
  for (const std::string& modality : command.modalities) {
    const bool is_code =
        !modality.empty() && modality.size() <= 16 && std::ranges::all_of(modality, [](char c) {
          return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
        });
    if (is_code) continue;
    return problem(ProblemKind::invalid, "value",
                   fmt::format("--modality is '{}'; it must be a code, such as CT", modality));
  }
  return pacs::PullOptions{
      .source = *source,
      .kind = command.with_images ? pacs::PullKind::images : pacs::PullKind::metadata,
      .from = from,
      .to = to,
      .today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()),
      .modalities = command.modalities};
}

// Counts what comes, and keeps what differs for the report.
class PullTally : public pacs::PullListener {
 public:
  void took(std::uint64_t bytes, const ingest::Admitted& admitted) override {
    const std::lock_guard lock(mutex_);
    bytes_ += bytes;
    ++instances_;
    ++outcomes_.at(static_cast<std::size_t>(admitted.outcome));
    if (admitted.is_accepted()) return;
    const std::string& name =
        admitted.sop_instance_uid.empty() ? unknown_ : admitted.sop_instance_uid;
    const bool is_conflict = admitted.outcome == ingest::Admitted::Outcome::conflict;
    const bool is_kept = admitted.outcome == ingest::Admitted::Outcome::quarantined;
    problems_.add(is_conflict ? "refused (conflict)" : (is_kept ? "quarantined" : "refused"), name,
                  admitted.problem);
  }
  void differs(const std::string& what, const std::string& study_uid,
               const std::string& reason) override {
    const std::lock_guard lock(mutex_);
    problems_.add(what, study_uid, reason);
  }

  [[nodiscard]] std::uint64_t instances() const { return instances_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  bool has_problems() {
    const std::lock_guard lock(mutex_);
    return problems_.total() > 0;
  }

  void print(pacs::PullKind kind, const pacs::PullStatus& status, double seconds) {
    const std::lock_guard lock(mutex_);
    problems_.print();
    using Outcome = ingest::Admitted::Outcome;
    const auto count = [&](Outcome outcome) {
      return outcomes_.at(static_cast<std::size_t>(outcome));
    };
    fmt::print("{} studies in {:.1f} s: {} complete already, {} pulled, {} differ",
               status.studies_found, seconds, status.studies_complete, status.studies_pulled,
               status.studies_failed);
    if (kind == pacs::PullKind::metadata) {
      fmt::print(", {} removed, since they are not there any more; {:.1f} a second\n",
                 status.studies_removed, static_cast<double>(status.studies_found) / seconds);
      return;
    }
    fmt::print(
        "; {} instances ({:.0f}/s, {:.1f} MB/s): {} new, {} known already, {} replaced, "
        "{} conflicts, {} quarantined, {} refused\n",
        instances_.load(), static_cast<double>(instances_) / seconds,
        static_cast<double>(bytes_) / seconds / 1e6, count(Outcome::stored), count(Outcome::known),
        count(Outcome::replaced), count(Outcome::conflict), count(Outcome::quarantined),
        count(Outcome::failed));
    if (status.instances_sent > 0) {
      fmt::print("{} instances were sent by C-MOVE, and are not among these\n",
                 status.instances_sent);
    }
  }

 private:
  std::atomic<std::uint64_t> instances_ = 0;
  std::atomic<std::uint64_t> bytes_ = 0;
  std::mutex mutex_;
  std::array<std::uint64_t, 6> outcomes_ = {};
  ProblemGroups problems_;
  const std::string unknown_ = "an instance";
};

class PullRun {
 public:
  PullRun(pacs::PullOptions options, const Settings& settings,
          const ingest::ProjectorOptions& projector)
      : options_(std::move(options)),
        settings_(settings),
        projector_options_(projector),
        limits_(settings.limits()) {}

  Result<void> run(ProgressLine& progress) {
    TRY(const auto store, store::Store::open({.data_directory = settings_.get("data").value,
                                              .limits = limits_,
                                              .index = projector_options_.index}));
    TRY(const auto archive, ingest::Archive::open(archive_options(settings_), *store));
    TRY(const auto projector, ingest::Projector::start(projector_options_, *archive));
    TRY_DO(start_watch());
    TRY(const auto receiver, start_receiver(*archive));
    auto connections = connect();
    pacs::Pull pull(options_, {.archive = *archive,
                               .listener = tally_,
                               .pace = access_->pace(),
                               .connections = std::move(connections),
                               .stop = [this] { has_failed_ = true; }});
    auto done = run_in_thread(pull, progress);
    status_ = pull.status();
    if (!done) return done;
    TRY_DO(note_state(*store));
    // Safe to be killed from now on: what is marked changed stays so.
    forget_stop_signals();
    return projector->drain([&](std::size_t studies) {
      if (progress.is_due()) progress.show(fmt::format("{} studies to make resources of", studies));
    });
  }

  void print(double seconds) { tally_.print(options_.kind, status_, seconds); }
  bool has_begun() const { return status_.studies_found > 0; }
  bool has_differences() { return tally_.has_problems(); }

 private:
  // All of it has been looked at, as a server that follows it would.
  Result<void> note_state(store::Store& store) const {
    const bool is_all = options_.kind == pacs::PullKind::metadata && !options_.from &&
                        !options_.to && options_.modalities.empty();
    if (!is_all) return {};
    return store.dicom().note_source_state(
        {.source = options_.source.name, .walked_ms = now_ms(), .polled_ms = now_ms()});
  }

  Result<void> start_watch() {
    const auto* dimse = std::get_if<pacs::DimseAccess>(&options_.source.access);
    if (dimse == nullptr) return {};
    TRY(watch_, pacs::AssociationWatch::start(dimse->peer.transport, tls_files(settings_),
                                              limits_.dimse_associations_max, is_stopped_));
    return {};
  }

  // C-MOVE sends to this process, as to a server. nullptr: nothing is moved.
  Result<std::unique_ptr<dimse::Server>> start_receiver(ingest::Archive& archive) const {
    const pacs::DimseAccess* dimse = pacs::dimse_of(options_.source);
    if (options_.kind == pacs::PullKind::metadata || dimse == nullptr ||
        dimse->retrieve != pacs::DimseAccess::Retrieve::move) {
      return std::unique_ptr<dimse::Server>();
    }
    TRY(auto options, dimse_options(settings_));
    TRY(auto server, start_dimse(std::move(options), archive));
    if (server == nullptr) return needs_dimse(options_.source);
    return server;
  }

  std::vector<std::unique_ptr<pacs::RemoteArchive>> connect() {
    access_ = std::make_unique<pacs::SourceAccess>(
        options_.source,
        pacs::SourceAccess::Environment{.limits = limits_,
                                        .calling_ae_title = settings_.get("aet").value,
                                        .outgoing = watch_ ? &watch_->outgoing() : nullptr,
                                        .is_stopped = is_stopped_});
    std::vector<std::unique_ptr<pacs::RemoteArchive>> connections;
    for (unsigned i = 0; i < options_.source.connections_max; ++i) {
      connections.push_back(access_->connect());
    }
    return connections;
  }

  Result<void> run_in_thread(pacs::Pull& pull, ProgressLine& progress) {
    Result<void> done;
    std::atomic<bool> is_done = false;
    std::thread thread([&] {
      done = pull.run();
      is_done = true;
    });
    bool has_told = false;
    while (!is_done) {
      constexpr auto turn = std::chrono::milliseconds(20);
      std::this_thread::sleep_for(turn);
      const std::string resumed_at = pull.resumed_at();
      if (!has_told && !resumed_at.empty()) {
        has_told = true;
        progress.clear();
        fmt::print(stderr, "Going on where the last one stopped, at {}\n", resumed_at);
      }
      if (progress.is_due()) progress.show(text_of(pull.status(), progress.seconds()));
    }
    thread.join();
    return done;
  }

  [[nodiscard]] std::string text_of(const pacs::PullStatus& status, double seconds) const {
    if (status.is_waiting) return "waiting for the hours in which the source may be asked";
    std::string text = fmt::format("{}: {} studies ({} complete already)",
                                   status.window.empty() ? "connecting" : status.window,
                                   status.studies_found, status.studies_complete);
    if (options_.kind == pacs::PullKind::metadata) {
      return text + fmt::format(", {:.1f}/s", static_cast<double>(status.studies_found) / seconds);
    }
    return text + fmt::format(", {} instances, {:.0f}/s, {:.1f} MB/s", tally_.instances(),
                              static_cast<double>(tally_.instances()) / seconds,
                              static_cast<double>(tally_.bytes()) / seconds / 1e6);
  }

  pacs::PullOptions options_;
  const Settings& settings_;
  const ingest::ProjectorOptions& projector_options_;
  Limits limits_;
  std::atomic<bool> has_failed_ = false;
  const std::function<bool()> is_stopped_ = [this] { return is_stop_asked() || has_failed_; };
  std::unique_ptr<pacs::AssociationWatch> watch_;
  std::unique_ptr<pacs::SourceAccess> access_;
  PullTally tally_;
  pacs::PullStatus status_;
};

}  // namespace

int pull_studies(const PullCommand& command, const Settings& settings,
                 const ingest::ProjectorOptions& projector) {
  const auto options = pull_options(command, settings);
  if (!options) {
    report(options.error());
    return 2;
  }
  watch_stop_signals();
  std::signal(SIGPIPE, SIG_IGN);
  ProgressLine progress;
  PullRun pull(*options, settings, projector);
  const auto done = pull.run(progress);
  progress.clear();
  if (!done && !is_stop_asked()) report(done.error());
  if (pull.has_begun() || done) pull.print(progress.seconds());
  if (!done) {
    fmt::print(stderr, "The pull has stopped; the same command again goes on\n");
    return 1;
  }
  return pull.has_differences() ? 2 : 0;
}

}  // namespace lightbox::cli
