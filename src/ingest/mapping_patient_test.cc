#include "ingest/mapping_patient.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

#include "ingest/mapping_test_support.h"

namespace lightbox::ingest {
namespace {

using testing::HasSubstr;

PatientIdentity identity_of(std::string_view attributes, std::string_view source = "SCANNER") {
  return patient_identity(
      facts_of({{.attributes = std::string(attributes), .source = std::string(source)}}),
      test_rules());
}

TEST(MappingPatientTest, TheIdentityIsTheFirstIdentifier) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"PatientID=1", "SCANNER"},
      {"PatientID=1", "CLINIC"},
      {"PatientID=1; IssuerOfPatientID=HOSPITAL", "SCANNER"},
      {"PatientID=1; IssuerOfPatientID=Unknown", "SCANNER"},
  };
  std::set<std::string> systems;
  for (const auto& [attributes, source] : cases) {
    const PatientIdentity identity = identity_of(attributes, source);
    EXPECT_EQ(identity.value, "1");
    systems.insert(identity.system);
    const Mapped mapped = to_patient(
        facts_of({{.attributes = std::string(attributes), .source = std::string(source)}}),
        test_rules(), Explain::no);
    EXPECT_EQ(element_of(mapped.json, "Patient.identifier"),
              fmt::format(R"([{{"system":"{}","value":"1"}}])", identity.system));
  }
  EXPECT_EQ(systems.size(), 4U);
}

TEST(MappingPatientTest, WithoutPatientIDThereIsNoIdentity) {
  for (const std::string_view attributes :
       {"PatientName=A^B", "PatientID=", "IssuerOfPatientID=HOSPITAL"}) {
    EXPECT_EQ(identity_of(attributes).value, "") << attributes;
    EXPECT_EQ(identity_of(attributes).system, "") << attributes;
  }
}

TEST(MappingPatientTest, TwoUnknownIssuersAreTwoSystems) {
  EXPECT_NE(identity_of("PatientID=1; IssuerOfPatientID=A B").system,
            identity_of("PatientID=1; IssuerOfPatientID=A.B").system);
  const StudyFacts facts = facts_of({{.attributes = "PatientID=1; IssuerOfPatientID=A B"}});
  const Mapped mapped = to_patient(facts, test_rules(), Explain::no);
  ASSERT_EQ(mapped.problems.size(), 1U);
  EXPECT_THAT(mapped.problems[0].diagnostics, HasSubstr("issuer 'A B'"));
  EXPECT_EQ(mapped.problems[0].element, "Patient.identifier");
}

TEST(MappingPatientTest, OfTwoPatientsTheOneThatCountsGivesAllFacts) {
  const std::vector<Object> objects = {
      {.uid = "1", .attributes = "Modality=CT; PatientID=1; PatientSex=M", .number = 1},
      {.uid = "2", .attributes = "Modality=CT; PatientID=2; PatientName=Other^One", .number = 2},
      {.uid = "3", .attributes = "Modality=CT; PatientBirthDate=19600101", .number = 3}};
  const StudyFacts facts = facts_of(objects);
  const Mapped mapped = to_patient(facts, test_rules(), Explain::yes);
  expect_valid(mapped.json);
  EXPECT_EQ(element_of(mapped.json, "Patient.name"), "");
  EXPECT_EQ(element_of(mapped.json, "Patient.birthDate"), "\"1960-01-01\"");
  ASSERT_EQ(mapped.problems.size(), 1U);
  EXPECT_EQ(mapped.problems[0].sop_instance_uid, "2");
  EXPECT_THAT(mapped.problems[0].diagnostics, HasSubstr("(0010,0020) PatientID '2' is '1' in 1"));
  const Mapped study = map(facts, "ImagingStudy", test_rules());
  EXPECT_EQ(element_of(study.json, "ImagingStudy.subject"), R"({"reference":"Patient/1"})");
}

TEST(MappingPatientTest, ASystemOfTheConfigurationThatIsNoUriIsNotUsed) {
  MappingRules rules = test_rules();
  rules.issuers["BAD"] = "not a uri";
  rules.default_patient_systems[""] = "neither one";
  const StudyFacts facts =
      facts_of({{.attributes = "PatientID=1; OtherPatientIDsSequence=(PatientID=2; "
                               "IssuerOfPatientID=BAD)"}});
  const Mapped mapped = to_patient(facts, rules, Explain::no);
  expect_valid(mapped.json);
  EXPECT_EQ(element_of(mapped.json, "Patient.identifier"),
            R"([{"value":"1"},{"system":"urn:lightbox:issuer:BAD","value":"2"}])");
}

}  // namespace
}  // namespace lightbox::ingest
