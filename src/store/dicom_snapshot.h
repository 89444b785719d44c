#pragma once

// What queries read of the DICOM index, as of one instant: studies in the order of answers, found
// by their words; the series of a study, the instances of a series. Which words mean what, and
// whether a study matches, the caller knows (query/).
//
// Belongs to one thread at a time. Its calls fail with too_costly when the effort is spent. Views
// that a callback gets live until it returns; a callback may ask the snapshot further, and ends its
// call by returning false.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/dicom_reading.h"

namespace lightbox::store {

class ReaderPool;
struct Effort;

// Places from `low` to `high`, both included (StudyReading::place).
struct PlaceWindow {
  std::int64_t low = INT64_MIN;
  std::int64_t high = INT64_MAX;
};

// Words of which a study must have one.
struct WordRange {
  StudyWord word;
  bool is_prefix = false;  // else the word itself
};

struct StudyKeys {
  std::int64_t slot = 0;  // where its answer is
  std::string_view keys;  // StudyReading::keys
};
// Whether the keys of studies are needed; else they may be left out.
enum class Needs : std::uint8_t { study, keys };
struct StudyAnswer {
  std::int64_t study = 0;  // the key of its row
  std::string_view uid;
  std::string_view content;     // StudyReading::content
  std::string_view modalities;  // separated by backslashes
  std::string_view sop_classes;
  std::uint64_t series = 0;  // how many
  std::uint64_t instances = 0;
};
struct SeriesAnswer {
  std::int64_t series = 0;  // the key of its row
  std::string_view uid;
  std::string_view content;  // SeriesReading::content
};
struct InstanceAnswer {
  std::int64_t instance = 0;  // the key of its row
  std::string_view uid;
  std::string_view sop_class;
  std::string_view transfer_syntax;
  std::optional<std::int64_t> number;
};

class DicomSnapshot {
 public:
  static Result<DicomSnapshot> take(ReaderPool& readers, Effort effort);
  DicomSnapshot(DicomSnapshot&&) noexcept;
  DicomSnapshot& operator=(DicomSnapshot&&) noexcept;
  ~DicomSnapshot();

  using EachStudy = std::function<Result<bool>(const StudyKeys&)>;
  // All in the window.
  Result<void> studies(PlaceWindow window, const EachStudy& each);
  // Those that have this word.
  Result<void> studies_with(const StudyWord& word, PlaceWindow window, Needs needs,
                            const EachStudy& each);
  // Those that have any of these; false, and nothing is called, when there are more than
  // `gathered_max`: then another way is cheaper.
  Result<bool> studies_with_any(const std::vector<WordRange>& words, PlaceWindow window,
                                const EachStudy& each);
  // Those of these UIDs that are there.
  Result<void> studies_of(const std::vector<std::string>& uids, const EachStudy& each);

  // Of which study something is; 0 when it is not there. A series UID may be that of several.
  Result<std::vector<std::int64_t>> studies_of_series(std::string_view series_uid);
  Result<std::int64_t> study_of_instance(std::string_view sop_instance_uid);
  Result<void> studies_of(const std::vector<std::int64_t>& studies, const EachStudy& each);

  Result<void> answer(std::int64_t slot, const std::function<void(const StudyAnswer&)>& take);
  // In the order of their numbers, then UIDs.
  Result<void> series(std::int64_t study,
                      const std::function<Result<bool>(const SeriesAnswer&)>& each);
  Result<std::uint64_t> instances_of_series(std::int64_t series);
  // Likewise; those without a number come first.
  Result<void> instances(std::int64_t series,
                         const std::function<Result<bool>(const InstanceAnswer&)>& each);
  Result<std::string> metadata(std::int64_t instance);
  // How many studies there are.
  Result<std::uint64_t> study_count();

  static constexpr std::size_t gathered_max = 1'000;

 private:
  struct Impl;
  explicit DicomSnapshot(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lightbox::store
