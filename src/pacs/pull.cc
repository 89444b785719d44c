#include "pacs/pull.h"

#include <algorithm>
#include <fmt/format.h>
#include <thread>
#include <unordered_map>
#include <unordered_set>

#include "base/log.h"
#include "pacs/pull_study.h"
#include "store/dicom_index.h"

namespace lightbox::pacs {
namespace {

// So many studies one after the other: it is not they that fail.
constexpr unsigned failures_in_a_row_max = 5;

const Day oldest_day = Day(std::chrono::year(1900) / 1 / 1);

// This archive cannot go on; the next object would meet the same.
bool is_of_archive(const Problem& problem) {
  return problem.kind == ProblemKind::insufficient_storage ||
         problem.kind == ProblemKind::unavailable || problem.kind == ProblemKind::internal ||
         problem.kind == ProblemKind::throttled;
}

// What is pulled, as the key of its progress.
std::string selection_of(const PullOptions& options) {
  std::vector<std::string> modalities = options.modalities;
  std::ranges::sort(modalities);
  const std::string_view kind = options.kind == PullKind::images ? "images" : "metadata";
  return fmt::format("{} from={} to={} modality={}", kind, options.from ? da_of(*options.from) : "",
                     options.to ? da_of(*options.to) : "", fmt::join(modalities, ","));
}

// So many studies of some days, and more than half of them, do not go at once: the archive is not
// itself.
constexpr std::size_t gone_max = 20;

// Which studies a source has shown of some days, window by window.
struct GoneStudies {
  std::optional<Day> from;
  std::optional<Day> to;
  std::unordered_set<std::string> shown;
  bool is_cut = false;

  void look(const Window& window, const RemoteStudies& found) {
    from = from ? std::min(*from, window.from) : window.from;
    to = to ? std::max(*to, window.to) : window.to;
    is_cut = is_cut || found.is_cut;
    for (const RemoteStudy& study : found.studies) shown.insert(study.uid);
  }
  [[nodiscard]] std::vector<std::string> missing_of(const std::vector<std::string>& known) const {
    std::vector<std::string> missing;
    if (is_cut) return missing;
    std::ranges::copy_if(known, std::back_inserter(missing),
                         [&](const std::string& uid) { return !shown.contains(uid); });
    return missing;
  }
  [[nodiscard]] std::string text() const { return Window{.from = *from, .to = *to}.text(); }
};

}  // namespace

struct Pull::Impl : ingest::ObjectReceiver {
  Impl(PullOptions its_options, Environment its_environment)
      : options(std::move(its_options)), environment(std::move(its_environment)) {}

  PullOptions options;
  Environment environment;
  std::string selection;
  mutable std::mutex mutex;
  PullStatus status;
  std::string resumed_at;
  std::optional<Problem> failure;  // of this archive, or of the source as a whole
  std::deque<RemoteStudy> waiting;
  ToldStudies ahead;  // of those
  bool can_tell_ahead = true;
  unsigned failures_in_a_row = 0;
  GoneStudies gone;  // of the days under way

  // --- objects, from the threads of the connections ---

  ingest::Incoming begin() override {
    return environment.archive.receive({.name = options.source.name, .remote_address = {}});
  }
  ingest::Admitted end(ingest::Incoming object) override {
    const std::uint64_t bytes = object.size();
    auto admitted = environment.archive.accept(std::move(object));
    tell(bytes, admitted);
    return admitted;
  }
  ingest::Admitted refuse(Problem problem) override {
    ingest::Admitted admitted;
    admitted.problem = std::move(problem);
    tell(0, admitted);
    return admitted;
  }
  void tell(std::uint64_t bytes, const ingest::Admitted& admitted) {
    environment.listener.took(bytes, admitted);
    if (admitted.outcome == ingest::Admitted::Outcome::failed && is_of_archive(admitted.problem)) {
      fail(admitted.problem);
    }
  }
  void fail(const Problem& problem) {
    {
      const std::lock_guard lock(mutex);
      if (!failure) failure = problem;
    }
    environment.stop();
  }

