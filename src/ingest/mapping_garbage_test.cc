// Whatever an object says, the resources that are made of it are valid.

#include <gtest/gtest.h>
#include <random>

#include "ingest/mapping_table.h"
#include "ingest/mapping_tags.h"
#include "ingest/mapping_test_support.h"

namespace lightbox::ingest {
namespace {

class Garbage {
 public:
  explicit Garbage(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_);
  }

  std::string text() {
    static const std::vector<std::string> texts = {"",
                                                   " ",
                                                   "  ",
                                                   "\t",
                                                   "\r\n",
                                                   "A",
                                                   " A ",
                                                   "A  B",
                                                   "A B ",
                                                   "^",
                                                   "^^^^",
                                                   "==",
                                                   "A^B=C^D=E^F",
                                                   "=B",
                                                   "A=",
                                                   std::string(1, '\0'),
                                                   std::string("A\0B", 3),
                                                   "\x01",
                                                   "A\x1b$B",
                                                   "\xff\xfe",
                                                   "\xc3",
                                                   "\xed\xa0\x80",
                                                   "\xf4\x90\x80\x80",
                                                   "\xEF\xBF\xBD",
                                                   "\xC2\xA0",
                                                   "\xE2\x80\xA8",
                                                   "\xE3\x80\x80",
                                                   "\"",
                                                   "\\",
                                                   "</div>",
                                                   "20240105",
                                                   "2024.01.05",
                                                   "20240230",
                                                   "00000000",
                                                   "99999999",
                                                   "08",
                                                   "0800-0900",
                                                   "235960",
                                                   "250000",
                                                   "103015.123456",
                                                   "+0100",
                                                   "-0000",
                                                   "+1500",
                                                   "-1",
                                                   "0",
                                                   "2147483648",
                                                   "99999999999999999999",
                                                   "1.5",
                                                   "1e3",
                                                   "M",
                                                   "CT",
                                                   "ct",
                                                   "SCT",
                                                   "DCM",
                                                   "1.2.3",
                                                   "1..2",
                                                   "urn:oid:1.2",
                                                   "http://x y",
                                                   "R",
                                                   "CHEST",
                                                   "ISO",
                                                   "UUID",
                                                   "URI",
                                                   "no uri",
                                                   "山田^太郎",
                                                   "e\xCC\x81",
                                                   std::string(70, 'x'),
                                                   std::string(2'000, '^'),
                                                   std::string(5'000, 'y')};
    std::string text = texts[below(texts.size())];
    if (below(4) == 0) text += texts[below(texts.size())];
    if (below(8) == 0) {
      for (std::size_t i = below(20); i > 0; --i) text.push_back(static_cast<char>(below(256)));
    }
    return text;
  }

  // As DICOM JSON, of most of the tags.
  std::string object(const std::vector<dicom::Tag>& tags, int depth) {
    std::string json = "{";
    for (const dicom::Tag tag : tags) {
      if (below(3) == 0) continue;
      const auto entry = dicom::find_tag(tag);
      EXPECT_TRUE(entry);
      std::string values;
      const bool is_one = dicom::is_text(entry->vr) && !dicom::is_multi_valued_text(entry->vr);
      for (std::size_t i = below(is_one ? 2 : 4); i > 0; --i) {
        if (!values.empty()) values += ",";
        values += value(entry->vr, depth);
      }
      if (json.size() > 1) json += ",";
      json += fmt::format(R"("{}":{{"vr":"{}","Value":[{}]}})", dicom::text_of(tag),
                          dicom::name_of(entry->vr), values);
    }
    return json + "}";
  }

 private:
  std::string value(dicom::Vr vr, int depth) {
    if (vr == dicom::Vr::SQ) {
      static const std::vector<dicom::Tag> inner = {tags::CodeValue,
                                                    tags::CodingSchemeDesignator,
                                                    tags::CodeMeaning,
                                                    tags::CodingSchemeUID,
                                                    tags::LongCodeValue,
                                                    tags::URNCodeValue,
                                                    tags::InstitutionName,
                                                    tags::PatientID,
                                                    tags::IssuerOfPatientID,
                                                    tags::IssuerOfPatientIDQualifiersSequence,
                                                    tags::AccessionNumber,
                                                    tags::IssuerOfAccessionNumberSequence,
                                                    tags::PlacerOrderNumberImagingServiceRequest,
                                                    tags::OrderPlacerIdentifierSequence,
                                                    tags::LocalNamespaceEntityID,
                                                    tags::UniversalEntityID,
                                                    tags::UniversalEntityIDType,
                                                    tags::SpecimenIdentifier,
                                                    tags::SpecimenShortDescription,
                                                    tags::IssuerOfTheSpecimenIdentifierSequence,
                                                    tags::PersonIdentificationCodeSequence,
                                                    tags::ReasonForRequestedProcedureCodeSequence,
                                                    tags::ReasonForTheRequestedProcedure};
      return depth == 0 ? "{}" : object(inner, depth - 1);
    }
    std::string json;
    if (vr == dicom::Vr::PN) {
      json = R"({"Alphabetic":)";
      write(group(), json);
      json += R"(,"Ideographic":)";
      write(group(), json);
      return json + "}";
    }
    std::string text = this->text();
    if (dicom::is_multi_valued_text(vr)) std::erase(text, '\\');
    write(text, json);
    return json;
  }

  // Of a name: without what separates groups and values.
  std::string group() {
    std::string group = text();
    std::erase_if(group, [](char c) { return c == '=' || c == '\\'; });
    return group;
  }

  // What JSON cannot hold is escaped, or replaced where it is no UTF-8.
  static void write(std::string_view text, std::string& json) {
    std::string valid;
    for (const char c : text) {
      if (static_cast<unsigned char>(c) < 0x80) valid.push_back(c);
    }
    const bool is_valid = fhir::parse_json("\"" + std::string(text) + "\"").has_value();
    fhir::write_json_string(is_valid ? text : std::string_view(valid), json);
  }

  std::mt19937 random_;
};

std::vector<dicom::Tag> mapped_tags() {
  std::vector<dicom::Tag> all{tags::ConceptNameCodeSequence};
  for (const Row& row : mapping_table()) {
    for (const dicom::Tag tag : row.attributes)
      if (is_mapped(tag)) all.push_back(tag);
    for (const dicom::Tag tag : row.read_with) all.push_back(tag);
  }
  std::ranges::sort(all);
  const auto doubled = std::ranges::unique(all);
  all.erase(doubled.begin(), doubled.end());
  return all;
}

TEST(MappingGarbageTest, TheResourcesAreValid) {
  const std::vector<dicom::Tag> all = mapped_tags();
  ASSERT_GT(all.size(), 45U);
  std::size_t values = 0;
  for (unsigned seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    Garbage garbage(seed);
    store::StudyRows rows;
    rows.uid = seed % 2 == 0 ? "1.2.3" : garbage.text();
    for (std::size_t i = 0; i < 1 + garbage.below(4); ++i)
      rows.attributes.push_back(garbage.object(all, 2));
    for (std::size_t i = 0; i < garbage.below(6); ++i) {
      const bool is_good = garbage.below(3) != 0;
      rows.instances.push_back(
          {.series_uid = is_good ? fmt::format("1.{}", garbage.below(3)) : garbage.text(),
           .sop_instance_uid = is_good ? fmt::format("2.{}", i) : garbage.text(),
           .sop_class_uid = is_good ? "1.2.840.10008.5.1.4.1.1.88.59" : garbage.text(),
           .transfer_syntax_uid = garbage.text(),
           .number = static_cast<std::int64_t>(garbage.below(5'000'000'000)) - 1'000'000'000,
           .title = garbage.text(),
           .source = garbage.below(2) == 0 ? "CLINIC" : garbage.text(),
           .attributes = garbage.below(rows.attributes.size()),
           .rejection = garbage.below(4) == 0 ? garbage.text() : ""});
    }
    MappingRules rules = test_rules();
    rules.issuers["A"] = garbage.text();
    rules.default_patient_systems["B"] = garbage.text();
    rules.time_zones[""] = garbage.text();
    const auto facts = StudyFacts::of(rows);
    ASSERT_TRUE(facts) << facts.error().issues[0].diagnostics;
    for (const Explain explain : {Explain::no, Explain::yes}) {
      const Mapped study = to_imaging_study(*facts, rules, test_targets, explain);
      const Mapped patient = to_patient(*facts, rules, explain);
      expect_valid(study.json);
      expect_valid(patient.json);
      values += study.explanations.size() + patient.explanations.size();
    }
    const PatientIdentity identity = patient_identity(*facts, rules);
    std::string value;
    fhir::write_json_string(identity.value, value);
    const Mapped patient = to_patient(*facts, rules, Explain::no);
    EXPECT_EQ(patient.json.find("Study without a Patient ID") == std::string::npos &&
                  patient.json.find("\"value\":" + value) != std::string::npos,
              !identity.value.empty());
    if (HasFailure()) return;
  }
  EXPECT_GT(values, 3'000U);
}

}  // namespace
}  // namespace lightbox::ingest
