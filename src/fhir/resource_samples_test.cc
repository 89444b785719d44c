// Every official definition and every sample of R4 in ../shared, when that folder is there:
// accepted, stored, sent and read again without a change. The tests say how many they saw.

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iostream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "fhir/resource.h"

namespace lightbox::fhir {
namespace {

const std::filesystem::path shared = "../shared";

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string text_of(const Json& value) {
  std::string text;
  write_json(value, text);
  return text;
}

// The members of a resource with their text, in order; meta's one by one, without what the server
// sets; type, id and meta first, as the stored form has them.
std::vector<std::pair<std::string, std::string>> content(const Json& resource) {
  std::vector<std::pair<std::string, std::string>> members;
  if (const Json* meta = resource.find("meta")) {
    for (const Json* member = meta->first; member; member = member->next) {
      if (member->key == "versionId" || member->key == "lastUpdated") continue;
      members.emplace_back("meta." + std::string(member->key), text_of(*member));
    }
  }
  for (const Json* member = resource.first; member; member = member->next) {
    if (member->key == "meta" || member->key == "resourceType" || member->key == "id") continue;
    members.emplace_back(member->key, text_of(*member));
  }
  members.emplace_back("resourceType", resource.string("resourceType"));
  const std::string_view id = resource.string("id");
  members.emplace_back("id", id.empty() ? "x" : id);  // as round_trip sends it
  return members;
}

std::string findings(const Problem& problem) {
  std::string text;
  for (const Issue& issue : problem.issues) {
    text += "\n  " + issue.expression + ": " + issue.diagnostics;
  }
  return text;
}

// Parses, stores, sends and parses again.
void round_trip(std::string_view text, const std::string& name) {
  const auto resource = parse_resource(text);
  ASSERT_TRUE(resource) << name << findings(resource.error());
  const std::string stored = to_stored(resource->json());
  std::string sent;
  append_resource({.type = resource->type->name,
                   .id = resource->id().empty() ? "x" : resource->id(),
                   .version = 3,
                   .updated_ms = 1'700'000'000'000},
                  stored, sent);
  const auto again = parse_resource(sent);
  ASSERT_TRUE(again) << name << findings(again.error());
  EXPECT_EQ(to_stored(again->json()), stored) << name;
  EXPECT_EQ(content(again->json()), content(resource->json())) << name;
  EXPECT_EQ(again->json().find("meta")->string("versionId"), "3");
  EXPECT_EQ(again->json().find("meta")->string("lastUpdated"), "2023-11-14T22:13:20.000Z");
}

// Eleven of R4's own search parameters break R4: ten have no base, one has an id that is too long.
bool is_invalid(const Json& resource) {
  return resource.string("resourceType") == "SearchParameter" &&
         (resource.find("base") == nullptr || resource.string("id").size() > 64);
}

struct Count {
  std::size_t accepted = 0;
  std::size_t refused = 0;
};

// Each entry of a Bundle as text of its own.
Count round_trip_entries(const std::filesystem::path& path) {
  const Limits limits{.json_nodes_max = 100'000'000};
  auto bundle = parse_json(read(path), limits);
  if (!bundle) {
    ADD_FAILURE() << path;
    return {};
  }
  Count count;
  const Json* entries = bundle->root()->find("entry");
  for (const Json* entry = entries ? entries->first : nullptr; entry; entry = entry->next) {
    const Json* resource = entry->find("resource");
    if (is_invalid(*resource)) {
      EXPECT_FALSE(parse_resource(text_of(*resource)));
      ++count.refused;
      continue;
    }
    round_trip(text_of(*resource),
               path.filename().string() + " " + std::string(resource->string("id")));
    ++count.accepted;
  }
  return count;
}

TEST(Samples, OfficialDefinitionsRoundTrip) {
  const std::filesystem::path folder = shared / "fhir-r4";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no " << folder;
  Count total;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() != ".json") continue;
    const Count count = round_trip_entries(file.path());
    total.accepted += count.accepted;
    total.refused += count.refused;
  }
  std::cout << total.accepted << " official definitions\n";
  EXPECT_EQ(total.accepted, 2236U);
  EXPECT_EQ(total.refused, 11U);
}

// A sample file: one resource, or one a line.
std::size_t round_trip_file(const std::filesystem::path& path) {
  const std::string text = read(path);
  if (path.extension() == ".json") {
    round_trip(text, path.string());
    return 1;
  }
  std::size_t count = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line); ++count) {
    round_trip(line, path.string() + " line " + std::to_string(count + 1));
  }
  return count;
}

