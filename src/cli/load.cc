#include "cli/load.h"

#include <atomic>
#include <chrono>
#include <fmt/format.h>
#include <mutex>
#include <unistd.h>

#include "cli/load_target.h"
#include "cli/report.h"
#include "cli/resource_source.h"

namespace lightbox::cli {
namespace {

using Clock = std::chrono::steady_clock;

// Counted on the thread that writes, shown on the one that reads.
struct Tally {
  std::atomic<std::uint64_t> created = 0;
  std::atomic<std::uint64_t> updated = 0;
  std::atomic<std::uint64_t> known = 0;
  std::atomic<std::uint64_t> refused = 0;
  [[nodiscard]] std::uint64_t all() const { return created + updated + known + refused; }
};

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// "[#####.....] 52 %  1,234,567 resources  21,000/s  35 s left" on a terminal; nothing elsewhere.
class ProgressBar {
 public:
  void show(const SourceProgress& progress, const Tally& tally) {
    if (!is_terminal_ || seconds_since(shown_) < 0.1) return;
    shown_ = Clock::now();
    const double seconds = seconds_since(begin_);
    const double share = progress.bytes_total == 0 ? 0
                                                   : static_cast<double>(progress.bytes_read) /
                                                         static_cast<double>(progress.bytes_total);
    const auto filled = static_cast<std::size_t>(share * 30);
    const double left = share > 0 ? seconds / share - seconds : 0;
    fmt::print(stderr, "\r[{:#<{}}{:.<{}}] {:3.0f} %  {} resources  {:.0f}/s  {:.0f} s left   ", "",
               filled, "", 30 - filled, share * 100, tally.all(),
               static_cast<double>(tally.all()) / seconds, left);
  }
  void show_indexing(double share) {
    if (!is_terminal_ || seconds_since(shown_) < 0.1) return;
    shown_ = Clock::now();
    fmt::print(stderr, "\r\x1b[Kwriting the index rows: {:3.0f} %", share * 100);
  }
  void clear() const {
    if (is_terminal_) fmt::print(stderr, "\r\x1b[K");
  }
  [[nodiscard]] double seconds() const { return seconds_since(begin_); }

 private:
  bool is_terminal_ = isatty(STDERR_FILENO) == 1;
  Clock::time_point begin_ = Clock::now();
  Clock::time_point shown_ = begin_;
};

void print_refusal(const Problem& problem, const std::string& where) {
  fmt::print(stderr, "refused: {}\n", where);
  for (const auto& issue : problem.issues) {
    fmt::print(stderr, "  {}{}{}\n", issue.expression, issue.expression.empty() ? "" : ": ",
               issue.diagnostics);
  }
}

Result<void> run(const LoadOptions& options, ProgressBar& bar, Tally& tally) {
  std::mutex printing;
  const auto refuse = [&](const Problem& problem, const std::string& where) {
    const std::lock_guard lock(printing);
    ++tally.refused;
    bar.clear();
    print_refusal(problem, where);
  };
  const LoadReport load_report{.loaded =
                                   [&](Loaded loaded) {
                                     if (loaded == Loaded::created) ++tally.created;
                                     if (loaded == Loaded::updated) ++tally.updated;
                                     if (loaded == Loaded::known) ++tally.known;
                                   },
                               .refused = refuse,
                               .indexing = [&](double share) { bar.show_indexing(share); }};
  TRY_DO(check_files(options.files));
  TRY(auto target, options.to_url.empty() ? open_store_target(options, load_report)
                                          : open_http_target(options, load_report));
  const ResourceSink sink{
      .accept = [&](const fhir::Resource& resource,
                    const std::string& where) { return target->put(resource, where); },
      .refuse = refuse,
      .progress = [&](const SourceProgress& progress) { bar.show(progress, tally); }};
  TRY_DO(read_resources(options.files, options.limits, sink));
  return target->finish();
}

}  // namespace

int load(const LoadOptions& options) {
  ProgressBar bar;
  Tally tally;
  const auto done = run(options, bar, tally);
  bar.clear();
  if (!done) {
    report(done.error());
    // Into a store, what came since its last commit is not there.
    if (tally.all() == 0) return 1;
    fmt::print(stderr, "The load has stopped; loading the same files again goes on\n");
    if (options.to_url.empty()) return 1;
  }
  const double seconds = bar.seconds();
  fmt::print(
      "{} resources in {:.1f} s ({:.0f}/s): {} new, {} changed, {} known already, {} refused\n",
      tally.all(), seconds, static_cast<double>(tally.all()) / seconds, tally.created.load(),
      tally.updated.load(), tally.known.load(), tally.refused.load());
  if (!done) return 1;
  return tally.refused.load() == 0 ? 0 : 2;
}

}  // namespace lightbox::cli
