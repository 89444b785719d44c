#include "ingest/query_values.h"

#include <charconv>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>
#include <map>

#include "dicom/json.h"
#include "dicom/json_members.h"
#include "ingest/mapping_codes.h"
#include "query/level.h"
#include "query/study_keys.h"

namespace lightbox::ingest {
namespace {

using dicom::JsonMember;
using dicom::JsonMembers;
using query::Level;
namespace tags = query::tags;

void add(std::string_view text, std::string& object) {
  if (object.size() > 1) object += ',';
  object += text;
}

std::int64_t rank_of(std::string_view modality) {
  const auto known = find_modality(modality);
  if (!known) return 1;  // a private one, or none
  return known->is_acquisition ? 0 : 2;
}

std::optional<std::int64_t> number_of(std::string_view text) {
  std::int32_t number = 0;
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

store::SeriesReading read_series(std::string_view metadata) {
  store::SeriesReading reading;
  reading.study_content = "{";
  reading.content = "{";
  JsonMembers members(metadata);
  while (const auto member = members.next()) {
    const bool is_everywhere = member->tag == tags::TimezoneOffsetFromUTC;
    const Level level = query::level_of(member->tag);
    if (level <= Level::study || is_everywhere) add(member->text, reading.study_content);
    if (level == Level::series || is_everywhere) add(member->text, reading.content);
    if (member->tag == tags::Modality) reading.modality = dicom::values_of(*member);
    if (member->tag == tags::SeriesNumber) reading.number = number_of(dicom::values_of(*member));
  }
  reading.study_content += '}';
  reading.content += '}';
  reading.rank = rank_of(reading.modality);
  reading.words = query::words_of_series(reading.content);
  return reading;
}

// What the first lacks is of the next that has it.
std::string merged(const store::StudySources& sources) {
  std::map<dicom::Tag, JsonMember> members;
  for (const std::string& content : sources.contents) {
    JsonMembers all(content);
    while (const auto member = all.next()) {
      JsonMember& kept = members.try_emplace(member->tag, *member).first->second;
      if (!kept.has_content()) kept = *member;
    }
  }
  std::string content = "{";
  for (const auto& [tag, member] : members) add(member.text, content);
  content += '}';
  return content;
}

store::StudyReading read_study(const store::StudySources& sources) {
  store::StudyReading reading;
  reading.content = merged(sources);
  const auto value = [&](dicom::Tag tag) {
    const auto member = dicom::find_member(reading.content, tag);
    return member ? dicom::values_of(*member) : std::string();
  };
  const std::string modalities = fmt::format("{}", fmt::join(sources.modalities, "\\"));
  const std::string classes = fmt::format("{}", fmt::join(sources.sop_classes, "\\"));
  const query::StudyFacts facts{
      .content = reading.content, .modalities = modalities, .sop_classes = classes};
  reading.place = query::place_of(value(tags::StudyDate), value(tags::StudyTime));
  reading.keys = query::keys_of(facts);
  reading.words = query::words_of(facts);
  return reading;
}

}  // namespace

store::DicomReading query_reading() { return {.series = read_series, .study = read_study}; }

}  // namespace lightbox::ingest
