#pragma once

// Studies for tests, in a few words.
//
//   attributes := attribute { ";" attribute }
//   attribute  := keyword "=" ( text | { "(" attributes ")" } )
//
// as "PatientID=1; OtherPatientIDsSequence=(PatientID=2)(PatientID=3)". Backslashes separate values;
// spaces around a semicolon and a parenthesis mean nothing.

#include <array>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <vector>

#include "dicom/dictionary.h"
#include "fhir/json.h"
#include "fhir/resource.h"
#include "ingest/mapping.h"

namespace lightbox::ingest {

class AttributesReader {
 public:
  explicit AttributesReader(std::string_view text) : text_(text) {}

  // As DICOM JSON.
  std::string object() {
    std::string out = "{";
    for (skip_spaces(); !text_.empty() && text_.front() != ')'; skip_spaces()) {
      if (out.size() > 1) out += ",";
      out += attribute();
      skip_spaces();
      if (text_.starts_with(';')) text_.remove_prefix(1);
    }
    return out + "}";
  }

 private:
  void skip_spaces() {
    while (text_.starts_with(' ')) text_.remove_prefix(1);
  }

  std::string_view take_until(std::string_view ends) {
    const std::string_view taken = text_.substr(0, text_.find_first_of(ends));
    text_.remove_prefix(taken.size());
    return taken;
  }

  std::string attribute() {
    const std::string_view keyword = take_until("=");
    text_.remove_prefix(1);
    const auto entry = dicom::find_keyword(keyword);
    EXPECT_TRUE(entry) << keyword;
    std::string values;
    if (text_.starts_with('(')) {
      for (; text_.starts_with('('); skip_spaces()) {
        text_.remove_prefix(1);
        values += (values.empty() ? "" : ",") + object();
        text_.remove_prefix(1);
      }
    } else {
      values = texts(take_until(";)"), entry->vr);
    }
    return fmt::format(R"("{}":{{"vr":"{}","Value":[{}]}})", dicom::text_of(entry->tag),
                       dicom::name_of(entry->vr), values);
  }

  static std::string quoted(std::string_view text) {
    std::string out;
    fhir::write_json_string(text, out);
    return out;
  }

  static std::string texts(std::string_view text, dicom::Vr vr) {
    std::string out;
    while (true) {
      const std::size_t end = dicom::is_multi_valued_text(vr) ? text.find('\\') : text.npos;
      if (!out.empty()) out += ",";
      out += vr == dicom::Vr::PN ? name(text.substr(0, end)) : quoted(text.substr(0, end));
      if (end == text.npos) return out;
      text.remove_prefix(end + 1);
    }
  }

  static std::string name(std::string_view text) {
    constexpr std::array<std::string_view, 3> groups{"Alphabetic", "Ideographic", "Phonetic"};
    std::string out = "{";
    for (const std::string_view group : groups) {
      const std::size_t end = text.find('=');
      if (!text.substr(0, end).empty())
        out += fmt::format(R"({}"{}":{})", out.size() > 1 ? "," : "", group, quoted(text.substr(0, end)));
      if (end == text.npos) break;
      text.remove_prefix(end + 1);
    }
    return out + "}";
  }

  std::string_view text_;
};

inline std::string attributes_of(std::string_view text) { return AttributesReader(text).object(); }

struct Object {
  std::string series = "1.2.3.1";
  std::string uid = "1.2.3.1.1";
  std::string attributes;
  std::optional<std::int64_t> number = {};
  std::string title = {};
  std::string source = "SCANNER";
  std::string rejection = {};
  std::string sop_class = "1.2.840.10008.5.1.4.1.1.2";
};

inline store::StudyRows study_of(const std::vector<Object>& objects) {
  store::StudyRows rows;
  rows.uid = "1.2.3";
  for (const Object& object : objects) {
    const std::string json = attributes_of(object.attributes);
    std::size_t at = 0;
    while (at < rows.attributes.size() && rows.attributes[at] != json) ++at;
    if (at == rows.attributes.size()) rows.attributes.push_back(json);
    rows.instances.push_back({.series_uid = object.series,
                              .sop_instance_uid = object.uid,
                              .sop_class_uid = object.sop_class,
                              .transfer_syntax_uid = "1.2.840.10008.1.2.1",
                              .number = object.number,
                              .title = object.title,
                              .source = object.source,
                              .attributes = at,
                              .rejection = object.rejection});
  }
  return rows;
}

inline StudyFacts facts_of_rows(const store::StudyRows& rows) {
  auto facts = StudyFacts::of(rows);
  EXPECT_TRUE(facts) << facts.error().issues[0].diagnostics;
  return std::move(*facts);
}
inline StudyFacts facts_of(const std::vector<Object>& objects) { return facts_of_rows(study_of(objects)); }

inline const MappingTargets test_targets{.patient_reference = "Patient/1",
                                         .endpoint_references = {"Endpoint/2"}};

inline MappingRules test_rules() {
  return {.issuers = {{"HOSPITAL", "http://hospital.example/ids"},
                      {"99LOCAL", "http://hospital.example/codes"},
                      {"1.2.40", "http://forty.example"}},
          .default_patient_systems = {{"", "http://default.example"},
                                      {"CLINIC", "http://clinic.example"}},
          .time_zones = {{"CLINIC", "Europe/Berlin"}},
          .dicomweb_base = "http://localhost:8080/dicomweb"};
}

inline void expect_valid(std::string_view json) {
  const auto resource = fhir::parse_resource(json);
  EXPECT_TRUE(resource) << json << "\n"
                        << resource.error().issues[0].expression << ": "
                        << resource.error().issues[0].diagnostics;
}

// The element as JSON, of the first item of each list on the way; "" when it is not there.
inline std::string element_of(std::string_view json, std::string_view element) {
  const auto document = fhir::parse_json(json);
  EXPECT_TRUE(document) << json;
  const fhir::Json* at = document->root();
  element.remove_prefix(element.find('.') + 1);
  while (true) {
    const std::size_t dot = element.find('.');
    at = at->find(element.substr(0, dot));
    if (at == nullptr) return {};
    if (dot == element.npos) break;
    element.remove_prefix(dot + 1);
    if (at->is(fhir::Json::Kind::array)) at = at->first;
  }
  std::string out;
  fhir::write_json(*at, out);
  return out;
}

inline Mapped map(const StudyFacts& facts, std::string_view element, const MappingRules& rules,
                  Explain explain = Explain::no) {
  Mapped mapped = element.starts_with("Patient") ? to_patient(facts, rules, explain)
                                                 : to_imaging_study(facts, rules, test_targets, explain);
  expect_valid(mapped.json);
  return mapped;
}

}  // namespace lightbox::ingest
