// Rules of the study, its series and instances, and of dates.

#include <fmt/format.h>

#include "dicom/dictionary.h"
#include "fhir/json.h"
#include "ingest/mapping_attribute.h"
#include "ingest/mapping_codes.h"
#include "ingest/mapping_patient.h"
#include "ingest/mapping_rules.h"
#include "ingest/mapping_tags.h"
#include "ingest/mapping_values.h"

namespace lightbox::ingest::rule {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  fhir::write_json_string(text, out);
  return out;
}

std::string reference_to(std::string_view reference, std::string_view display) {
  return object_of({{"reference", reference}, {"display", display}});
}

// --- Modalities ---

std::string modality_coding(std::string_view code) {
  const auto known = find_modality(code);
  return coding({.system = std::string(dcm_system),
                 .code = std::string(code),
                 .display = known ? std::string(known->display) : ""});
}

constexpr std::string_view other_modality = "OT";

std::string_view shown_modality(const SeriesFacts& series) {
  return is_code(series.modality) ? std::string_view(series.modality) : other_modality;
}

// --- Dates ---

struct DatedSet {
  std::string date;
  const AttributeSet* set = nullptr;
};

std::optional<DatedSet> find_date(const Row& row, Reading& reading) {
  const dicom::Tag tag = row.attributes[0];
  for (const AttributeSet& set : reading.sets) {
    const std::string_view value = Reading::first(set, tag);
    if (value.empty()) continue;
    if (auto date = to_date(value)) return DatedSet{.date = std::move(*date), .set = &set};
    reading.problem(set, tag, "is not a date YYYYMMDD that the calendar has: left out");
  }
  return std::nullopt;
}

std::optional<Clock> clock_of(const Row& row, const AttributeSet& set, Reading& reading) {
  const dicom::Tag tag = row.attributes[1];
  const std::string_view value = Reading::first(set, tag);
  if (value.empty()) return std::nullopt;
  auto clock = to_clock(value);
  if (!clock) reading.problem(set, tag, "is not a time HHMMSS: only the date is kept");
  return clock;
}

struct TimedSet {
  Clock clock;
  const AttributeSet* set = nullptr;
};

// The time of the set that gave the date, else of another of the same date.
std::optional<TimedSet> find_time(const Row& row, const DatedSet& dated, Reading& reading) {
  if (const auto clock = clock_of(row, *dated.set, reading))
    return TimedSet{.clock = *clock, .set = dated.set};
  for (const AttributeSet& set : reading.sets) {
    if (&set == dated.set) continue;
    if (to_date(Reading::first(set, row.attributes[0])) != dated.date) continue;
    if (const auto clock = clock_of(row, set, reading))
      return TimedSet{.clock = *clock, .set = &set};
  }
  return std::nullopt;
}

const std::string* zone_of(std::string_view origin, const MappingRules& rules) {
  for (const std::string_view key : {origin, std::string_view()}) {
    const auto found = rules.time_zones.find(key);
    if (found != rules.time_zones.end()) return &found->second;
  }
  return nullptr;
}

std::optional<int> find_offset(const Row& row, const DatedSet& dated, const TimedSet& timed,
                               Reading& reading) {
  const dicom::Tag tag = row.read_with[0];
  const std::string_view value = Reading::first(*timed.set, tag);
  if (!value.empty()) {
    if (const auto offset = to_offset(value)) return offset;
    reading.problem(*timed.set, tag, "is not an offset from -1200 to +1400: not used");
  }
  const std::string* zone = zone_of(timed.set->instance->source, reading.rules);
  if (zone == nullptr) return std::nullopt;
  const Zones::Offset offset = reading.zones.offset_of(*zone, dated.date, timed.clock);
  if (!offset.minutes)
    reading.problem(*timed.set, row.attributes[1], "has no offset from UTC: " + offset.fault);
  return offset.minutes;
}

}  // namespace

void date_time(const Row& row, Reading& reading) {
  const auto dated = find_date(row, reading);
  if (!dated) return;
  const auto timed = find_time(row, *dated, reading);
  const auto offset = timed ? find_offset(row, *dated, *timed, reading) : std::nullopt;
  if (!offset) return reading.add(quoted(dated->date), row.attributes[0], dated->set);
  reading.add(quoted(to_date_time(dated->date, timed->clock, *offset)), row.attributes[0],
              dated->set);
  reading.also(row.attributes[1], *timed->set);
  if (has_value(*timed->set->data, row.read_with[0])) reading.also(row.read_with[0], *timed->set);
}

void study_identifier(const Row& row, Reading& reading) {
  reading.add(uid_identifier(reading.study.uid), row.attributes[0], nullptr);
}

void status(const Row& /*row*/, Reading& reading) {
  reading.add(quoted(reading.study.status), 0, nullptr);
}

