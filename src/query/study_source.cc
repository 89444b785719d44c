#include "query/study_source.h"

#include <algorithm>
#include <array>

#include "query/name.h"
#include "query/study_keys.h"

namespace lightbox::query {
namespace {

using Kind = Criterion::Kind;
using store::StudyWord;
using store::WordRange;

// An attribute whose values are words, the most telling first.
struct WordAttribute {
  dicom::Tag sequence;  // 0: none
  dicom::Tag tag;
  WordKind kind;
  bool is_identifier;  // few studies have the same
};
constexpr std::array word_attributes = {
    WordAttribute{0, tags::AccessionNumber, WordKind::accession_number, true},
    WordAttribute{0, tags::PatientID, WordKind::patient_id, true},
    WordAttribute{tags::RequestAttributesSequence, tags::RequestedProcedureID,
                  WordKind::requested_procedure, true},
    WordAttribute{tags::RequestAttributesSequence, tags::ScheduledProcedureStepID,
                  WordKind::scheduled_step, true},
    WordAttribute{0, tags::StudyID, WordKind::study_id, false},
    WordAttribute{0, tags::SOPClassesInStudy, WordKind::sop_class, false},
    WordAttribute{0, tags::SOPClassUID, WordKind::sop_class, false},
    WordAttribute{0, tags::Modality, WordKind::modality, false},
    WordAttribute{0, tags::ModalitiesInStudy, WordKind::modality, false},
};
struct NameAttribute {
  dicom::Tag tag;
  WordKind kind;
  WordKind sound;
};
constexpr std::array name_attributes = {
    NameAttribute{tags::PatientName, WordKind::patient_name, WordKind::patient_name_sound},
    NameAttribute{tags::ReferringPhysicianName, WordKind::referring_physician,
                  WordKind::referring_physician_sound},
};

const Criterion* find(const std::vector<Criterion>& criteria, dicom::Tag tag) {
  const auto found = std::ranges::find(criteria, tag, &Criterion::tag);
  return found == criteria.end() ? nullptr : &*found;
}

const Criterion* find(const Query& query, const WordAttribute& attribute) {
  if (attribute.sequence == 0) return find(query.criteria, attribute.tag);
  const Criterion* sequence = find(query.criteria, attribute.sequence);
  return sequence == nullptr ? nullptr : find(sequence->items, attribute.tag);
}

// The UIDs that a criterion names, or that the resource does.
std::vector<std::string> uids_of(const Query& query, dicom::Tag tag, const std::string& of_path) {
  if (!of_path.empty()) return {of_path};
  const Criterion* criterion = find(query.criteria, tag);
  return criterion != nullptr && criterion->kind == Kind::uid ? criterion->values
                                                              : std::vector<std::string>();
}

// A text with a wildcard: what stands before it.
std::string_view beginning_of(std::string_view pattern) {
  return pattern.substr(0, pattern.find_first_of("*?"));
}

// Words that lead to all values that match; none when there are no such.
std::vector<WordRange> ranges_of(const Criterion& criterion, WordKind kind) {
  std::vector<WordRange> ranges;
  if (criterion.kind != Kind::text && criterion.kind != Kind::uid) return ranges;
  for (const std::string& value : criterion.values) {
    const std::string_view beginning = beginning_of(value);
    if (beginning.empty()) return {};
    ranges.push_back({word(kind, beginning), beginning.size() < value.size()});
  }
  return ranges;
}

// The longest word that a name must have, or the beginning of one.
std::vector<WordRange> ranges_of_name(const std::string& key, WordKind kind) {
  std::optional<WordRange> best;
  const auto better = [&](const WordRange& range) {
    if (!best || best->is_prefix != range.is_prefix) return !best || best->is_prefix;
    return range.word.word.size() > best->word.word.size();
  };
  // Up to the first wildcard, all words but the last are whole.
  const std::string_view beginning = beginning_of(key);
  const bool is_whole = beginning.size() == key.size();
  const std::string marked = std::string(beginning) + (is_whole ? " " : "");
  std::size_t start = 0;
  for (std::size_t at = 0; at <= marked.size(); ++at) {
    const bool is_end = at == marked.size();
    const bool is_separator =
        !is_end && std::string_view("^=\\ -.,'").find(marked[at]) != std::string_view::npos;
    if (!is_end && !is_separator) continue;
    if (at > start) {
      const WordRange range{word(kind, std::string_view(marked).substr(start, at - start)),
                            is_end && !is_whole};
      if (better(range)) best = range;
    }
    start = at + 1;
  }
  return best ? std::vector{*best} : std::vector<WordRange>();
}

struct Way {
  std::vector<WordRange> ranges;
  // The criterion that whatever has one of the words matches; nullptr: it must be compared.
  const Criterion* settles = nullptr;

