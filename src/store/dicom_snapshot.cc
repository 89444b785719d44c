#include "store/dicom_snapshot.h"

#include <algorithm>

#include "store/dicom_index.h"
#include "store/metadata_reader.h"
#include "store/reader.h"

namespace lightbox::store {

struct DicomSnapshot::Impl {
  explicit Impl(ReaderPool::Lease its_reader) : reader(std::move(its_reader)) {}
  ReaderPool::Lease reader;
  MetadataReader metadata{*reader};
  // Between two calls of answer(): a page asks for one study after the other.
  std::unique_ptr<Query> answer;
};

namespace {

struct Place {
  std::int64_t place = 0;
  std::int64_t slot = 0;
  auto operator<=>(const Place&) const = default;
};

// Rows of slot and keys.
Result<void> give_studies(Query& query, const DicomSnapshot::EachStudy& each) {
  while (query.next()) {
    TRY(const bool goes_on, each({.slot = query.integer(0), .keys = query.text(1)}));
    if (!goes_on) return {};
  }
  if (!query.ok()) return query.problem();
  return {};
}

// The studies in these places, in their order, each once.
Result<void> give_places(Database& database, std::vector<Place> places,
                         const DicomSnapshot::EachStudy& each) {
  std::ranges::sort(places);
  const auto rest = std::ranges::unique(places);
  places.erase(rest.begin(), rest.end());
  for (const Place& place : places) {
    bool goes_on = true;
    Query query(database, "SELECT slot, keys FROM dicom_study_key WHERE place=? AND slot=?");
    query.bind(place.place).bind(place.slot);
    TRY_DO(give_studies(query, [&](const StudyKeys& study) -> Result<bool> {
      TRY(goes_on, each(study));
      return goes_on;
    }));
    if (!goes_on) break;
  }
  return {};
}

// The least text that is greater than all that begin with `prefix`; none when there is no such.
std::optional<std::string> after_prefix(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xFF) prefix.pop_back();
  if (prefix.empty()) return std::nullopt;
  ++prefix.back();
  return prefix;
}

// Adds the places of studies with a word of the range; false when there would be too many.
Result<bool> gather(Database& database, const WordRange& range, PlaceWindow window,
                    std::vector<Place>& places) {
  const std::string& word = range.word.word;
  const auto end = range.is_prefix ? after_prefix(word) : std::nullopt;
  Query query(database,
              range.is_prefix
                  ? "SELECT place, slot FROM dicom_study_word WHERE kind=? AND word>=? AND word<? "
                    "AND place BETWEEN ? AND ? LIMIT ?"
                  : "SELECT place, slot FROM dicom_study_word WHERE kind=? AND word=? AND place "
                    "BETWEEN ? AND ? LIMIT ?");
  const std::string last = end.value_or("\xFF");
  query.bind(range.word.kind).bind(std::string_view(word));
  if (range.is_prefix) query.bind(std::string_view(last));
  query.bind(window.low)
      .bind(window.high)
      .bind(static_cast<std::int64_t>(DicomSnapshot::gathered_max + 1 - places.size()));
  while (query.next()) places.push_back({query.integer(0), query.integer(1)});
  if (!query.ok()) return query.problem();
  return places.size() <= DicomSnapshot::gathered_max;
}

Problem damaged() {
  return problem(ProblemKind::internal, "exception", "Metadata are damaged in the store");
}

}  // namespace

