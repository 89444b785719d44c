#include "ingest/mapping_patient.h"

#include <algorithm>
#include <fmt/format.h>

#include "fhir/json.h"
#include "ingest/mapping_attribute.h"
#include "ingest/mapping_rules.h"
#include "ingest/mapping_tags.h"
#include "ingest/mapping_values.h"

namespace lightbox::ingest {
namespace {

std::string id_of(const dicom::DataSet& data) {
  return clean_text(data.text(tags::PatientID)).text;
}

// RFC 3986, 2.3
bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

// Two issuers' IDs must never meet in one system, known or not.
std::string unknown_issuer(const Issuer& issuer) {
  std::string urn = "urn:lightbox:issuer:";
  for (const char c : issuer.universal.empty() ? issuer.local : issuer.universal) {
    if (is_unreserved(c)) {
      urn.push_back(c);
    } else {
      urn += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return urn;
}

Issuer patient_issuer(const dicom::DataSet& data) {
  Issuer issuer = issuer_of(data.items(tags::IssuerOfPatientIDQualifiersSequence));
  // PS3.3 C.7.1.1: (0010,0021) is the issuer's name itself.
  if (std::string name = clean_text(data.text(tags::IssuerOfPatientID)).text; !name.empty())
    issuer.local = std::move(name);
  return issuer;
}

const AttributeSet* set_with_id(const StudyFacts::Impl& study) {
  const auto found = std::ranges::find_if(
      study.sets, [](const AttributeSet& set) { return !id_of(*set.data).empty(); });
  return found == study.sets.end() ? nullptr : &*found;
}

}  // namespace

std::vector<AttributeSet> sets_of_patient(const StudyFacts::Impl& study) {
  const AttributeSet* counts = set_with_id(study);
  if (counts == nullptr) return study.sets;
  const std::string id = id_of(*counts->data);
  std::vector<AttributeSet> sets;
  std::ranges::copy_if(study.sets, std::back_inserter(sets), [&](const AttributeSet& set) {
    const std::string other = id_of(*set.data);
    return other.empty() || other == id;
  });
  return sets;
}

IssuedID issued_id(const dicom::DataSet& data, const MappingRules& rules,
                   std::string_view otherwise) {
  IssuedID id{.system = {}, .value = id_of(data), .issuer = patient_issuer(data)};
  if (id.value.empty()) return id;
  if (id.issuer.is_empty()) {
    if (is_uri(otherwise)) id.system = otherwise;
    return id;
  }
  id.system = system_of(id.issuer, rules);
  id.is_unknown = id.system.empty();
  if (id.is_unknown) id.system = unknown_issuer(id.issuer);
  return id;
}

std::string_view default_system(const InstanceRow& instance, const MappingRules& rules) {
  for (const std::string_view key : {std::string_view(instance.source), std::string_view()}) {
    const auto found = rules.default_patient_systems.find(key);
    if (found != rules.default_patient_systems.end()) return found->second;
  }
  return {};
}

PatientIdentity patient_identity(const StudyFacts& facts, const MappingRules& rules) {
  const AttributeSet* set = set_with_id(facts.impl());
  if (set == nullptr) return {};
  IssuedID id = issued_id(*set->data, rules, default_system(*set->instance, rules));
  return {.system = std::move(id.system), .value = std::move(id.value)};
}

Mapped to_patient(const StudyFacts& facts, const MappingRules& rules, Explain explain) {
  Mapped mapped;
  mapped.json = R"({"resourceType":"Patient")";
  Reading reading(facts.impl(), rules, explain, mapped);
  const auto sets = sets_of_patient(facts.impl());
  reading.sets = sets;
  reading.write(Level::patient, "Patient");
  mapped.json.push_back('}');
  reading.list_differences(Level::patient, "Patient", facts.impl().sets);
  reading.end();
  return mapped;
}

namespace rule {

void patient_id(const Row& row, Reading& reading) {
  const dicom::Tag tag = row.attributes[0];
  for (const AttributeSet& set : reading.sets) {
    const IssuedID id =
        issued_id(*set.data, reading.rules, default_system(*set.instance, reading.rules));
    if (id.value.empty()) continue;
    if (id.is_unknown) {
      reading.problem(
          set, tag,
          fmt::format("is of the issuer '{}', which the configuration does not know",
                      id.issuer.universal.empty() ? id.issuer.local : id.issuer.universal));
    }
    return reading.add(ingest::identifier({}, id.system, id.value), tag, &set);
  }
}

void own_identifier(const Row& row, Reading& reading) {
  if (set_with_id(reading.study) != nullptr) return;
  const std::string uid = clean_text(reading.study.uid).text;
  if (uid.empty()) return;
  reading.add(
      object_of(
          {{"use", "temp"}, {"system", "urn:dicom:uid"}, {"value", "urn:oid:" + uid}},
          {{"type", codeable_concept(
                        {.system = {}, .code = {}, .display = "Study without a Patient ID"})}}),
      row.attributes[0], nullptr);
}

void other_patient_ids(const Row& row, const AttributeSet& set, Reading& reading) {
  for (const dicom::DataSet& item : set.data->items(row.attributes[0])) {
    const IssuedID id = issued_id(item, reading.rules, {});
    reading.add(ingest::identifier({}, id.system, id.value), row.attributes[0], &set);
  }
}

void names(const Row& row, const AttributeSet& set, Reading& reading) {
  const dicom::Tag tag = row.attributes[0];
  const std::string value = set.data->text(tag);
  if (const CleanText clean = clean_text(value); !clean.fault.empty())
    reading.problem(set, tag, clean.fault);
  for (const std::string& name : human_names(value)) reading.add(name, tag, &set);
}

void gender(const Row& row, const AttributeSet& set, Reading& reading) {
  const std::string_view value = Reading::first(set, row.attributes[0]);
  if (value.empty()) return;
  const std::string_view code = value == "M"   ? R"("male")"
                                : value == "F" ? R"("female")"
                                : value == "O" ? R"("other")"
                                               : R"("unknown")";
  reading.add(code, row.attributes[0], &set);
}

void birth_date(const Row& row, const AttributeSet& set, Reading& reading) {
  const dicom::Tag tag = row.attributes[0];
  const std::string_view value = Reading::first(set, tag);
  if (value.empty()) return;
  const auto date = to_date(value);
  if (!date)
    return reading.problem(set, tag, "is not a date YYYYMMDD that the calendar has: left out");
  reading.add('"' + *date + '"', tag, &set);
}

}  // namespace rule
}  // namespace lightbox::ingest
