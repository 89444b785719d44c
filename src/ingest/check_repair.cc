#include "ingest/check_repair.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>
#include <string_view>

#include "dicom/part10.h"
#include "ingest/compression.h"
#include "ingest/files.h"
#include "ingest/hash.h"
#include "ingest/retry.h"

namespace lightbox::ingest {
namespace {

using Kind = CheckFinding::Kind;
using State = CheckFinding::State;
using Outcome = Admitted::Outcome;

const Origin origin{.name = "check", .remote_address = {}};

// Its name there: its bytes' hash, as all that is there.
Result<std::string> quarantine_name(const Archive& archive, const std::string& file) {
  TRY(const auto source, archive.files().open(file));
  TRY(const store::Sha256 hash, hash_from(*source, 0));
  return fmt::format("quarantine/{:02x}.dcm{}", fmt::join(hash, ""),
                     is_compressed(file) ? compressed_suffix : "");
}

class Repairs {
 public:
  explicit Repairs(Archive& archive) : archive_(archive), index_(archive.store().dicom()) {}

  Result<void> mend(CheckFinding& finding) {
    if (finding.kind == Kind::missing || finding.kind == Kind::damaged) {
      TRY(const auto found, index_.find({finding.instance.sop_instance_uid}));
      if (found[0] && found[0]->is_fetched) return release(finding, found[0]->key);
    }
    switch (finding.kind) {
      case Kind::missing:
        return remove_row(finding);
      case Kind::damaged:
        return put_aside(finding);
      case Kind::unindexed:
        return add_again(finding);
      case Kind::quarantined:
        return retry_quarantined(finding);
    }
    return {};
  }

 private:
  // A copy of what another archive has.
  Result<void> release(CheckFinding& finding, std::int64_t key) {
    TRY_DO(archive_.release({key}));
    finding.state = State::removed;
    finding.diagnostics += "; the copy has been removed, and can be fetched again";
    return {};
  }

  Result<void> remove_row(CheckFinding& finding) {
    TRY_DO(index_.remove(finding.instance));
    finding.state = State::removed;
    finding.diagnostics += "; its row has been removed, so that it can be sent again";
    return {};
  }

  // The file goes first: the row of a missing file is removed by the next check, but a damaged file
  // without a row would be indexed as it is.
  Result<void> put_aside(CheckFinding& finding) {
    if (!is_in_place(finding.file)) TRY_DO(quarantine(finding, damaged_code));
    TRY_DO(index_.remove(finding.instance));
    finding.state = is_in_place(finding.file) ? State::removed : State::quarantined;
    finding.diagnostics += "; its row has been removed, so that it can be sent again";
    return {};
  }

  // Listed first: a file there that nothing names would be indexed as it is.
  Result<void> quarantine(const CheckFinding& finding, std::string_view code) {
    TRY(const std::string name, quarantine_name(archive_, finding.file));
    TRY_DO(index_.add_problem({.kind = store::DicomProblemKind::quarantined,
                               .study_uid = finding.instance.study_uid,
                               .series_uid = finding.instance.series_uid,
                               .sop_instance_uid = finding.instance.sop_instance_uid,
                               .source = origin.name,
                               .file = name,
                               .code = std::string(code),
                               .diagnostics = finding.diagnostics}));
    return archive_.files().move(finding.file, name);
  }

  Result<Admitted> add(const std::string& file) {
    auto incoming = archive_.receive(origin);
    if (is_in_place(file)) {
      incoming.set_in_place(file);
    } else {
      TRY(const auto source, archive_.open_file(file));
      TRY_DO(incoming.append_source(*source));
    }
    std::vector<Incoming> objects;
    objects.push_back(std::move(incoming));
    return std::move(archive_.add(std::move(objects)).front());
  }

  // It is read again as if it had just arrived, and goes when its copy is durable.
  Result<void> add_again(CheckFinding& finding) {
    const auto added = add(finding.file);
    if (!added && added.error().kind == ProblemKind::internal) {  // a compressed one
      finding.diagnostics = added.error().issues[0].diagnostics;
      TRY_DO(quarantine(finding, damaged_code));
      finding.state = State::quarantined;
      return {};
    }
    TRY(const auto admitted, added);
    switch (admitted.outcome) {
      case Outcome::stored:
      case Outcome::replaced:
      case Outcome::known:
        finding.state = State::indexed;
        finding.diagnostics += "; it has been indexed";
        break;
      case Outcome::conflict: {
        finding.diagnostics = admitted.problem.issues[0].diagnostics;
        TRY_DO(quarantine(finding, "duplicate"));
        finding.state = State::quarantined;
        return {};
      }
      case Outcome::quarantined:
        finding.state = State::quarantined;
        finding.diagnostics += "; it has gone to quarantine: ";
        finding.diagnostics += admitted.problem.issues[0].diagnostics;
        break;
      case Outcome::failed:
        finding.diagnostics = admitted.problem.issues[0].diagnostics;
        return {};
    }
    return remove_unless_referred_to(finding.file, admitted.sop_instance_uid);
  }

