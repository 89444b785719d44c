#include "ingest/mapping_rules.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <limits>

#include "fhir/json.h"
#include "ingest/mapping_attribute.h"
#include "ingest/mapping_codes.h"
#include "ingest/mapping_tags.h"
#include "ingest/mapping_values.h"

namespace lightbox::ingest::rule {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  if (!text.empty()) fhir::write_json_string(text, out);
  return out;
}

// Of a sequence of issuers or the one text.
Issuer read_issuer(const Row& row, const AttributeSet& set, Reading& reading) {
  for (const dicom::Tag tag : row.read_with) {
    Issuer issuer = issuer_of(set.data->items(tag));
    if (issuer.is_empty() && set.data->items(tag).empty()) issuer.local = reading.text(set, tag);
    if (!issuer.is_empty()) return issuer;
  }
  return {};
}

std::string identifier_of(const Row& row, const AttributeSet& set, Reading& reading,
                          std::string_view type) {
  const std::string value = reading.text(set, row.attributes[0]);
  if (value.empty()) return {};
  return ingest::identifier(type, system_of(read_issuer(row, set, reading), reading.rules), value);
}

std::string order_of(std::string_view type, std::string_view system, std::string_view value) {
  return logical_reference("ServiceRequest", ingest::identifier(type, system, value), {});
}

// v3-ParticipationType, of R4's value set series-performer-function.
std::string function_of(std::string_view kind) {
  return codeable_concept({.system = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType",
                           .code = std::string(kind),
                           .display = {}});
}

std::string performer_of(std::string_view function, std::string_view actor) {
  if (actor.empty()) return {};
  return object_of({}, {{"function", function}, {"actor", actor}});
}

// The person's code as an identifier; its scheme's URI, or that of the institution, is the system.
struct PersonCode {
  std::string identifier;
  std::string name;
};
PersonCode person_code(const dicom::DataSet& item, const MappingRules& rules) {
  const auto& codes = item.items(tags::PersonIdentificationCodeSequence);
  if (codes.empty()) return {};
  Code code = code_of(codes[0], rules);
  if (code.system.empty()) {
    const Issuer institution{.local = clean_text(item.text(tags::InstitutionName)).text,
                             .universal = {},
                             .universal_type = {}};
    code.system = system_of(institution, rules);
  }
  return {.identifier = ingest::identifier({}, code.system, code.code), .name = code.display};
}

std::string snomed_coding(const SnomedCode& known) {
  return coding({.system = known.code.empty() ? "" : std::string(snomed_system),
                 .code = std::string(known.code),
                 .display = std::string(known.display)});
}

// Adds the items' concepts; says how many there were.
std::size_t add_concepts(const dicom::DataSet& data, dicom::Tag sequence, dicom::Tag found_in,
                         const AttributeSet& set, Reading& reading) {
  const std::size_t before = reading.added();
  for (const dicom::DataSet& item : data.items(sequence)) {
    const Code code = code_of(item, reading.rules);
    if (code.code.empty() && !code.display.empty() && !item.first(tags::CodeValue).empty())
      reading.problem(set, found_in, "has a Code Value that is no code: only its meaning is kept");
    reading.add(codeable_concept(code), found_in, &set);
  }
  return reading.added() - before;
}

}  // namespace

void text(const Row& row, const AttributeSet& set, Reading& reading) {
  reading.add(quoted(reading.text(set, row.attributes[0])), row.attributes[0], &set);
}

void note(const Row& row, const AttributeSet& set, Reading& reading) {
  const std::string text = reading.text(set, row.attributes[0]);
  reading.add(object_of({{"text", text}}), row.attributes[0], &set);
}

void display(const Row& row, const AttributeSet& set, Reading& reading) {
  for (const dicom::Tag tag : row.attributes)
    reading.add(object_of({{"display", reading.text(set, tag)}}), tag, &set);
}

void number(const Row& row, const AttributeSet& set, Reading& reading) {
  const dicom::Tag tag = row.attributes[0];
  const auto value = number_of(*set.data, tag);
  if (value) return reading.add(std::to_string(*value), tag, &set);
  if (has_value(*set.data, tag))
    reading.problem(set, tag, "is not a whole number from 0 to 2147483647: left out");
}

void identifier(const Row& row, const AttributeSet& set, Reading& reading) {
  reading.add(identifier_of(row, set, reading, row.kind), row.attributes[0], &set);
}

void reference(const Row& row, const AttributeSet& set, Reading& reading) {
  const std::string id = identifier_of(row, set, reading, {});
  reading.add(logical_reference(id.empty() ? "" : row.kind, id, {}), row.attributes[0], &set);
}

void order(const Row& row, const AttributeSet& set, Reading& reading) {
  const std::string id = identifier_of(row, set, reading, row.kind);
  reading.add(logical_reference("ServiceRequest", id, {}), row.attributes[0], &set);
}

