#include "ingest/projector.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/log.h"
#include "ingest/projection.h"

namespace lightbox::ingest {
namespace {

constexpr int attempts_max = 10;  // against whoever writes the same resources meanwhile
constexpr std::int64_t retry_first_ms = 1'000;
constexpr std::int64_t retry_last_ms = 60'000;

std::int64_t steady_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// What is known of a study that waits, or had a projection a moment ago.
struct Waiting {
  std::int64_t first_ms = 0;      // the changes since the last projection began
  std::int64_t last_ms = 0;       // and the newest
  std::int64_t projected_ms = 0;  // the last projection; 0: none that matters
  std::int64_t retry_ms = 0;      // > 0: the last one failed
  bool is_changed = false;
  bool is_settled = false;
};

}  // namespace

struct Projector::Impl : Archive::Listener {
  Impl(ProjectorOptions its_options, Archive& its_archive)
      : options(std::move(its_options)), archive(its_archive) {}

  void changed(std::string_view study_uid) override {
    const std::int64_t now = steady_ms();
    const std::lock_guard lock(mutex);
    Waiting& study = studies[std::string(study_uid)];
    if (!study.is_changed) study.first_ms = now;
    study.is_changed = true;
    study.is_settled = false;
    study.last_ms = now;  // run() looks often enough to see it become quiet
  }

  void settled(std::string_view study_uid) override {
    const std::lock_guard lock(mutex);
    const auto found = studies.find(study_uid);
    if (found == studies.end() || !found->second.is_changed) return;
    found->second.is_settled = true;
    wake.notify_one();
  }

  [[nodiscard]] std::int64_t due(const Waiting& study) const {
    if (study.retry_ms > 0) return study.last_ms + study.retry_ms;
    const std::int64_t quiet = std::min(study.last_ms + options.limits.projection_quiet_ms,
                                        study.first_ms + options.limits.projection_publish_ms);
    if (!study.is_settled) return quiet;
    // A sender with an association for each instance settles after each.
    return study.projected_ms == 0
               ? study.last_ms
               : std::min(quiet, study.projected_ms + options.limits.projection_quiet_ms);
  }

  void run() {
    std::unique_lock lock(mutex);
    while (!is_stopping) {
      std::int64_t next = 0;
      const auto chosen = choose(next);
      if (chosen.empty()) {
        wake.wait_for(lock, std::chrono::milliseconds(next - steady_ms()));
        continue;
      }
      for (const std::string& uid : chosen) {
        if (is_stopping) break;
        Waiting& study = studies[uid];
        study.is_changed = study.is_settled = false;
        lock.unlock();
        const auto done = project(uid);
        lock.lock();
        finish(uid, done);
      }
    }
  }

  // The studies that are due, the longest due first; when there are none, `next` says when to look
  // again.
  std::vector<std::string> choose(std::int64_t& next) {
    const std::int64_t now = steady_ms();
    next = now + std::clamp<std::int64_t>(options.limits.projection_quiet_ms / 4, 5, 1'000);
    std::vector<std::pair<std::int64_t, std::string>> chosen;
    for (auto it = studies.begin(); it != studies.end();) {
      const Waiting& study = it->second;
      if (!study.is_changed) {
        const bool is_past = now - study.projected_ms > options.limits.projection_quiet_ms;
        it = is_past ? studies.erase(it) : std::next(it);
        continue;
      }
      const std::int64_t at = due(study);
      if (at <= now) chosen.emplace_back(at, it->first);
      next = std::min(next, std::max(at, now + 1));
      ++it;
    }
    std::ranges::sort(chosen);
    std::vector<std::string> uids;
    uids.reserve(chosen.size());
    for (auto& [at, uid] : chosen) uids.push_back(std::move(uid));
    return uids;
  }

  void finish(const std::string& uid, const Result<void>& done) {
    const std::int64_t now = steady_ms();
    Waiting& study = studies[uid];
    study.projected_ms = now;
    if (done || done.error().kind == ProblemKind::not_found) {
      study.retry_ms = 0;
      return;
    }
    log(LogLevel::error, "projection_failed",
        {{"study", uid}, {"reason", done.error().issues[0].diagnostics}});
    study.retry_ms = std::clamp(study.retry_ms * 2, retry_first_ms, retry_last_ms);
    if (!study.is_changed) study.first_ms = now;
    study.is_changed = true;
    study.last_ms = now;
  }

  Result<void> project(std::string_view uid) {
    const std::lock_guard one_at_a_time(projecting);
    for (int attempt = 0; attempt < attempts_max; ++attempt) {
      TRY(const Projected projected, project_study(archive.store(), options, uid));
      if (projected.outcome == Projected::Outcome::overtaken) continue;
      for (const std::string& marked : projected.marked) {
        changed(marked);
        settled(marked);
      }
      return {};
    }
    return problem(ProblemKind::unavailable,
                   "Others changed the study's resources again and again meanwhile");
  }

  Result<void> take_marked() {
    TRY(const auto marked, archive.store().dicom().changed_studies());
    for (const auto& study : marked) {
      changed(study.uid);
      settled(study.uid);
    }
    return {};
  }

  ProjectorOptions options;
  Archive& archive;
  std::mutex projecting;
  std::mutex mutex;
  std::condition_variable wake;
  std::map<std::string, Waiting, std::less<>> studies;  // under mutex
  bool is_stopping = false;                             // under mutex
  std::thread thread;
};

Projector::Projector(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Projector>> Projector::start(ProjectorOptions options, Archive& archive) {
  auto impl = std::make_unique<Impl>(std::move(options), archive);
  TRY_DO(impl->take_marked());
  archive.set_listener(impl.get());
  impl->thread = std::thread([impl = impl.get()] { impl->run(); });
  return std::unique_ptr<Projector>(new Projector(std::move(impl)));
}

Projector::~Projector() {
  impl_->archive.set_listener(nullptr);
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->is_stopping = true;
  }
  impl_->wake.notify_all();
  if (impl_->thread.joinable()) impl_->thread.join();
}

Result<void> Projector::project(std::string_view study_uid) { return impl_->project(study_uid); }

Result<void> Projector::drain(const std::function<void(std::size_t left)>& progress) {
  for (;;) {
    TRY(const auto left, impl_->archive.store().dicom().changed_studies());
    if (left.empty()) return {};
    std::size_t count = left.size();
    for (const auto& study : left) {
      if (progress) progress(count--);
      const auto done = impl_->project(study.uid);
      // The thread may have been quicker, and have withdrawn it.
      if (!done && done.error().kind != ProblemKind::not_found) return done;
    }
  }
}

void Projector::run_between(const std::function<void()>& work) {
  const std::lock_guard none_at_a_time(impl_->projecting);
  work();
}

Result<void> Projector::take_marked() { return impl_->take_marked(); }

const ProjectorOptions& Projector::options() const { return impl_->options; }

}  // namespace lightbox::ingest
