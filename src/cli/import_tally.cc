#include "cli/import_tally.h"

#include <fmt/format.h>

namespace lightbox::cli {

void ImportTally::take(const std::string& name, std::uint64_t bytes,
                       const ingest::Admitted& admitted) {
  ++objects_;
  bytes_ += bytes;
  const std::lock_guard lock(mutex_);
  ++outcomes_.at(static_cast<std::size_t>(admitted.outcome));
  if (admitted.is_accepted()) {
    studies_.insert(admitted.study_uid);
  } else if (admitted.outcome == Outcome::conflict) {
    problems_.add("refused (conflict)", name, admitted.problem);
  } else if (admitted.outcome == Outcome::quarantined) {
    problems_.add("quarantined", name, admitted.problem);
  } else {
    problems_.add("refused", name, admitted.problem);
  }
}

void ImportTally::unreadable(const std::string& name, const std::string& reason) {
  const std::lock_guard lock(mutex_);
  problems_.add("not read", name, reason);
}

std::uint64_t ImportTally::problems() {
  const std::lock_guard lock(mutex_);
  return problems_.total();
}

void ImportTally::print(double seconds) {
  const std::lock_guard lock(mutex_);
  problems_.print();
  const auto count = [&](Outcome outcome) {
    return outcomes_.at(static_cast<std::size_t>(outcome));
  };
  fmt::print(
      "{} instances in {:.1f} s ({:.0f}/s, {:.1f} MB/s): {} studies, {} new, {} known already",
      objects_.load(), seconds, static_cast<double>(objects_) / seconds,
      static_cast<double>(bytes_) / seconds / 1e6, studies_.size(), count(Outcome::stored),
      count(Outcome::known));
  if (count(Outcome::replaced) > 0) fmt::print(", {} replaced", count(Outcome::replaced));
  fmt::print(", {} conflicts, {} quarantined, {} refused; {} files are not DICOM\n",
             count(Outcome::conflict), count(Outcome::quarantined), count(Outcome::failed),
             passed_over_.load());
}

}  // namespace lightbox::cli