void modalities(const Row& row, Reading& reading) {
  for (const SeriesFacts& series : reading.study.series) {
    const AttributeSet& set = series.sets.front();
    reading.add(modality_coding(shown_modality(series)), row.attributes[0], &set);
  }
  if (!reading.study.series.empty()) return;
  // All are rejected; or none is known yet.
  const dicom::Tag tag = reading.study.told_by ? tags::ModalitiesInStudy : row.attributes[0];
  for (const AttributeSet& set : reading.sets) {
    for (const std::string_view value : set.data->texts(tag)) {
      const std::string_view code = trimmed(value);
      if (is_code(code)) reading.add(modality_coding(code), tag, &set);
    }
  }
}

void subject(const Row& row, Reading& reading) {
  const auto sets = sets_of_patient(reading.study);
  std::string_view reference;
  if (reading.targets != nullptr) reference = reading.targets->patient_reference;
  for (const AttributeSet& set : sets) {
    const std::string name = readable_name(set.data->text(row.attributes[0]));
    if (!name.empty()) return reading.add(reference_to(reference, name), row.attributes[0], &set);
  }
  reading.add(reference_to(reference, reference.empty() ? "Unknown" : ""), 0, nullptr);
}

void endpoints(const Row& /*row*/, Reading& reading) {
  if (reading.targets == nullptr) return;
  for (const std::string& endpoint : reading.targets->endpoint_references)
    reading.add(reference_to(endpoint, {}), 0, nullptr);
}

// What another archive tells of it, while no instance is known.
void told_count(dicom::Tag tag, Reading& reading) {
  const AttributeSet& set = reading.sets.front();
  if (const auto count = number_of(*set.data, tag)) {
    reading.add(std::to_string(*count), tag, &set);
  }
}

void count_series(const Row& /*row*/, Reading& reading) {
  if (reading.study.told_by) return told_count(tags::NumberOfStudyRelatedSeries, reading);
  reading.add(std::to_string(reading.study.series.size()), 0, nullptr);
}

void count_instances(const Row& /*row*/, Reading& reading) {
  if (reading.study.told_by) return told_count(tags::NumberOfStudyRelatedInstances, reading);
  std::size_t count = 0;
  for (const SeriesFacts& series : reading.study.series) count += series.instances.size();
  reading.add(std::to_string(count), 0, nullptr);
}

void series_uid(const Row& row, Reading& reading) {
  reading.add(quoted(reading.series->uid), row.attributes[0], nullptr);
}

void series_modality(const Row& row, Reading& reading) {
  const SeriesFacts& series = *reading.series;
  const auto from = std::ranges::find_if(series.sets, [&](const AttributeSet& set) {
    return has_value(*set.data, row.attributes[0]);
  });
  const AttributeSet& set = from == series.sets.end() ? series.sets.front() : *from;
  if (!is_code(series.modality)) {
    reading.problem(set, row.attributes[0],
                    series.modality.empty() ? "is missing: OT (other) stands for it"
                                            : "is not a code: OT (other) stands for it");
  }
  reading.add(modality_coding(shown_modality(series)), row.attributes[0], &set);
}

void count_instances_of_series(const Row& /*row*/, Reading& reading) {
  reading.add(std::to_string(reading.series->instances.size()), 0, nullptr);
}

void instance_uid(const Row& row, Reading& reading) {
  reading.add(quoted(reading.instance->sop_instance_uid), row.attributes[0], nullptr);
}

void sop_class(const Row& row, Reading& reading) {
  const std::string_view uid = reading.instance->sop_class_uid;
  std::string& json = reading.sop_classes[uid];
  if (json.empty()) {
    const auto known = dicom::find_uid(uid);
    const std::string urn = "urn:oid:" + std::string(uid);
    json = coding({.system = "urn:ietf:rfc:3986",
                   .code = uid.empty() || !is_code(urn) ? "" : urn,
                   .display = known ? std::string(known->name) : ""});
  }
  if (json.empty()) {
    // R4 demands one: say that it is not known.
    json = R"({"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason",)"
           R"("valueCode":"unknown"}]})";
    reading.problem(reading.instance->sop_instance_uid,
                    name_of_attribute(row.attributes[0]) + " is missing or not a UID");
  }
  reading.add(json, row.attributes[0], nullptr);
}

void instance_number(const Row& row, Reading& reading) {
  const auto number = reading.instance->number;
  if (!number) return;
  if (*number >= 0 && *number <= std::numeric_limits<std::int32_t>::max())
    return reading.add(std::to_string(*number), row.attributes[0], nullptr);
  reading.problem(reading.instance->sop_instance_uid,
                  fmt::format("{} '{}' is not from 0 to 2147483647: left out",
                              name_of_attribute(row.attributes[0]), *number));
}

void title(const Row& /*row*/, Reading& reading) {
  if (reading.instance->title.empty()) return;
  const CleanText title = clean_text(reading.instance->title);
  if (!title.fault.empty()) {
    reading.problem(reading.instance->sop_instance_uid, fmt::format("the title {}", title.fault));
  }
  if (!title.text.empty())
    reading.add(quoted(title.text), title_attribute(reading.instance->sop_class_uid), nullptr);
}

}  // namespace lightbox::ingest::rule
