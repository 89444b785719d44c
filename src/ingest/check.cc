#include "ingest/check.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>
#include <string_view>
#include <thread>
#include <utility>

#include "dicom/part10.h"
#include "ingest/check_repair.h"
#include "ingest/compression.h"
#include "ingest/files.h"
#include "ingest/hash.h"

namespace lightbox::ingest {
namespace {

using Kind = CheckFinding::Kind;

constexpr std::size_t page_size = 1'000;
constexpr std::size_t lost_max = 100;  // and half of all: then a disk is missing

bool is_stopped(const CheckOptions& options) {
  return options.is_stopped != nullptr && *options.is_stopped;
}

// nullopt: the file is what the index says.
std::optional<CheckFinding> look_at(const Archive& archive, const store::StoredFile& stored) {
  const auto finding = [&](Kind kind, std::string diagnostics) {
    return CheckFinding{.kind = kind,
                        .file = stored.file,
                        .instance = stored.instance,
                        .diagnostics = std::move(diagnostics)};
  };
  const std::string location = archive.location_of(stored.file);
  const auto source = archive.open_file(stored.file);
  if (!source) {
    const bool is_missing = source.error().kind == ProblemKind::not_found;
    return finding(is_missing ? Kind::missing : Kind::damaged,
                   source.error().issues[0].diagnostics);
  }
  if ((*source)->size() != stored.file_bytes) {
    return finding(Kind::damaged, fmt::format("The file {} has {} bytes; it must have {}", location,
                                              (*source)->size(), stored.file_bytes));
  }
  const auto hash = hash_from(**source, stored.data_set_offset);
  if (!hash) return finding(Kind::damaged, hash.error().issues[0].diagnostics);
  if (*hash == stored.hash) return std::nullopt;
  return finding(Kind::damaged,
                 fmt::format("The file {} has other bytes than those that arrived", location));
}

// ".../<SOPInstanceUID>.dcm", or "…-1.dcm" where that was taken; compressed with ".zst" behind it.
std::string instance_of(std::string_view name) {
  name.remove_prefix(name.rfind('/') + 1);
  if (is_compressed(name)) name.remove_suffix(compressed_suffix.size());
  name = name.substr(0, name.rfind('.'));
  return std::string(name.substr(0, name.find('-')));
}

class Check {
 public:
  Check(Archive& archive, const CheckOptions& options)
      : archive_(archive), options_(options), index_(archive.store().dicom()) {}

  Result<CheckReport> run() {
    TRY_DO(check_rows());
    TRY_DO(check_tree());
    TRY_DO(check_quarantine());
    if (options_.repair == Repair::yes || options_.retry == Retry::quarantined) {
      TRY_DO(check_losses());
      TRY_DO(repair_findings(archive_, options_, report_));
    }
    TRY_DO(list_findings(archive_, report_));
    return std::move(report_);
  }

 private:
  Result<void> check_rows() {
    TRY(const auto counts, index_.counts());
    progress_.files_total = counts.instances - counts.remote;
    progress_.bytes_total = counts.file_bytes;
    std::int64_t after = 0;
    while (!is_stopped(options_)) {
      TRY(const auto page, index_.files(after, page_size));
      if (page.empty()) return {};
      check_page(page);
      after = page.back().key;
    }
    report_.is_complete = false;
    return {};
  }

  void check_page(const std::vector<store::StoredFile>& page) {
    std::vector<std::optional<CheckFinding>> found(page.size());
    std::atomic<std::size_t> next = 0;
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < options_.threads; ++i) {
      threads.emplace_back([&] {
        for (std::size_t at = next++; at < page.size() && !is_stopped(options_); at = next++) {
          found[at] = look_at(archive_, page[at]);
        }
      });
    }
    for (auto& thread : threads) thread.join();
    for (std::size_t at = 0; at < page.size(); ++at) {
      ++report_.files;
      report_.bytes += page[at].file_bytes;
      if (found[at]) report_.findings.push_back(std::move(*found[at]));
    }
    tell();
  }

  // Every file by day and study.
  Result<void> check_tree() {
    std::vector<std::string> names;
    Result<void> checked;
    TRY_DO(archive_.files().walk("", [&](std::string_view name, std::uint64_t bytes) {
      if (is_stopped(options_)) {
        report_.is_complete = false;
        return false;
      }
      if (name.starts_with("quarantine/")) return true;
      report_.bytes_kept += bytes;
      names.emplace_back(name);
      if (names.size() == page_size) checked = check_names(names);
      return checked.has_value();
    }));
    TRY_DO(std::move(checked));
    return report_.is_complete ? check_names(names) : Result<void>();
  }

  Result<void> check_names(std::vector<std::string>& names) {
    std::vector<store::StoredFile> files;
    for (const std::string& name : names) {
      store::StoredFile file;
      file.instance.sop_instance_uid = instance_of(name);
      file.file = name;
      files.push_back(std::move(file));
    }
    TRY(const auto known, index_.has_files(files));
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!known[i]) add_unindexed(names[i]);
    }
    names.clear();
    tell();
    return {};
  }

  void add_unindexed(const std::string& name) {
    report_.findings.push_back(
        {.kind = Kind::unindexed,
         .file = name,
         .instance = {},
         .diagnostics = fmt::format("The file {} has no row", archive_.location_of(name))});
  }

  Result<void> check_quarantine() {
    std::set<std::string> listed;
    TRY(const auto problems, index_.problems(store::DicomProblemKind::quarantined));
    for (const auto& one : problems) {
      if (one.file.empty() || !listed.insert(one.file).second) continue;
      report_.findings.push_back({.kind = Kind::quarantined,
                                  .file = one.file,
                                  .instance = {one.study_uid, one.series_uid, one.sop_instance_uid},
                                  .diagnostics = one.diagnostics,
                                  .is_damaged = one.code == damaged_code});
    }
    return archive_.files().walk("quarantine/",
                                 [&](std::string_view name, std::uint64_t /*bytes*/) {
                                   if (!listed.contains(std::string(name)))
                                     add_unindexed(std::string(name));
                                   return true;
                                 });
  }

  // An unmounted disk must not cost the index.
  [[nodiscard]] Result<void> check_losses() const {
    const auto lost = static_cast<std::uint64_t>(
        std::ranges::count_if(report_.findings, [](const CheckFinding& finding) {
          return finding.kind == Kind::missing || finding.kind == Kind::damaged;
        }));
    if (options_.repair == Repair::no || lost < lost_max || lost * 2 < report_.files) return {};
    return problem(ProblemKind::precondition_failed,
                   fmt::format("{} of {} files are missing or damaged: is a disk not mounted? "
                               "Nothing has been repaired. Such an index is given up with its "
                               "folder, not repaired",
                               lost, report_.files));
  }

  void tell() {
    progress_.files = report_.files;
    progress_.bytes = report_.bytes;
    if (options_.progress) options_.progress(progress_);
  }

  Archive& archive_;
  const CheckOptions& options_;
  store::DicomIndex& index_;
  CheckReport report_;
  CheckProgress progress_;
};

}  // namespace

Result<CheckReport> check(Archive& archive, const CheckOptions& options) {
  return Check(archive, options).run();
}

}  // namespace lightbox::ingest