DicomSnapshot::DicomSnapshot(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DicomSnapshot::DicomSnapshot(DicomSnapshot&&) noexcept = default;
DicomSnapshot& DicomSnapshot::operator=(DicomSnapshot&&) noexcept = default;
DicomSnapshot::~DicomSnapshot() = default;

Result<DicomSnapshot> DicomSnapshot::take(ReaderPool& readers, Effort effort) {
  TRY(ReaderPool::Lease reader, readers.take());
  if (effort.time_us > 0) {
    reader->limit.deadline =
        std::chrono::steady_clock::now() + std::chrono::microseconds(effort.time_us);
  }
  return DicomSnapshot(std::make_unique<Impl>(std::move(reader)));
}

Result<void> DicomSnapshot::studies(PlaceWindow window, const EachStudy& each) {
  Query query(*impl_->reader,
              "SELECT slot, keys FROM dicom_study_key WHERE place BETWEEN ? AND ? ORDER BY place, "
              "slot");
  query.bind(window.low).bind(window.high);
  return give_studies(query, each);
}

Result<void> DicomSnapshot::studies_with(const StudyWord& word, PlaceWindow window, Needs needs,
                                         const EachStudy& each) {
  Query query(
      *impl_->reader,
      needs == Needs::study
          ? "SELECT slot, '' FROM dicom_study_word WHERE kind=? AND word=? AND place BETWEEN ? AND "
            "? ORDER BY place, slot"
          : "SELECT w.slot, k.keys FROM dicom_study_word w CROSS JOIN dicom_study_key k ON "
            "k.place=w.place AND k.slot=w.slot WHERE w.kind=? AND w.word=? AND w.place BETWEEN ? "
            "AND ? ORDER BY w.place, w.slot");
  query.bind(word.kind).bind(std::string_view(word.word)).bind(window.low).bind(window.high);
  return give_studies(query, each);
}

Result<bool> DicomSnapshot::studies_with_any(const std::vector<WordRange>& words,
                                             PlaceWindow window, const EachStudy& each) {
  std::vector<Place> places;
  for (const WordRange& range : words) {
    TRY(const bool is_small, gather(*impl_->reader, range, window, places));
    if (!is_small) return false;
  }
  TRY_DO(give_places(*impl_->reader, std::move(places), each));
  return true;
}

Result<void> DicomSnapshot::studies_of(const std::vector<std::string>& uids,
                                       const EachStudy& each) {
  std::vector<std::int64_t> studies;
  for (const std::string& uid : uids) {
    Query query(*impl_->reader, "SELECT key FROM dicom_study WHERE uid=?");
    query.bind(std::string_view(uid));
    if (query.next()) studies.push_back(query.integer(0));
    if (!query.ok()) return query.problem();
  }
  return studies_of(studies, each);
}

Result<void> DicomSnapshot::studies_of(const std::vector<std::int64_t>& studies,
                                       const EachStudy& each) {
  std::vector<Place> places;
  for (const std::int64_t study : studies) {
    Query query(*impl_->reader,
                "SELECT a.place, a.slot FROM dicom_study s JOIN dicom_study_answer a ON "
                "a.slot=s.slot WHERE s.key=?");
    query.bind(study);
    if (query.next()) places.push_back({query.integer(0), query.integer(1)});
    if (!query.ok()) return query.problem();
  }
  return give_places(*impl_->reader, std::move(places), each);
}

Result<std::vector<std::int64_t>> DicomSnapshot::studies_of_series(std::string_view series_uid) {
  Query query(*impl_->reader, "SELECT study FROM dicom_series WHERE uid=?");
  query.bind(series_uid);
  std::vector<std::int64_t> studies;
  while (query.next()) studies.push_back(query.integer(0));
  if (!query.ok()) return query.problem();
  return studies;
}

Result<std::int64_t> DicomSnapshot::study_of_instance(std::string_view sop_instance_uid) {
  Query query(*impl_->reader,
              "SELECT e.study FROM dicom_instance i JOIN dicom_series e ON e.key=i.series WHERE "
              "i.uid=?");
  query.bind(sop_instance_uid);
  if (query.next()) return query.integer(0);
  if (!query.ok()) return query.problem();
  return std::int64_t{0};
}

Result<void> DicomSnapshot::answer(std::int64_t slot,
                                   const std::function<void(const StudyAnswer&)>& take) {
  auto query = std::move(impl_->answer);
  if (!query) {
    query = std::make_unique<Query>(
        *impl_->reader,
        "SELECT study, series, instances, uid, modalities, classes, content FROM "
        "dicom_study_answer WHERE slot=?");
  }
  query->bind(slot);
  if (!query->next()) {
    if (!query->ok()) return query->problem();
    return problem(ProblemKind::internal, "exception", "A study of the index has no answer");
  }
  take({.study = query->integer(0),
        .uid = query->text(3),
        .content = query->text(6),
        .modalities = query->text(4),
        .sop_classes = query->text(5),
        .series = static_cast<std::uint64_t>(query->integer(1)),
        .instances = static_cast<std::uint64_t>(query->integer(2))});
  query->reset();
  impl_->answer = std::move(query);
  return {};
}

Result<void> DicomSnapshot::series(std::int64_t study,
                                   const std::function<Result<bool>(const SeriesAnswer&)>& each) {
  Query query(*impl_->reader,
              "SELECT e.key, e.uid, a.content FROM dicom_series e JOIN dicom_series_answer a ON "
              "a.series=e.key WHERE e.study=? ORDER BY a.number, e.uid");
  query.bind(study);
  while (query.next()) {
    TRY(const bool goes_on,
        each({.series = query.integer(0), .uid = query.text(1), .content = query.text(2)}));
    if (!goes_on) return {};
  }
  if (!query.ok()) return query.problem();
  return {};
}

Result<std::uint64_t> DicomSnapshot::instances_of_series(std::int64_t series) {
  Query query(*impl_->reader, "SELECT count(*) FROM dicom_instance WHERE series=?");
  query.bind(series);
  if (!query.next()) return query.problem();
  return static_cast<std::uint64_t>(query.integer(0));
}

Result<void> DicomSnapshot::instances(
    std::int64_t series, const std::function<Result<bool>(const InstanceAnswer&)>& each) {
  Query query(*impl_->reader,
              "SELECT key, uid, sop_class, transfer_syntax, number, number IS NULL FROM "
              "dicom_instance WHERE series=? ORDER BY number, uid");
  query.bind(series);
  while (query.next()) {
    TRY(const bool goes_on,
        each({.instance = query.integer(0),
              .uid = query.text(1),
              .sop_class = query.text(2),
              .transfer_syntax = query.text(3),
              .number = query.integer(5) != 0 ? std::nullopt : std::optional(query.integer(4))}));
    if (!goes_on) return {};
  }
  if (!query.ok()) return query.problem();
  return {};
}

Result<std::string> DicomSnapshot::metadata(std::int64_t instance) {
  TRY(auto metadata, impl_->metadata.read(instance));
  if (!metadata) return damaged();
  return std::move(*metadata);
}

Result<std::uint64_t> DicomSnapshot::study_count() {
  Query query(*impl_->reader, "SELECT studies FROM dicom_count");
  if (!query.next()) return query.problem();
  return static_cast<std::uint64_t>(query.integer(0));
}

Result<DicomSnapshot> DicomIndex::snapshot(Effort effort) {
  return DicomSnapshot::take(readers_, effort);
}

}  // namespace lightbox::store
