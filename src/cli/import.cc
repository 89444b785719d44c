#include "cli/import.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <fmt/format.h>
#include <thread>

#include "cli/import_queue.h"
#include "cli/import_source.h"
#include "cli/progress_line.h"
#include "cli/report.h"
#include "cli/stop_signal.h"

namespace lightbox::cli {
namespace {

constexpr unsigned threads_least = 4;  // they wait for the disk more than they compute

unsigned threads_of(const ImportOptions& options) {
  if (!options.to_url.empty()) return options.connections;
  if (options.threads > 0) return options.threads;
  return std::max(threads_least, std::thread::hardware_concurrency());
}

// Failures that the next object would meet as well.
bool is_of_all(const Problem& problem) {
  return problem.kind == ProblemKind::insufficient_storage ||
         problem.kind == ProblemKind::unavailable || problem.kind == ProblemKind::internal ||
         problem.kind == ProblemKind::forbidden;
}

// One thread finds files, others read and add them; the caller's shows how far they are.
class Import {
 public:
  Import(const ImportOptions& options, ImportTarget& target, ImportTally& tally)
      : options_(options), target_(target), tally_(tally), source_(options, target, tally) {}

  Result<void> check_paths() const { return source_.check_paths(); }

  // Fails with what ended it before all was added.
  Result<void> run(ProgressLine& progress) {
    std::vector<std::thread> threads;
    threads.emplace_back([this] { source_.count(total_, is_stopped_); });
    std::thread finder([this] { find(); });
    std::vector<std::thread> adders;
    for (unsigned i = 0; i < threads_of(options_); ++i) {
      ++adding_;
      adders.emplace_back([this] {
        add_all();
        --adding_;
      });
    }
    while (adding_ > 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      if (is_stop_asked() && !is_stopped_) stop();
      if (progress.is_due()) progress.show(progress_text(progress.seconds()));
    }
    stop();
    finder.join();
    for (auto& thread : adders) thread.join();
    for (auto& thread : threads) thread.join();
    const std::lock_guard lock(mutex_);
    if (failure_) return *failure_;
    return {};
  }

 private:
  void stop() {
    is_stopped_ = true;
    queue_.stop();
  }

  void fail(Problem problem) {
    {
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::move(problem);
    }
    stop();
  }

  void find() {
    auto found =
        source_.find_all([this](ImportObject object) { return queue_.push(std::move(object)); });
    if (!found) fail(std::move(found).error());
    queue_.end();
  }

  void add_all() {
    while (true) {
      auto found = queue_.pop(target_.batch_max());
      if (found.empty()) return;
      Batch batch;
      for (auto& object : found) {
        auto opened = source_.open(std::move(object), [&](ImportObject dicom) {
          batch.bytes += ImportRoom::of(dicom);
          batch.objects.push_back(std::move(dicom));
          if (batch.objects.size() >= target_.batch_max() ||
              batch.bytes >= ImportRoom::batch_bytes_max) {
            add(batch);
          }
          return !is_stopped_;
        });
        if (!opened) return fail(std::move(opened).error());
        if (is_stopped_) break;
      }
      add(batch);
    }
  }

  struct Batch {
    std::vector<ImportObject> objects;
    std::uint64_t bytes = 0;
  };

  void add(Batch& batch) {
    if (batch.objects.empty()) return;
    std::vector<std::pair<std::string, std::uint64_t>> names;
    for (const auto& object : batch.objects) names.emplace_back(object.name, object.bytes);
    const auto admitted = target_.add(std::move(batch.objects));
    for (std::size_t i = 0; i < admitted.size(); ++i) {
      if (admitted[i].outcome == ingest::Admitted::Outcome::failed &&
          is_of_all(admitted[i].problem)) {
        fail(admitted[i].problem);
        continue;
      }
      tally_.take(names[i].first, names[i].second, admitted[i]);
    }
    batch = {};
  }

  [[nodiscard]] std::string progress_text(double seconds) const {
    const std::uint64_t files = source_.files_done();
    std::string text =
        fmt::format("{} files, {} instances, {:.0f}/s, {:.1f} MB/s", files, tally_.objects(),
                    static_cast<double>(tally_.objects()) / seconds,
                    static_cast<double>(tally_.bytes()) / seconds / 1e6);
    const auto total = static_cast<double>(total_.bytes);
    const auto bytes = static_cast<double>(source_.bytes_done());
    if (total_.is_known && bytes > 0 && bytes <= total) {
      text = fmt::format("{:3.0f} % {}, {} left", bytes / total * 100, text,
                         duration_text(seconds / bytes * (total - bytes)));
    }
    return text;
  }

  const ImportOptions& options_;
  ImportTarget& target_;
  ImportTally& tally_;
  ImportSource source_;
  ImportTotal total_;
  ImportQueue queue_;
  std::atomic<unsigned> adding_ = 0;
  std::atomic<bool> is_stopped_ = false;
  std::mutex mutex_;
  std::optional<Problem> failure_;
};

Result<void> run(const ImportOptions& options, ProgressLine& progress, ImportTally& tally) {
  TRY(const auto target,
      options.to_url.empty() ? open_archive_target(options) : open_stow_target(options));
  Import import_all(options, *target, tally);
  TRY_DO(import_all.check_paths());
  TRY_DO(import_all.run(progress));
  if (is_stop_asked()) return {};
  return target->finish([&](std::uint64_t studies) {
    if (progress.is_due()) progress.show(fmt::format("{} studies to make resources of", studies));
  });
}

}  // namespace

int import_objects(const ImportOptions& options) {
  watch_stop_signals();
  ProgressLine progress;
  ImportTally tally;
  const auto done = run(options, progress, tally);
  progress.clear();
  if (!done) report(done.error());
  if (tally.objects() > 0 || done) {
    if (!options.to_url.empty()) {
      fmt::print(stderr,
                 "What the server knew already counts as new, unless it says so, as "
                 "Lightbox does\n");
    }
    tally.print(progress.seconds());
  }
  if (!done || is_stop_asked()) {
    if (tally.objects() > 0) {
      fmt::print(stderr,
                 "The import has stopped. What it counts as new is there; the same command again "
                 "goes on\n");
    }
    return 1;
  }
  return tally.problems() == 0 ? 0 : 2;
}

}  // namespace lightbox::cli