void orders(const Row& row, const AttributeSet& set, Reading& reading) {
  const dicom::Tag tag = row.attributes[0];
  const MappingRules& rules = reading.rules;
  for (const dicom::DataSet& item : set.data->items(tag)) {
    const auto system = [&](dicom::Tag issuer) {
      return system_of(issuer_of(item.items(issuer)), rules);
    };
    const auto value = [&](dicom::Tag number) { return clean_text(item.text(number)).text; };
    reading.add(order_of("ACSN", system(tags::IssuerOfAccessionNumberSequence),
                         value(tags::AccessionNumber)),
                tag, &set);
    reading.add(order_of("PLAC", system(tags::OrderPlacerIdentifierSequence),
                         value(tags::PlacerOrderNumberImagingServiceRequest)),
                tag, &set);
  }
}

void person(const Row& row, const AttributeSet& set, Reading& reading) {
  // Items and names correspond (PS3.3 C.7.2.1).
  const auto& items = set.data->items(row.attributes[0]);
  const std::vector<std::string> names = set.data->texts(row.attributes[1]);
  const std::string function = row.kind.empty() ? "" : function_of(row.kind);
  for (std::size_t i = 0; i < std::max(items.size(), names.size()); ++i) {
    const PersonCode code = i < items.size() ? person_code(items[i], reading.rules) : PersonCode{};
    std::string name = i < names.size() ? readable_name(names[i]) : "";
    if (name.empty()) name = code.name;
    const std::string reference = logical_reference(
        code.identifier.empty() && name.empty() ? "" : "Practitioner", code.identifier, name);
    const dicom::Tag tag = row.attributes[code.identifier.empty() && i < names.size() ? 1 : 0];
    reading.add(row.kind.empty() ? reference : performer_of(function, reference), tag, &set);
  }
}

void device(const Row& row, const AttributeSet& set, Reading& reading) {
  const std::string serial = reading.text(set, tags::DeviceSerialNumber);
  std::string name = reading.text(set, tags::Manufacturer);
  const std::string model = reading.text(set, tags::ManufacturerModelName);
  if (!name.empty() && !model.empty()) name.push_back(' ');
  name += model;
  if (serial.empty() && name.empty()) return;
  const std::string actor =
      logical_reference("Device", ingest::identifier("SNO", {}, serial), name);
  const auto used = std::ranges::find_if(row.attributes,
                                         [&](dicom::Tag tag) { return has_value(*set.data, tag); });
  reading.add(performer_of({}, actor), used == row.attributes.end() ? 0 : *used, &set);
}

void concepts(const Row& row, const AttributeSet& set, Reading& reading) {
  add_concepts(*set.data, row.attributes[0], row.attributes[0], set, reading);
}

void reason(const Row& row, const AttributeSet& set, Reading& reading) {
  const auto [codes, words, requests] =
      std::tuple(row.attributes[0], row.attributes[1], row.attributes[2]);
  if (add_concepts(*set.data, codes, codes, set, reading) > 0) return;
  const std::string text = reading.text(set, words);
  reading.add(object_of({{"text", text}}), words, &set);
  if (!text.empty()) return;
  for (const dicom::DataSet& item : set.data->items(requests)) {
    if (add_concepts(item, codes, requests, set, reading) > 0) continue;
    reading.add(object_of({{"text", clean_text(item.text(words)).text}}), requests, &set);
  }
}

void body_site(const Row& row, const AttributeSet& set, Reading& reading) {
  for (const dicom::DataSet& item : set.data->items(row.attributes[0])) {
    reading.add(coding(code_of(item, reading.rules)), row.attributes[0], &set);
    if (reading.added() > 0) return;
  }
  const std::string part = reading.text(set, row.attributes[1]);
  const auto known = find_body_part(part);
  reading.add(known ? snomed_coding(*known) : object_of({{"display", part}}), row.attributes[1],
              &set);
}

void laterality(const Row& row, const AttributeSet& set, Reading& reading) {
  for (const dicom::Tag tag : row.attributes) {
    const std::string_view value = Reading::first(set, tag);
    if (value.empty()) continue;
    const auto known = find_laterality(value);
    if (known) return reading.add(snomed_coding(*known), tag, &set);
    reading.problem(set, tag, "is not one of L, R, B and U: left out");
  }
}

void specimen(const Row& row, const AttributeSet& set, Reading& reading) {
  for (const dicom::DataSet& item : set.data->items(row.attributes[0])) {
    const Issuer issuer = issuer_of(item.items(tags::IssuerOfTheSpecimenIdentifierSequence));
    const std::string value = clean_text(item.text(tags::SpecimenIdentifier)).text;
    const std::string id = ingest::identifier({}, system_of(issuer, reading.rules), value);
    if (id.empty()) continue;
    const std::string words = clean_text(item.text(tags::SpecimenShortDescription)).text;
    reading.add(logical_reference("Specimen", id, words), row.attributes[0], &set);
  }
}

}  // namespace lightbox::ingest::rule
