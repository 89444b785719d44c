#include <fmt/format.h>

#include "ingest/mapping.h"
#include "ingest/mapping_reading.h"
#include "ingest/mapping_values.h"

namespace lightbox::ingest {
namespace {

constexpr std::size_t instance_bytes = 320;  // of JSON, about

void write_instances(Reading& reading, std::string& json, std::string_view path) {
  json += ",\"instance\":[";
  for (std::size_t i = 0; i < reading.series->instances.size(); ++i) {
    reading.instance = reading.series->instances[i];
    if (i > 0) json.push_back(',');
    json.push_back('{');
    reading.write(Level::instance, fmt::format("{}.instance[{}]", path, i));
    json.push_back('}');
  }
  reading.instance = nullptr;
  json.push_back(']');
}

void write_series(Reading& reading, std::string& json) {
  const auto& all = reading.study.series;
  if (all.empty()) return;
  json += ",\"series\":[";
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string path = fmt::format("ImagingStudy.series[{}]", i);
    reading.series = &all[i];
    reading.sets = all[i].sets;
    if (i > 0) json.push_back(',');
    json.push_back('{');
    reading.write(Level::series, path);
    write_instances(reading, json, path);
    json.push_back('}');
    reading.list_differences(Level::series, path, reading.sets);
  }
  json.push_back(']');
}

// Of the elements of the study's level: the quotes are none of a text, where they would be escaped.
std::string started_of(std::string_view json) {
  constexpr std::string_view member = R"("started":")";
  const std::size_t at = json.find(member);
  if (at == std::string_view::npos) return {};
  const std::string_view value = json.substr(at + member.size());
  return std::string(value.substr(0, value.find('"')));
}

}  // namespace

Mapped to_imaging_study(const StudyFacts& facts, const MappingRules& rules,
                        const MappingTargets& targets, Explain explain) {
  const StudyFacts::Impl& study = facts.impl();
  Mapped mapped;
  mapped.json.reserve(study.rows.size() * instance_bytes);
  mapped.json = R"({"resourceType":"ImagingStudy")";
  Reading reading(study, rules, explain, mapped);
  reading.targets = &targets;
  reading.write(Level::study, "ImagingStudy");
  mapped.started = started_of(mapped.json);
  reading.list_differences(Level::study, "ImagingStudy", study.sets);
  write_series(reading, mapped.json);
  mapped.json.push_back('}');
  reading.end();
  for (const InstanceRow* row : study.without_id) {
    mapped.problems.push_back(
        {.element = "ImagingStudy.series",
         .sop_instance_uid = row->sop_instance_uid,
         .diagnostics = fmt::format("SOP Instance UID '{}' or Series Instance UID '{}' is not what "
                                    "FHIR allows as an id: the instance is not shown",
                                    clean_text(row->sop_instance_uid).text,
                                    clean_text(row->series_uid).text)});
  }
  return mapped;
}

std::string to_endpoint(std::string_view name, std::string_view address) {
  while (address.ends_with('/')) address.remove_suffix(1);
  constexpr std::string_view systems = "http://terminology.hl7.org/CodeSystem/";
  const std::string type = coding({.system = std::string(systems) + "endpoint-connection-type",
                                   .code = "dicom-wado-rs",
                                   .display = "DICOM WADO-RS"});
  const std::string payload = codeable_concept(
      {.system = std::string(systems) + "endpoint-payload-type", .code = "any", .display = "Any"});
  std::string json;
  JsonObject endpoint(json);
  endpoint.text("resourceType", "Endpoint");
  endpoint.text("status", "active");
  endpoint.raw("connectionType", type);
  endpoint.text("name", name);
  endpoint.raw("payloadType", "[" + payload + "]");
  endpoint.raw("payloadMimeType", R"(["application/dicom"])");
  endpoint.text("address", address);
  endpoint.close();
  return json;
}

}  // namespace lightbox::ingest
