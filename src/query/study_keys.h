#pragma once

// What the index keeps of a study so that queries find it: its place among answers, the values that
// are compared without reading more (StudyReading::keys), and the words that lead to it. Both the
// ingest, which makes them, and the search, which reads them, take them from here. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dicom/tag.h"
#include "query/criterion.h"
#include "store/dicom_reading.h"

namespace lightbox::query {

// Never reused: they are in the database (docs/storage-format.md).
enum class WordKind : std::int64_t {
  accession_number = 1,
  patient_id = 2,
  study_id = 3,
  modality = 4,
  sop_class = 5,
  patient_name = 6,  // a word of it, folded
  patient_name_sound = 7,
  referring_physician = 8,
  referring_physician_sound = 9,
  requested_procedure = 10,  // of a series
  scheduled_step = 11,
};
// Longer ones are found by their beginning.
inline constexpr std::size_t word_bytes_max = 128;
[[nodiscard]] inline store::StudyWord word(WordKind kind, std::string_view text) {
  return {static_cast<std::int64_t>(kind), std::string(text.substr(0, word_bytes_max))};
}

// Newest first; those without a date last.
[[nodiscard]] std::int64_t place_of(std::string_view study_date, std::string_view study_time);

// The attributes that are in the keys, in their order. A change of this needs the rows made anew.
[[nodiscard]] bool is_kept(dicom::Tag tag);

// Of the study's attributes in DICOM JSON, with those that are gathered of its series.
struct StudyFacts {
  std::string_view content;
  const std::string& modalities;   // separated by backslashes
  const std::string& sop_classes;  // likewise
};
[[nodiscard]] std::string keys_of(const StudyFacts& facts);
[[nodiscard]] std::vector<store::StudyWord> words_of(const StudyFacts& facts);
// Of a series' attributes: what its study is found by.
[[nodiscard]] std::vector<store::StudyWord> words_of_series(std::string_view content);

// Whether a study with these keys matches a criterion on an attribute that is kept.
[[nodiscard]] bool matches_keys(const Criterion& criterion, std::string_view keys);

}  // namespace lightbox::query
