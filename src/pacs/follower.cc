#include "pacs/follower.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "pacs/change_feed.h"
#include "pacs/pull.h"
#include "pacs/pull_study.h"

namespace lightbox::pacs {
namespace {

// After a failure, the more there were one after the other.
constexpr std::int64_t longest_pause_ms = 600'000;
constexpr std::int64_t day_ms = 86'400'000;
constexpr std::size_t names_max = 10'000;

// What another study would not meet, nor the same a moment later.
bool is_of_study(const Problem& problem) {
  return problem.kind == ProblemKind::invalid || problem.kind == ProblemKind::not_found ||
         problem.kind == ProblemKind::not_supported || problem.kind == ProblemKind::too_large;
}

// What differs goes to the log.
class LogListener : public PullListener {
 public:
  explicit LogListener(const std::string& source) : source_(source) {}
  void took(std::uint64_t, const ingest::Admitted&) override {}
  void differs(const std::string& what, const std::string& study_uid,
               const std::string& reason) override {
    log(LogLevel::warning, "source_differs",
        {{"source", source_}, {"study", study_uid}, {"what", what}, {"reason", reason}});
  }

 private:
  const std::string& source_;
};

}  // namespace

Follower::Follower(SourceAccess& access, ingest::Archive& archive, Extent extent)
    : access_(access), archive_(archive), extent_(extent), thread_([this] { run(); }) {}

Follower::~Follower() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Follower::look_now() {
  {
    const std::lock_guard lock(mutex_);
    is_asked_ = true;
  }
  changed_.notify_one();
}

bool Follower::look_at(StudyName name) {
  {
    const std::lock_guard lock(mutex_);
    if (names_.size() >= names_max) return false;
    names_.insert(std::move(name));
  }
  changed_.notify_one();
  return true;
}

store::SourceState Follower::state() const {
  const std::string& name = access_.source().name;
  if (const auto states = archive_.store().dicom().source_states()) {
    const auto found = std::ranges::find(*states, name, &store::SourceState::source);
    if (found != states->end()) return *found;
  }
  return {.source = name};
}

void Follower::run() {
  const SourceOptions& source = access_.source();
  const bool is_all = extent_ == Extent::all;
  const std::int64_t interval_ms =
      is_all ? source.walk_hours * 3'600'000 : source.poll_seconds * 1'000;
  const std::int64_t first_pause_ms = std::max<std::int64_t>(source.poll_seconds, 1) * 1'000;
  unsigned failures = 0;
  while (true) {
    const store::SourceState known = state();
    failures = known.failed_ms > 0 ? failures + 1 : 0;
    std::int64_t next_ms = (is_all ? known.walked_ms : known.polled_ms) + interval_ms;
    if (failures > 0) {
      const std::int64_t pause_ms = first_pause_ms << std::min(failures - 1, 10U);
      next_ms = std::max(next_ms, known.failed_ms + std::min(longest_pause_ms, pause_ms));
    }
    std::unique_lock lock(mutex_);
    const auto is_wanted = [&] { return is_stopping_ || is_asked_ || !names_.empty(); };
    if (interval_ms == 0) {
      changed_.wait(lock, is_wanted);
    } else {
      const std::int64_t wait_ms = std::clamp<std::int64_t>(next_ms - now_ms(), 0, day_ms);
      changed_.wait_for(lock, std::chrono::milliseconds(wait_ms), is_wanted);
    }
    if (is_stopping_) return;
    const bool is_asked = std::exchange(is_asked_, false);
    const auto names = std::exchange(names_, {});
    lock.unlock();
    look_at_all(names);
    if (is_asked || now_ms() >= next_ms) look();
  }
}

void Follower::look_at_all(const std::set<StudyName>& names) {
  if (names.empty()) return;
  const std::string& source = access_.source().name;
  LogListener listener(source);
  const auto connection = access_.connect();
  const Telling telling{
      .remote = *connection, .archive = archive_, .listener = listener, .source = source};
  for (const StudyName& name : names) {
    const auto told = tell_named(telling, name);
    if (access_.pace().is_stopped()) return;
    log(told ? LogLevel::info : LogLevel::warning,
        told ? "source_study_looked_at" : "source_failed",
        {{"source", source},
         {"study", name.study_uid},
         {"accession_number", name.accession_number},
         {"reason", told ? "" : told.error().issues[0].diagnostics}});
  }
}

// A place is noted when all before it has been looked at.
Result<void> Follower::follow_changes() {
  const SourceOptions& source = access_.source();
  const auto* dicomweb = std::get_if<DicomwebAccess>(&source.access);
  if (dicomweb == nullptr || dicomweb->changes_url.empty()) return {};
  const std::function<bool()> is_stopped = [this] { return access_.pace().is_stopped(); };
  ChangeFeed feed({.source = source,
                   .limits = archive_.options().limits,
                   .pace = access_.pace(),
                   .is_stopped = is_stopped});
  auto& dicom = archive_.store().dicom();
  TRY(auto place, dicom.source_changes(source.name));
  if (!place) {
    // What has been until now the walk finds.
    TRY(const std::int64_t newest, feed.newest());
    return dicom.note_source_changes(source.name, newest);
  }
  LogListener listener(source.name);
  const auto connection = access_.connect();
  while (true) {
    TRY(const auto changes, feed.after(*place));
    for (const std::string& uid : changes.study_uids) {
      const auto told = tell_named(
          {.remote = *connection, .archive = archive_, .listener = listener, .source = source.name},
          {.study_uid = uid});
      if (told) continue;
      // One study must not keep the others from being looked at.
      if (!is_of_study(told.error())) return told;
      listener.differs("not looked at", uid, told.error().issues[0].diagnostics);
    }
    if (changes.place != *place) {
      TRY_DO(dicom.note_source_changes(source.name, changes.place));
    }
    if (changes.is_end || changes.place == *place) return {};
    place = changes.place;
  }
}

void Follower::look() {
  const SourceOptions& source = access_.source();
  const Day today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  LogListener listener(source.name);
  std::vector<std::unique_ptr<RemoteArchive>> connections;
  for (unsigned i = 0; i < source.connections_max; ++i) connections.push_back(access_.connect());
  const std::int64_t began_ms = now_ms();
  const bool is_all = extent_ == Extent::all;
  Pull pull({.source = source,
             .kind = PullKind::metadata,
             .from = is_all ? std::nullopt
                            : std::optional(today - std::chrono::days(source.poll_days - 1)),
             .to = std::nullopt,
             .today = today,
             .modalities = {},
             .is_resumable = is_all},
            {.archive = archive_,
             .listener = listener,
             .pace = access_.pace(),
             .connections = std::move(connections),
             .stop = [] {}});  // what shares the pace goes on
  const auto followed = is_all ? Result<void>() : follow_changes();
  auto done = pull.run();
  if (done) done = followed;
  if (access_.pace().is_stopped()) return;
  const PullStatus status = pull.status();
  store::SourceState state{.source = source.name};
  if (done) {
    state.polled_ms = began_ms;
    if (is_all) state.walked_ms = began_ms;
    const std::uint64_t changes = status.studies_pulled + status.studies_removed;
    log(changes > 0 ? LogLevel::info : LogLevel::debug, "source_looked_at",
        {{"source", source.name},
         {"extent", is_all ? "all" : "newest days"},
         {"studies", status.studies_found},
         {"changed", status.studies_pulled},
         {"removed", status.studies_removed},
         {"failed", status.studies_failed}});
  } else {
    state.failed_ms = now_ms();
    state.failure = done.error().issues[0].diagnostics;
    log(LogLevel::warning, "source_failed", {{"source", source.name}, {"reason", state.failure}});
  }
  if (const auto noted = archive_.store().dicom().note_source_state(state); !noted) {
    log(LogLevel::error, "source_state_not_kept",
        {{"source", source.name}, {"reason", noted.error().issues[0].diagnostics}});
  }
}

}  // namespace lightbox::pacs