  // --- windows ---

  Result<void> run() {
    selection = selection_of(options);
    TRY_DO(environment.connections.front()->check());
    const Day newest = options.to.value_or(options.today + std::chrono::days(1));
    const Day oldest = options.from.value_or(oldest_day);
    auto& dicom = environment.archive.store().dicom();
    if (!options.is_resumable) return walk(WindowWalk(oldest, newest), std::nullopt);
    TRY(const auto earlier, dicom.pull_progress(options.source.name, selection));
    const auto began = earlier ? parse_day(earlier->newest_day) : std::nullopt;
    const auto open = earlier ? parse_day(earlier->open_day) : std::nullopt;
    if (began && open) {
      {
        const std::lock_guard lock(mutex);
        resumed_at = Window{.from = *open, .to = *open}.text();
      }
      // What has come since, with the days of which only a part had been there.
      TRY_DO(
          walk(WindowWalk(std::max(oldest, *began - std::chrono::days(2)), newest), std::nullopt));
    }
    TRY_DO(walk(WindowWalk(oldest, std::min(newest, open.value_or(newest))), newest));
    return dicom.remove_pull_progress(options.source.name, selection);
  }

  // `newest`: its progress is kept.
  Result<void> walk(WindowWalk windows, std::optional<Day> newest) {
    while (const auto window = windows.current()) {
      {
        const std::lock_guard lock(mutex);
        status.window = window->text();
      }
      TRY(auto found, studies_of(*window));
      if (found.is_cut && windows.halve()) continue;
      if (found.is_cut) {
        environment.listener.differs("not all shown", window->text(),
                                     "the archive shows only a part of this minute's studies");
      }
      const std::size_t count = found.studies.size();
      gone.look(*window, found);
      tell_ahead(*window, found.studies);
      TRY_DO(pull_all(std::move(found.studies)));
      windows.finish(count, options.source.results_max);
      if (windows.open_until() < window->from) TRY_DO(remove_gone());
      if (newest) TRY_DO(keep_progress(*newest, windows.open_until()));
    }
    return {};
  }

  // --- what the source does not have any more ---

  Result<void> remove_gone() {
    const GoneStudies looked = std::exchange(gone, {});
    if (options.kind == PullKind::images || !options.modalities.empty()) return {};
    auto& dicom = environment.archive.store().dicom();
    TRY(const auto known,
        dicom.studies_of_source(options.source.name, da_of(*looked.from), da_of(*looked.to)));
    const std::vector<std::string> missing = looked.missing_of(known);
    if (missing.size() > gone_max && missing.size() * 2 > known.size()) {
      environment.listener.differs(
          "not removed", looked.text(),
          fmt::format("the archive shows {} studies less than before: is all of it there?",
                      missing.size()));
      return {};
    }
    for (const std::string& uid : missing) {
      // It may have moved to another day meanwhile, or have been left out.
      TRY(const auto named,
          environment.connections.front()->studies_named({.study_uid = uid}, Wanted::uids));
      if (!named.studies.empty()) continue;
      TRY_DO(environment.archive.remove_source_study(options.source.name, uid));
      const std::lock_guard lock(mutex);
      ++status.studies_removed;
    }
    return {};
  }

  Result<void> keep_progress(Day newest, Day open) {
    return environment.archive.store().dicom().put_pull_progress({.source = options.source.name,
                                                                  .selection = selection,
                                                                  .newest_day = da_of(newest),
                                                                  .open_day = da_of(open)});
  }

  Result<RemoteStudies> search(const Window& window, const std::string& modality) {
    return environment.connections.front()->studies(
        window, modality, options.kind == PullKind::images ? Wanted::uids : Wanted::attributes);
  }