  [[nodiscard]] bool is_one_word() const { return ranges.size() == 1 && !ranges[0].is_prefix; }
};
using Ways = std::vector<Way>;

void add_way(std::vector<WordRange> ranges, Ways& ways, const Criterion* settles = nullptr) {
  if (!ranges.empty()) ways.push_back({std::move(ranges), settles});
}

// Of a fuzzy name each word is a way, the longest first.
void add_ways_of(const Criterion& criterion, const NameAttribute& attribute, Ways& ways) {
  if (criterion.kind == Kind::name && criterion.values.size() == 1) {
    add_way(ranges_of_name(criterion.values[0], attribute.kind), ways);
  }
  if (criterion.kind != Kind::fuzzy_name) return;
  std::vector<std::string> words = criterion.values;
  std::ranges::stable_sort(words, std::ranges::greater(), &std::string::size);
  for (const std::string& one : words) {
    std::vector<WordRange> ranges = {{word(attribute.kind, one), true}};
    const std::string sound = sound_of(one);
    if (!sound.empty()) ranges.push_back({word(attribute.sound, sound), false});
    add_way(std::move(ranges), ways);
  }
}

// All ways by words, the best first.
Ways ways_of(const Query& query) {
  Ways ways;
  for (const bool is_identifier : {true, false}) {
    for (const WordAttribute& attribute : word_attributes) {
      if (attribute.is_identifier != is_identifier) continue;
      if (const Criterion* criterion = find(query, attribute)) {
        // Of a series or instance, not all of the study have it.
        const bool is_of_study = attribute.sequence == 0 && level_of(attribute.tag) <= Level::study;
        const bool is_whole = criterion->exact().size() < word_bytes_max;
        add_way(ranges_of(*criterion, attribute.kind), ways,
                is_of_study && is_whole ? criterion : nullptr);
      }
    }
    if (!is_identifier) continue;
    for (const NameAttribute& attribute : name_attributes) {
      if (const Criterion* criterion = find(query.criteria, attribute.tag)) {
        add_ways_of(*criterion, attribute, ways);
      }
    }
  }
  return ways;
}

// The studies of the UIDs that the query names; nullopt when it names none.
Result<std::optional<std::vector<std::int64_t>>> named_studies(store::DicomSnapshot& snapshot,
                                                               const Query& query) {
  std::vector<std::int64_t> studies;
  const auto instances = uids_of(query, tags::SOPInstanceUID, {});
  for (const std::string& uid : instances) {
    TRY(const std::int64_t study, snapshot.study_of_instance(uid));
    if (study != 0) studies.push_back(study);
  }
  if (!instances.empty()) return std::optional(std::move(studies));
  const auto series = uids_of(query, tags::SeriesInstanceUID, query.series_uid);
  for (const std::string& uid : series) {
    TRY(const auto of_series, snapshot.studies_of_series(uid));
    studies.insert(studies.end(), of_series.begin(), of_series.end());
  }
  if (!series.empty()) return std::optional(std::move(studies));
  return std::optional<std::vector<std::int64_t>>();
}

}  // namespace

store::PlaceWindow window_of(const Query& query) {
  const Criterion* date = find(query.criteria, tags::StudyDate);
  if (date == nullptr || (date->kind != Kind::moment && date->kind != Kind::date_time)) return {};
  Interval interval = date->range.interval;
  if (date->kind == Kind::date_time) {
    // A study without a time is at the begin of its day.
    if (interval.low != INT64_MIN) interval.low -= day_us;
    if (interval.high != INT64_MAX) interval.high += day_us;
  }
  store::PlaceWindow window{.low = INT64_MIN, .high = INT64_MAX - 1};
  if (interval.high != INT64_MAX) window.low = -interval.high + 1;
  if (interval.low != INT64_MIN) window.high = -interval.low;
  return window;
}

bool is_bounded(const Query& query) {
  for (const auto& [tag, of_path] : {std::pair{tags::StudyInstanceUID, query.study_uid},
                                     std::pair{tags::SeriesInstanceUID, query.series_uid},
                                     std::pair{tags::SOPInstanceUID, std::string()}}) {
    if (!uids_of(query, tag, of_path).empty()) return true;
  }
  return std::ranges::any_of(word_attributes, [&](const WordAttribute& attribute) {
    const Criterion* criterion = attribute.is_identifier ? find(query, attribute) : nullptr;
    return criterion != nullptr && !criterion->exact().empty();
  });
}

namespace {

bool has_uids(const Query& query) {
  return !uids_of(query, tags::StudyInstanceUID, query.study_uid).empty() ||
         !uids_of(query, tags::SeriesInstanceUID, query.series_uid).empty() ||
         !uids_of(query, tags::SOPInstanceUID, {}).empty();
}

}  // namespace

std::vector<const Criterion*> settled_by_source(const Query& query) {
  std::vector<const Criterion*> settled;
  if (has_uids(query)) return settled;
  const Criterion* date = find(query.criteria, tags::StudyDate);
  if (date != nullptr && date->kind == Kind::moment) settled.push_back(date);
  const Ways ways = ways_of(query);
  if (!ways.empty() && ways[0].is_one_word() && ways[0].settles != nullptr) {
    settled.push_back(ways[0].settles);
  }
  return settled;
}

Result<void> give_studies(store::DicomSnapshot& snapshot, const Query& query, store::Needs needs,
                          const store::DicomSnapshot::EachStudy& each) {
  const auto studies = uids_of(query, tags::StudyInstanceUID, query.study_uid);
  if (!studies.empty()) return snapshot.studies_of(studies, each);
  TRY(auto named, named_studies(snapshot, query));
  if (named) return snapshot.studies_of(*named, each);
  const store::PlaceWindow window = window_of(query);
  for (const Way& way : ways_of(query)) {
    if (way.is_one_word()) {
      return snapshot.studies_with(way.ranges[0].word, window, needs, each);
    }
    TRY(const bool is_done, snapshot.studies_with_any(way.ranges, window, each));
    if (is_done) return {};
  }
  return snapshot.studies(window, each);
}

}  // namespace lightbox::query
