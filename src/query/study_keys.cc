#include "query/study_keys.h"

#include <algorithm>
#include <array>

#include "dicom/json_members.h"
#include "query/level.h"
#include "query/moment.h"
#include "query/name.h"

namespace lightbox::query {
namespace {

using dicom::Tag;

constexpr char separator = '\x1F';
constexpr std::array kept_tags = {
    tags::StudyDate,         tags::StudyTime,
    tags::AccessionNumber,   tags::ModalitiesInStudy,
    tags::PatientID,         tags::PatientName,
    tags::StudyInstanceUID,  tags::StudyID,
    tags::StudyDescription,  tags::ReferringPhysicianName,
    tags::PatientBirthDate,  tags::PatientSex,
    tags::IssuerOfPatientID, tags::SOPClassesInStudy,
};

std::string values_in(std::string_view json, Tag tag) {
  const auto member = dicom::find_member(json, tag);
  return member ? dicom::values_of(*member) : std::string();
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return text;
}

// What separates keys and words is in none of them.
std::string cleaned(std::string text) {
  std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) < ' '; });
  return text;
}

// One word for each value.
void add_values(WordKind kind, std::string_view values, std::vector<store::StudyWord>& words) {
  while (!values.empty()) {
    const auto end = std::min(values.find('\\'), values.size());
    const std::string value = cleaned(std::string(trimmed(values.substr(0, end))));
    if (!value.empty()) words.push_back(word(kind, value));
    values.remove_prefix(std::min(end + 1, values.size()));
  }
}

void add_name(WordKind word_kind, WordKind sound_kind, std::string_view name,
              std::vector<store::StudyWord>& words) {
  for (const std::string& one : words_of_name(cleaned(folded_name(name)))) {
    words.push_back(word(word_kind, one));
    const std::string sound = sound_of(one);
    if (!sound.empty()) words.push_back(word(sound_kind, sound));
  }
}

std::string_view key_at(std::string_view keys, std::size_t index) {
  for (; index > 0; --index) {
    const auto end = keys.find(separator);
    if (end == std::string_view::npos) return {};
    keys.remove_prefix(end + 1);
  }
  return keys.substr(0, keys.find(separator));
}

std::string_view key_of(std::string_view keys, Tag tag) {
  const auto found = std::ranges::find(kept_tags, tag);
  if (found == kept_tags.end()) return {};
  return key_at(keys, static_cast<std::size_t>(found - kept_tags.begin()));
}

}  // namespace

std::int64_t place_of(std::string_view study_date, std::string_view study_time) {
  const auto date = interval_of_date(study_date);
  if (!date) return INT64_MAX;
  const auto time = interval_of_time(study_time);
  return -(date->low + (time ? time->low : 0));
}

bool is_kept(Tag tag) { return std::ranges::find(kept_tags, tag) != kept_tags.end(); }

std::string keys_of(const StudyFacts& facts) {
  std::string keys;
  for (const Tag tag : kept_tags) {
    if (tag != kept_tags.front()) keys += separator;
    if (tag == tags::ModalitiesInStudy) {
      keys += facts.modalities;
    } else if (tag == tags::SOPClassesInStudy) {
      keys += facts.sop_classes;
    } else {
      std::string values = values_in(facts.content, tag);
      if (vr_of(tag) == dicom::Vr::PN) values = folded_name(values);
      keys += cleaned(std::move(values));
    }
  }
  return keys;
}

std::vector<store::StudyWord> words_of(const StudyFacts& facts) {
  std::vector<store::StudyWord> words;
  const auto value = [&](Tag tag) { return values_in(facts.content, tag); };
  add_values(WordKind::accession_number, value(tags::AccessionNumber), words);
  add_values(WordKind::patient_id, value(tags::PatientID), words);
  add_values(WordKind::study_id, value(tags::StudyID), words);
  add_values(WordKind::modality, facts.modalities, words);
  add_values(WordKind::sop_class, facts.sop_classes, words);
  add_name(WordKind::patient_name, WordKind::patient_name_sound, value(tags::PatientName), words);
  add_name(WordKind::referring_physician, WordKind::referring_physician_sound,
           value(tags::ReferringPhysicianName), words);
  return words;
}

std::vector<store::StudyWord> words_of_series(std::string_view content) {
  std::vector<store::StudyWord> words;
  const auto requests = dicom::find_member(content, tags::RequestAttributesSequence);
  if (!requests) return words;
  for (const std::string_view item : dicom::items_of(*requests)) {
    add_values(WordKind::requested_procedure, values_in(item, tags::RequestedProcedureID), words);
    add_values(WordKind::scheduled_step, values_in(item, tags::ScheduledProcedureStepID), words);
  }
  return words;
}

bool matches_keys(const Criterion& criterion, std::string_view keys) {
  const std::string_view value = key_of(keys, criterion.tag);
  if (criterion.kind == Criterion::Kind::date_time) {
    return matches_date_time(criterion, value, key_of(keys, criterion.time_tag));
  }
  // Names are folded there already.
  if (criterion.kind == Criterion::Kind::fuzzy_name) {
    return matches_fuzzily(criterion.values, value);
  }
  if (criterion.kind == Criterion::Kind::name) {
    return std::ranges::any_of(criterion.values,
                               [&](const std::string& key) { return matches_name(key, value); });
  }
  return matches(criterion, value);
}

}  // namespace lightbox::query
