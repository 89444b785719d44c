#include "cli/check.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <memory>
#include <thread>

#include "cli/progress_line.h"
#include "cli/report.h"
#include "cli/stop_signal.h"
#include "ingest/archive.h"
#include "ingest/check.h"
#include "store/store.h"

namespace lightbox::cli {
namespace {

using ingest::CheckFinding;
using Kind = CheckFinding::Kind;
using State = CheckFinding::State;

constexpr std::size_t page_size = 1'000;

struct Opened {
  std::unique_ptr<store::Store> store;
  std::unique_ptr<ingest::Archive> archive;
};

// A folder that is not there is a mistake here, not a wish for a new one.
Result<Opened> open_data(const ingest::ArchiveOptions& archive,
                         const ingest::ProjectorOptions& options) {
  const std::string& data = archive.data_directory;
  std::error_code error;
  if (!std::filesystem::exists(data + "/lightbox.db", error)) {
    return problem(ProblemKind::not_found, fmt::format("{} is no data folder of Lightbox", data));
  }
  Opened opened;
  TRY(opened.store,
      store::Store::open(
          {.data_directory = data, .limits = options.limits, .index = options.index}));
  TRY(opened.archive, ingest::Archive::open(archive, *opened.store));
  return opened;
}

std::string_view word_of(Kind kind) {
  switch (kind) {
    case Kind::missing:
      return "missing";
    case Kind::damaged:
      return "damaged";
    case Kind::unindexed:
      return "not indexed";
    case Kind::quarantined:
      return "quarantined";
  }
  return "";
}

// What an operator still has to look at. What is in quarantine has been listed when it arrived. A
// file without a row that cannot be indexed was never acknowledged: a crash left it half written.
bool is_open(const CheckFinding& finding, bool is_retrying) {
  if (finding.kind == Kind::unindexed && finding.state == State::quarantined) return false;
  if (finding.kind == Kind::quarantined && !is_retrying) return false;
  return finding.state != State::indexed;
}

void print_finding(const CheckFinding& finding) {
  // Those that have been listed before and are not tried again.
  if (finding.kind == Kind::quarantined && finding.state == State::left) return;
  fmt::print(stderr, "{}: {}\n", word_of(finding.kind), finding.diagnostics);
  if (!finding.instance.sop_instance_uid.empty()) {
    fmt::print(stderr, "    study {}, series {}, instance {}\n", finding.instance.study_uid,
               finding.instance.series_uid, finding.instance.sop_instance_uid);
  }
}

// Whether all is well.
bool print_report(const ingest::CheckReport& report, bool is_retrying) {
  for (const auto& finding : report.findings) print_finding(finding);
  const auto count = [&](Kind kind) {
    return std::ranges::count(report.findings, kind, &CheckFinding::kind);
  };
  const auto open = std::ranges::count_if(
      report.findings, [&](const CheckFinding& finding) { return is_open(finding, is_retrying); });
  fmt::print(
      "{} files, {} bytes ({} as kept): {} missing, {} damaged, {} not indexed, {} in quarantine; "
      "{} left to look at\n",
      report.files, report.bytes, report.bytes_kept, count(Kind::missing), count(Kind::damaged),
      count(Kind::unindexed), count(Kind::quarantined), open);
  return open == 0;
}

Result<bool> run(const CheckCommand& command, ProgressLine& progress) {
  TRY(const auto opened, open_data(command.archive, command.projector));
  ingest::CheckOptions options{
      .repair = command.is_repairing ? ingest::Repair::yes : ingest::Repair::no,
      .retry = command.is_retrying ? ingest::Retry::quarantined : ingest::Retry::no,
      .threads =
          command.threads > 0 ? command.threads : std::max(1U, std::thread::hardware_concurrency()),
      .progress =
          [&](const ingest::CheckProgress& so_far) {
            if (!progress.is_due()) return;
            const double share =
                so_far.bytes_total == 0
                    ? 1
                    : static_cast<double>(so_far.bytes) / static_cast<double>(so_far.bytes_total);
            const double seconds = progress.seconds();
            progress.show(fmt::format("{:3.0f} % {} of {} files, {:.1f} MB/s, {} left", share * 100,
                                      so_far.files, so_far.files_total,
                                      static_cast<double>(so_far.bytes) / seconds / 1e6,
                                      duration_text(share > 0 ? seconds / share - seconds : 0)));
          },
      .is_stopped = &stop_wish()};
  TRY(const auto report, ingest::check(*opened.archive, options));
  progress.clear();
  const bool is_well = print_report(report, command.is_retrying);
  if (!report.is_complete) return false;
  if (command.is_remapping) {
    TRY(const auto studies, opened.store->dicom().mark_changed({}));
    fmt::print("{} studies to map again\n", studies);
  }
  TRY(const auto projector, ingest::Projector::start(command.projector, *opened.archive));
  // Safe to be killed from now on: what is marked changed stays so.
  forget_stop_signals();
  TRY_DO(projector->drain([&](std::size_t left) {
    if (progress.is_due()) progress.show(fmt::format("{} studies to map", left));
  }));
  progress.clear();
  return is_well;
}

void print_problem(const store::DicomProblem& one) {
  const std::chrono::system_clock::time_point at{std::chrono::milliseconds(one.at_ms)};
  fmt::print("{:%Y-%m-%dT%H:%M:%SZ} {}: {}\n", std::chrono::floor<std::chrono::seconds>(at),
             store::name_of(one.kind), one.diagnostics);
  const auto detail = [](std::string_view name, const std::string& value) {
    if (!value.empty()) fmt::print("    {} {}\n", name, value);
  };
  detail("study", one.study_uid);
  detail("series", one.series_uid);
  detail("instance", one.sop_instance_uid);
  detail("from", one.source);
  detail("file", one.file);
}

Result<std::uint64_t> print_problems(const std::string& data,
                                     const ingest::ProjectorOptions& options) {
  TRY(const auto opened, open_data({.data_directory = data, .limits = options.limits}, options));
  std::uint64_t count = 0;
  std::int64_t after = 0;
  while (true) {
    TRY(const auto page, opened.store->dicom().problems(after, page_size));
    if (page.empty()) return count;
    after = page.back().key;
    count += page.size();
    std::ranges::for_each(page, print_problem);
  }
}

}  // namespace

int check_archive(const CheckCommand& command) {
  watch_stop_signals();
  ProgressLine progress;
  const auto is_well = run(command, progress);
  progress.clear();
  if (!is_well) {
    report(is_well.error());
    return 1;
  }
  if (is_stop_asked()) {
    fmt::print(stderr, "The check has stopped; it begins anew when it is started again\n");
    return 1;
  }
  return *is_well ? 0 : 2;
}

int list_problems(const std::string& data, const ingest::ProjectorOptions& options) {
  const auto count = print_problems(data, options);
  if (!count) {
    report(count.error());
    return 1;
  }
  fmt::print("{} problems\n", *count);
  return 0;
}

}  // namespace lightbox::cli