  Result<void> retry_quarantined(CheckFinding& finding) {
    if (finding.is_damaged) return {};
    TRY(const auto listed, index_.quarantined(finding.file));
    if (listed.empty()) return {};
    const auto admitted = retry(archive_, listed.front());
    if (!admitted) {
      finding.diagnostics = admitted.error().issues[0].diagnostics;
      return {};
    }
    finding.state = State::indexed;
    return {};
  }

  // What was added may have got, or kept, this very name.
  Result<void> remove_unless_referred_to(const std::string& file, const std::string& uid) {
    TRY(const auto found, index_.find({uid}));
    if (found[0] && found[0]->file == file) return {};
    TRY(const auto named, index_.quarantined(file));
    if (!named.empty()) return {};
    if (archive_.files().remove(file)) return {};
    return problem(ProblemKind::unavailable, "It cannot be removed");
  }

  Archive& archive_;
  store::DicomIndex& index_;
};

// Of which instance or file a problem is.
std::string subject_of(const std::string& sop_instance_uid, const std::string& file) {
  return sop_instance_uid.empty() ? file : sop_instance_uid;
}

}  // namespace

Result<void> repair_findings(Archive& archive, const CheckOptions& options, CheckReport& report) {
  Repairs repairs(archive);
  const auto is_wanted = [&](Kind kind) {
    return kind == Kind::quarantined ? options.retry == Retry::quarantined
                                     : options.repair == Repair::yes;
  };
  for (const Kind kind : {Kind::missing, Kind::damaged, Kind::unindexed, Kind::quarantined}) {
    for (CheckFinding& finding : report.findings) {
      if (finding.kind != kind || !is_wanted(kind)) continue;
      if (options.is_stopped != nullptr && *options.is_stopped) {
        report.is_complete = false;
        return {};
      }
      if (auto mended = repairs.mend(finding); !mended) {
        finding.diagnostics += "; " + mended.error().issues[0].diagnostics;
      }
    }
  }
  // An unindexed file may have been what a row lacked.
  for (CheckFinding& finding : report.findings) {
    const bool is_lost = finding.kind == Kind::missing || finding.kind == Kind::damaged;
    if (!is_lost || finding.state == State::left) continue;
    TRY(const auto found, archive.store().dicom().find({finding.instance.sop_instance_uid}));
    if (!found[0]) continue;
    finding.state = State::indexed;
    finding.diagnostics += "; a good file was found elsewhere, and is indexed";
  }
  return {};
}

Result<void> list_findings(Archive& archive, const CheckReport& report) {
  store::DicomIndex& index = archive.store().dicom();
  std::set<std::string> still;
  for (const CheckFinding& finding : report.findings) {
    const bool is_lost = finding.kind == Kind::missing || finding.kind == Kind::damaged;
    if (is_lost ? finding.state == State::indexed
                : finding.kind != Kind::unindexed || finding.state != State::left) {
      continue;
    }
    still.insert(subject_of(finding.instance.sop_instance_uid, finding.file));
  }
  TRY(const auto listed, index.problems(store::DicomProblemKind::check));
  for (const auto& one : listed) {
    if (!report.is_complete) break;
    // What is still so is listed anew, as it is now.
    bool is_to_go =
        one.sop_instance_uid.empty() || still.contains(subject_of(one.sop_instance_uid, one.file));
    if (!is_to_go) {
      TRY(const auto found, index.find({one.sop_instance_uid}));
      is_to_go = found[0].has_value();
    }
    if (is_to_go) TRY_DO(index.remove_problem(one.key));
  }
  for (const CheckFinding& finding : report.findings) {
    if (!still.contains(subject_of(finding.instance.sop_instance_uid, finding.file))) continue;
    TRY_DO(index.add_problem({.kind = store::DicomProblemKind::check,
                              .study_uid = finding.instance.study_uid,
                              .series_uid = finding.instance.series_uid,
                              .sop_instance_uid = finding.instance.sop_instance_uid,
                              .source = origin.name,
                              .file = finding.file,
                              .code = finding.kind == Kind::missing ? "not-found" : "incomplete",
                              .diagnostics = finding.diagnostics}));
  }
  return {};
}

}  // namespace lightbox::ingest