  // Of all modalities that are wanted: a search has one (PS3.4 C.2.2.2.2).
  Result<RemoteStudies> studies_of(const Window& window) {
    if (options.modalities.empty()) return search(window, "");
    RemoteStudies all;
    std::unordered_map<std::string, bool> seen;
    for (const std::string& modality : options.modalities) {
      TRY(auto found, search(window, modality));
      all.is_cut = all.is_cut || found.is_cut;
      for (RemoteStudy& study : found.studies) {
        if (seen.emplace(study.uid, true).second) all.studies.push_back(std::move(study));
      }
    }
    return all;
  }

  // --- studies ---

  [[nodiscard]] Telling telling(RemoteArchive& remote) const {
    return {.remote = remote,
            .archive = environment.archive,
            .listener = environment.listener,
            .source = options.source.name};
  }

  // Where the source fails at that, each study is asked for by itself.
  void tell_ahead(const Window& window, const std::vector<RemoteStudy>& studies) {
    ahead.clear();
    const bool is_of_all = options.kind == PullKind::metadata && options.modalities.empty();
    if (!is_of_all || !can_tell_ahead) return;
    auto told = tell_window(telling(*environment.connections.front()), window, studies);
    if (told) ahead = std::move(*told);
    can_tell_ahead = told.has_value();
  }

  Result<void> pull_all(std::vector<RemoteStudy> studies) {
    {
      const std::lock_guard lock(mutex);
      waiting.assign(std::make_move_iterator(studies.begin()),
                     std::make_move_iterator(studies.end()));
      status.studies_found += waiting.size();
    }
    std::vector<std::thread> threads;
    const std::size_t wanted = std::min(environment.connections.size(), studies.size());
    for (std::size_t i = 0; i < wanted; ++i) {
      threads.emplace_back([this, i] { pull_some(*environment.connections[i]); });
    }
    for (std::thread& thread : threads) thread.join();
    const std::lock_guard lock(mutex);
    if (failure) return *failure;
    if (environment.pace.is_stopped()) return stopped();
    return {};
  }

  void pull_some(RemoteArchive& remote) {
    StudyPull one(remote, environment.archive, *this, environment.listener);
    while (true) {
      RemoteStudy study;
      {
        const std::lock_guard lock(mutex);
        if (waiting.empty() || failure || environment.pace.is_stopped()) return;
        study = std::move(waiting.front());
        waiting.pop_front();
      }
      const auto outcome = options.kind == PullKind::images
                               ? one.pull(study)
                               : tell_study(telling(remote), study, ahead);
      count_sent(one.take_sent());
      take(study, outcome);
    }
  }

  void count_sent(std::uint64_t instances) {
    const std::lock_guard lock(mutex);
    status.instances_sent += instances;
  }

  void take(const RemoteStudy& study, const Result<StudyOutcome>& outcome) {
    if (!outcome && environment.pace.is_stopped()) return;
    if (!outcome) {
      environment.listener.differs("not retrieved", study.uid,
                                   outcome.error().issues.front().diagnostics);
    }
    bool is_too_much = false;
    {
      const std::lock_guard lock(mutex);
      if (!outcome || *outcome == StudyOutcome::differs) ++status.studies_failed;
      if (outcome && *outcome == StudyOutcome::complete) ++status.studies_complete;
      if (outcome && *outcome == StudyOutcome::pulled) ++status.studies_pulled;
      failures_in_a_row = outcome ? 0 : failures_in_a_row + 1;
      is_too_much = failures_in_a_row >= failures_in_a_row_max;
    }
    if (is_too_much) {
      fail(problem(outcome.error().kind,
                   fmt::format("{} studies could not be retrieved one after the other: {}",
                               failures_in_a_row_max, outcome.error().issues.front().diagnostics)));
    }
  }
};

Pull::Pull(PullOptions options, Environment environment)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(environment))) {}
Pull::~Pull() = default;

Result<void> Pull::run() { return impl_->run(); }

std::string Pull::resumed_at() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->resumed_at;
}

PullStatus Pull::status() const {
  const std::lock_guard lock(impl_->mutex);
  PullStatus status = impl_->status;
  status.is_waiting = impl_->environment.pace.is_out_of_hours();
  return status;
}

}  // namespace lightbox::pacs
