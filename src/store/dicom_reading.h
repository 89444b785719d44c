#pragma once

// How queries read what the DICOM index keeps: the functions by which ingest/ makes, of the
// metadata of instances, what is compared and answered at the levels of series and study. The store
// calls them on the writer's thread, in the open transaction, and knows no DICOM itself.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lightbox::store {

// A word by which studies are found. Equal words of a kind are equal as bytes.
struct StudyWord {
  std::int64_t kind = 0;
  std::string word;
  auto operator<=>(const StudyWord&) const = default;
};

// What a series says, by its first instance: that of the lowest number, then UID; those without a
// number come last.
struct SeriesReading {
  std::string study_content;  // DICOM JSON of the attributes of patient and study
  std::string content;        // of the series'
  std::int64_t rank = 0;      // of a study's series, those of low rank count first
  std::optional<std::int64_t> number;
  std::string modality;
  std::vector<StudyWord> words;  // by which its study is found
};

// What a study says.
struct StudySources {
  std::string_view uid;
  // Distinct ones of its series, the one that counts most first.
  std::vector<std::string> contents;
  std::span<const std::string> modalities;   // sorted, distinct
  std::span<const std::string> sop_classes;  // sorted, distinct
};
struct StudyReading {
  std::string content;
  std::int64_t place = 0;  // among answers: smaller comes first
  std::string keys;        // what is compared
  std::vector<StudyWord> words;
};

struct DicomReading {
  std::function<SeriesReading(std::string_view metadata)> series;
  std::function<StudyReading(const StudySources& sources)> study;
};

}  // namespace lightbox::store
