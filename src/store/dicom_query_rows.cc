#include "store/dicom_query_rows.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>

#include "store/dicom_rows.h"

namespace lightbox::store {
namespace {

constexpr std::int64_t no_number = std::numeric_limits<std::int64_t>::max();
// Series that contradict each other about their study; what further ones say does not count. So a
// sender cannot make the writer read without end.
constexpr std::size_t sources_max = 32;
// A slot is free near those of other studies of the same second.
constexpr std::int64_t slots_of_second = 1 << 24;
constexpr std::int64_t second_us = 1'000'000;
constexpr std::int64_t second_max = (std::int64_t{1} << 38) - 1;  // without a date

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// One word in a line: its kind, a space, itself.
std::string text_of(std::vector<StudyWord> words) {
  std::ranges::sort(words);
  const auto rest = std::ranges::unique(words);
  words.erase(rest.begin(), rest.end());
  std::string text;
  for (const StudyWord& word : words) text += fmt::format("{} {}\n", word.kind, word.word);
  return text;
}

StudyWord word_of(std::string_view line) {
  StudyWord word;
  const auto end = std::min(line.find(' '), line.size());
  std::from_chars(line.data(), line.data() + end, word.kind);
  word.word = line.substr(std::min(end + 1, line.size()));
  return word;
}

}  // namespace

struct QueryRows::SeriesRow {
  std::int64_t first = 0;
  std::int64_t study_hash = 0;
  std::string modality;
  std::string words;
};

struct QueryRows::StudyRow {
  bool exists = false;
  std::int64_t slot = 0;
  std::int64_t place = 0;
  std::int64_t series = 0;
  std::int64_t instances = 0;
  std::string uid;
  std::int64_t sources = 0;
  std::string modalities;  // separated by backslashes
  std::string classes;
  std::string words;
  std::string content;
};

void QueryRows::added(std::int64_t study, std::int64_t series, const std::string& sop_class) {
  Touched& touched = studies_[study];
  ++touched.added;
  touched.classes.insert(sop_class);
  touched.series.try_emplace(series, false);
}

void QueryRows::removed(std::int64_t study, std::int64_t series) {
  Touched& touched = studies_[study];
  touched.has_removed = true;
  touched.series[series] = true;
}

Result<void> QueryRows::finish() {
  if (!reading_.study) return {};
  for (const auto& [study, touched] : studies_) {
    TRY_DO(count(study, touched));
    TRY_DO(finish_study(study, touched));
  }
  return {};
}

Result<void> QueryRows::count(std::int64_t study, const Touched& touched) {
  std::int64_t instances = touched.added;
  if (touched.has_removed) {
    TRY(instances, instances_of(study));
  }
  Query query(database_,
              touched.has_removed
                  ? "UPDATE dicom_study_answer SET instances=? WHERE slot=(SELECT slot FROM "
                    "dicom_study WHERE key=?)"
                  : "UPDATE dicom_study_answer SET instances=instances+? WHERE slot=(SELECT slot "
                    "FROM dicom_study WHERE key=?)");
  query.bind(instances).bind(study);
  if (!query.run()) return query.problem();
  return {};
}

Result<std::int64_t> QueryRows::instances_of(std::int64_t study) {
  Query query(database_,
              "SELECT count(*) FROM dicom_series e JOIN dicom_instance i ON i.series=e.key WHERE "
              "e.study=?");
  query.bind(study);
  if (!query.next()) return query.problem();
  return query.integer(0);
}

Result<void> QueryRows::finish_study(std::int64_t study, const Touched& touched) {
  bool has_changed = touched.has_removed;
  for (const auto& [series, is_stale] : touched.series) {
    TRY(const bool changed, refresh_series(series, is_stale));
    has_changed = has_changed || changed;
  }
  if (!has_changed) {
    TRY(const bool known, has_classes(study, touched.classes));
    if (known) return {};
  }
  return refresh_study(study, touched);
}

Result<std::int64_t> QueryRows::first_of(std::int64_t series) {
  for (const char* sql : {"SELECT key FROM dicom_instance WHERE series=? AND number IS NOT NULL "
                          "ORDER BY number, uid LIMIT 1",
                          "SELECT key FROM dicom_instance WHERE series=? AND number IS NULL "
                          "ORDER BY uid LIMIT 1"}) {
    Query query(database_, sql);
    query.bind(series);
    if (query.next()) return query.integer(0);
    if (!query.ok()) return query.problem();
  }
  return std::int64_t{0};
}

Result<std::string> QueryRows::metadata_of(std::int64_t instance) {
  TRY(auto metadata, metadata_.read(instance));
  return metadata ? std::move(*metadata) : std::string("{}");
}

Result<bool> QueryRows::remove_series(std::int64_t series) {
  Query query(database_, "DELETE FROM dicom_series_answer WHERE series=?");
  query.bind(series);
  if (!query.run()) return query.problem();
  return true;
}

// Whether something has changed that its study shows.
Result<bool> QueryRows::refresh_series(std::int64_t series, bool is_stale) {
  TRY(const std::int64_t first, first_of(series));
  if (first == 0) return remove_series(series);
  std::optional<std::string> shown;  // what the study shows of it
  {
    Query query(database_,
                "SELECT first, rank, number, study_hash, modality, words FROM dicom_series_answer "
                "WHERE series=?");
    query.bind(series);
    if (query.next()) {
      if (!is_stale && query.integer(0) == first) return false;
      shown = fmt::format("{} {} {} {} {}", query.integer(1), query.integer(2), query.integer(3),
                          query.text(4), query.text(5));
    } else if (!query.ok()) {
      return query.problem();
    }
  }
  TRY(const std::string metadata, metadata_of(first));
  const SeriesReading reading = reading_.series(metadata);
  const std::int64_t number = reading.number.value_or(no_number);
  const std::int64_t study_hash = hash_of(reading.study_content);
  const std::string words = text_of(reading.words);
  Query query(database_,
              "INSERT OR REPLACE INTO dicom_series_answer (series, first, rank, number, "
              "study_hash, modality, words, content) VALUES (?,?,?,?,?,?,?,?)");
  query.bind(series)
      .bind(first)
      .bind(reading.rank)
      .bind(number)
      .bind(study_hash)
      .bind(std::string_view(reading.modality))
      .bind(std::string_view(words))
      .bind(std::string_view(reading.content));
  if (!query.run()) return query.problem();
  return shown !=
         fmt::format("{} {} {} {} {}", reading.rank, number, study_hash, reading.modality, words);
}

Result<bool> QueryRows::has_classes(std::int64_t study, const std::set<std::string>& classes) {
  Query query(database_,
              "SELECT a.classes FROM dicom_study s JOIN dicom_study_answer a ON a.slot=s.slot "
              "WHERE s.key=?");
  query.bind(study);
  if (!query.next()) {
    if (!query.ok()) return query.problem();
    return false;
  }
  const std::string known = fmt::format("\\{}\\", query.text(0));
  return std::ranges::all_of(classes, [&](const std::string& one) {
    return known.find('\\' + one + '\\') != std::string::npos;
  });
}

Result<std::vector<QueryRows::SeriesRow>> QueryRows::series_of(std::int64_t study) {
  Query query(database_,
              "SELECT a.first, a.study_hash, a.modality, a.words FROM dicom_series e JOIN "
              "dicom_series_answer a ON a.series=e.key WHERE e.study=? ORDER BY a.rank, a.number, "
              "e.uid");
  query.bind(study);
  std::vector<SeriesRow> rows;
  while (query.next()) {
    rows.push_back({.first = query.integer(0),
                    .study_hash = query.integer(1),
                    .modality = std::string(query.text(2)),
                    .words = std::string(query.text(3))});
  }
  if (!query.ok()) return query.problem();
  return rows;
}

Result<QueryRows::StudyRow> QueryRows::row_of(std::int64_t study) {
  Query query(database_,
              "SELECT s.uid, a.slot IS NOT NULL, a.slot, a.place, a.series, a.instances, "
              "a.sources, a.modalities, "
              "a.classes, a.words, a.content FROM dicom_study s LEFT JOIN dicom_study_answer a ON "
              "a.slot=s.slot WHERE s.key=?");
  query.bind(study);
  if (!query.next()) {
    if (!query.ok()) return query.problem();
    return StudyRow{};
  }
  return StudyRow{.exists = query.integer(1) != 0,
                  .slot = query.integer(2),
                  .place = query.integer(3),
                  .series = query.integer(4),
                  .instances = query.integer(5),
                  .uid = std::string(query.text(0)),
                  .sources = query.integer(6),
                  .modalities = std::string(query.text(7)),
                  .classes = std::string(query.text(8)),
                  .words = std::string(query.text(9)),
                  .content = std::string(query.text(10))};
}

Result<std::vector<std::string>> QueryRows::classes_of(std::int64_t study, const StudyRow& row,
                                                       const Touched& touched) {
  std::set<std::string> classes = touched.classes;
  if (touched.has_removed) {
    Query query(database_,
                "SELECT DISTINCT i.sop_class FROM dicom_series e JOIN dicom_instance i ON "
                "i.series=e.key WHERE e.study=?");
    query.bind(study);
    classes.clear();
    while (query.next()) classes.emplace(query.text(0));
    if (!query.ok()) return query.problem();
  } else {
    std::string known = row.classes;
    std::ranges::replace(known, '\\', '\n');
    for (std::string& one : lines_of(known)) classes.insert(std::move(one));
  }
  return std::vector<std::string>(classes.begin(), classes.end());
}

// What the series say of the study, each different one once.
Result<std::vector<std::string>> QueryRows::contents_of(const std::vector<SeriesRow>& series,
                                                        const StudyRow& row, std::int64_t sources) {
  if (row.exists && row.sources == sources) return std::vector{row.content};
  std::vector<std::string> contents;
  std::set<std::int64_t> seen;
  for (const SeriesRow& one : series) {
    if (!seen.insert(one.study_hash).second) continue;
    if (seen.size() > sources_max) break;
    TRY(const std::string metadata, metadata_of(one.first));
    contents.push_back(reading_.series(metadata).study_content);
  }
  return contents;
}

Result<void> QueryRows::refresh_study(std::int64_t study, const Touched& touched) {
  TRY(const std::vector<SeriesRow> series, series_of(study));
  TRY(const StudyRow old_row, row_of(study));
  StudyRow row;
  row.exists = !series.empty();
  StudyReading reading;
  if (row.exists) {
    std::set<std::int64_t> seen;
    std::string hashes;
    std::set<std::string> modalities;
    for (const SeriesRow& one : series) {
      if (seen.insert(one.study_hash).second) hashes += fmt::format("{} ", one.study_hash);
      if (!one.modality.empty()) modalities.insert(one.modality);
      row.words += one.words;
    }
    row.uid = old_row.uid;
    row.series = static_cast<std::int64_t>(series.size());
    row.instances = old_row.instances;
    if (!old_row.exists) {
      TRY(row.instances, instances_of(study));
    }
    row.sources = hash_of(hashes);
    const std::vector<std::string> all_modalities(modalities.begin(), modalities.end());
    TRY(const std::vector<std::string> classes, classes_of(study, old_row, touched));
    TRY(auto contents, contents_of(series, old_row, row.sources));
    reading = reading_.study({.uid = row.uid,
                              .contents = std::move(contents),
                              .modalities = all_modalities,
                              .sop_classes = classes});
    row.modalities = fmt::format("{}", fmt::join(all_modalities, "\\"));
    row.classes = fmt::format("{}", fmt::join(classes, "\\"));
    row.place = reading.place;
    row.slot = old_row.slot;
    if (!old_row.exists || old_row.place != row.place) {
      TRY(row.slot, free_slot(study, row.place));
    }
    row.content = reading.content;
    std::vector<StudyWord> words = reading.words;
    for (const std::string& line : lines_of(row.words)) words.push_back(word_of(line));
    row.words = text_of(std::move(words));
  }
  return replace(study, old_row, reading, row);
}

Result<std::int64_t> QueryRows::free_slot(std::int64_t study, std::int64_t place) {
  std::int64_t slot =
      std::min(place / second_us, second_max) * slots_of_second + study % slots_of_second;
  for (;; ++slot) {
    Query query(database_, "SELECT 1 FROM dicom_study_answer WHERE slot=?");
    query.bind(slot);
    if (query.next()) continue;
    if (!query.ok()) return query.problem();
    return slot;
  }
}

Result<void> QueryRows::replace(std::int64_t study, const StudyRow& old_row,
                                const StudyReading& reading, const StudyRow& new_row) {
  const bool has_moved = !old_row.exists || !new_row.exists || old_row.slot != new_row.slot;
  TRY_DO(replace_words(old_row, new_row));
  if (has_moved && old_row.exists) TRY_DO(remove(old_row));
  if (has_moved) {
    Query query(database_, "UPDATE dicom_study SET slot=? WHERE key=?");
    query.bind_optional(new_row.exists ? std::optional(new_row.slot) : std::nullopt).bind(study);
    if (!query.run()) return query.problem();
  }
  if (!new_row.exists) return {};
  {
    Query query(database_,
                "INSERT OR REPLACE INTO dicom_study_key (place, slot, keys) VALUES (?,?,?)");
    query.bind(new_row.place).bind(new_row.slot).bind(std::string_view(reading.keys));
    if (!query.run()) return query.problem();
  }
  Query query(database_,
              "INSERT OR REPLACE INTO dicom_study_answer (slot, study, place, series, instances, "
              "uid, modalities, classes, content, sources, words) VALUES (?,?,?,?,?,?,?,?,?,?,?)");
  query.bind(new_row.slot)
      .bind(study)
      .bind(new_row.place)
      .bind(new_row.series)
      .bind(new_row.instances)
      .bind(std::string_view(new_row.uid))
      .bind(std::string_view(new_row.modalities))
      .bind(std::string_view(new_row.classes))
      .bind(std::string_view(new_row.content))
      .bind(new_row.sources)
      .bind(std::string_view(new_row.words));
  if (!query.run()) return query.problem();
  return {};
}

Result<void> QueryRows::remove(const StudyRow& row) {
  {
    Query query(database_, "DELETE FROM dicom_study_key WHERE place=? AND slot=?");
    query.bind(row.place).bind(row.slot);
    if (!query.run()) return query.problem();
  }
  Query query(database_, "DELETE FROM dicom_study_answer WHERE slot=?");
  query.bind(row.slot);
  if (!query.run()) return query.problem();
  return {};
}

// Only those that differ, unless the study has moved.
Result<void> QueryRows::replace_words(const StudyRow& old_row, const StudyRow& new_row) {
  const auto change = [&](const char* sql, const StudyRow& row, const std::string& other,
                          bool is_each) -> Result<void> {
    for (const std::string& line : lines_of(row.words)) {
      if (!is_each && ('\n' + other).find('\n' + line + '\n') != std::string::npos) continue;
      const StudyWord word = word_of(line);
      Query query(database_, sql);
      query.bind(word.kind).bind(std::string_view(word.word)).bind(row.place).bind(row.slot);
      if (!query.run()) return query.problem();
    }
    return {};
  };
  const bool is_each = old_row.slot != new_row.slot;
  TRY_DO(change("DELETE FROM dicom_study_word WHERE kind=? AND word=? AND place=? AND slot=?",
                old_row, new_row.words, is_each));
  return change(
      "INSERT OR REPLACE INTO dicom_study_word (kind, word, place, slot) VALUES (?,?,?,?)", new_row,
      old_row.words, is_each);
}

}  // namespace lightbox::store