// Samples of R4 that break R4, with what they break.
const std::map<std::string, std::string_view> invalid_samples{
    {"bundles/r4/microsoft+fhir-server/Bundle-TransactionWithConditionalCreateAndReference.json",
     "Bundle.entry[1].resource.series[0].modality: modality is required"},
    {"bundles/r4/microsoft+fhir-server/Bundle-TransactionWithConditionalUpdateAndReference.json",
     "Bundle.entry[1].resource.series[0].modality: modality is required"},
    {"bundles/r4/microsoft+fhir-server/SmartPatientA.json",
     "Bundle.entry[11].resource.series[0].instance[0].sopClass: sopClass is required"},
    {"bundles/r4/microsoft+fhir-server/SmartCompartmentResources.json",
     "Bundle.entry[33].resource.series[0].instance[0].sopClass: sopClass is required"},
    {"other/r4/HeliosSoftware+hfs/constant_types.json", "expected a resource"},
    {"r4-spec-examples/Observation-clinical-gender.json",
     "Observation.performer[0].reference: a reference to a Encounter"},
};

TEST(Samples, ResourcesRoundTrip) {
  const std::filesystem::path folder = shared / "samples/fhir";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no " << folder;
  std::size_t files = 0;
  std::size_t resources = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string path = file.path().lexically_relative(folder);
    const bool is_json = path.ends_with(".json") || path.ends_with(".ndjson");
    if (!is_json || path.contains("other-versions") || path.starts_with("fhir-test-cases"))
      continue;
    const auto invalid = invalid_samples.find(path);
    if (invalid == invalid_samples.end()) {
      resources += round_trip_file(file.path());
      ++files;
    } else {
      const auto refused = parse_resource(read(file.path()));
      ASSERT_FALSE(refused) << path;
      EXPECT_THAT(findings(refused.error()), testing::HasSubstr(std::string(invalid->second)))
          << path;
    }
  }
  std::cout << resources << " resources in " << files << " sample files\n";
  EXPECT_EQ(files, 369U);
  EXPECT_EQ(resources, 493U);
}

// Of HL7's validator tests those with a mistake that the definitions know, and what is said of it.
const std::map<std::string, std::string_view> bad_cases{
    {"ai4", "Patient.birthDate: \"not a date\": expected a date"},
    {"attachment-with-invalid-binary", "Media.content.data: \"%%%2@()()\": expected base64"},
    {"bad-json-close-3", "line 16, column 9: expected ',' or ']' after an item, found '}'"},
    {"hakan-se",
     "MedicationRequest.authoredOn: \"2020-11-11T10:58:14.768528\": expected a time zone"},
    {"json-comma-bad-1", "line 7, column 7: expected ',' or '}' after a member"},
    {"json-comments", "Patient.fhir_comments"},
    {"json-comments-2", "line 3, column 3: expected a member name in double quotes, found '/'"},
    {"pat-security-bad-xhtml", "Patient.text.div: <script> is not allowed"},
    {"patient-hs-1", "Patient.name[0].given: given has 1 items and _given has 2"},
    {"patient-id-bad-1", "Patient.id: \"bad-id_1\": expected an id"},
    {"resource-invalid-id-2", "Location.id"},
    {"resource-invalid-id-3", "Location.contained[0].id: \"org_1\": expected an id"},
    {"synthea", "Encounter.reasonCode: reasonCode is a list"},
    {"versioned-extension", "Patient.extension[2].url: url is required"},
};

TEST(Samples, ValidatorTestCasesAreToldApart) {
  const std::filesystem::path folder = shared / "samples/fhir/fhir-test-cases";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no " << folder;
  for (const auto& [name, says] : bad_cases) {
    const auto resource = parse_resource(read(folder / (name + ".json")));
    ASSERT_FALSE(resource) << name;
    EXPECT_THAT(findings(resource.error()), testing::HasSubstr(std::string(says))) << name;
  }
  for (const std::string_view name :
       {"bundle-document-versioned-references-good", "cs-narrative-status", "document-manifest-4",
        "parameters-reference", "params-empty", "params-reference-part-transaction",
        "pat-security-good1", "pat-security-good2", "pat-security-good3", "patient-example-ra4",
        "resource-invalid-eid-0", "resource-invalid-id-0", "bundle-profiles"}) {
    round_trip(read(folder / (std::string(name) + ".json")), std::string(name));
  }
  std::cout << bad_cases.size() << " bad test cases and 13 good ones\n";
}

}  // namespace
}  // namespace lightbox::fhir
