// JSON to XML and back without a change of content: the demo data always; the official definitions
// and the samples of R4 in ../shared when that folder is there. The tests say how many they saw.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iostream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "fhir/resource.h"
#include "fhir/xml_read.h"
#include "fhir/xml_write.h"

namespace lightbox::fhir {
namespace {

const std::filesystem::path shared = "../shared";
const Limits large{.json_nodes_max = 100'000'000};

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// As text, with the members of each object sorted: XML has an order of its own.
void append_content(const Json& value, std::string& out) {
  if (value.is(Json::Kind::object)) {
    std::vector<const Json*> members;
    for (const Json* member = value.first; member; member = member->next) members.push_back(member);
    std::ranges::sort(members, {}, [](const Json* member) { return member->key; });
    out += '{';
    for (const Json* member : members) {
      out += member->key;
      out += ':';
      append_content(*member, out);
    }
    out += "}\n";
  } else if (value.is(Json::Kind::array)) {
    out += '[';
    for (const Json* item = value.first; item; item = item->next) append_content(*item, out);
    out += "]\n";
  } else {
    write_json(value, out);
    out += '\n';
  }
}

std::string content(const Json& value) {
  std::string text;
  append_content(value, text);
  return text;
}

std::string findings(const Problem& problem) {
  std::string text;
  for (const Issue& issue : problem.issues) {
    text += "\n  " + issue.expression + ": " + issue.diagnostics;
  }
  return text;
}

// Where two texts begin to differ.
std::string difference(const std::string& a, const std::string& b) {
  const auto at = static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
  const std::size_t begin = at < 80 ? 0 : at - 80;
  return "\n" + a.substr(begin, 200) + "\n--- became\n" + b.substr(begin, 200);
}

void round_trip(const Json& resource, const std::string& what) {
  const std::string wanted = content(resource);
  for (const XmlStyle style : {XmlStyle::compact, XmlStyle::pretty}) {
    const auto xml = write_xml(resource, style);
    ASSERT_TRUE(xml) << what << findings(xml.error());
    const auto again = parse_resource_xml(*xml, large);
    ASSERT_TRUE(again) << what << findings(again.error());
    const std::string got = content(again->json());
    ASSERT_TRUE(got == wanted) << what << difference(wanted, got);
  }
}

// 0 when JSON's own checks refuse it: then it need not have an XML form.
std::size_t round_trip_text(std::string_view text, const std::string& what) {
  const auto resource = parse_resource(text, large);
  if (!resource) return 0;
  round_trip(resource->json(), what);
  return 1;
}

std::size_t round_trip_lines(const std::filesystem::path& path) {
  std::istringstream lines(read(path));
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line);) count += round_trip_text(line, path.string());
  return count;
}

TEST(XmlSamples, DemoDataRoundTrips) {
  std::size_t count = 0;
  for (const auto& file : std::filesystem::directory_iterator("demo")) {
    if (file.path().extension() == ".ndjson") count += round_trip_lines(file.path());
  }
  EXPECT_EQ(count, 82U);
}

TEST(XmlSamples, OfficialDefinitionsRoundTrip) {
  const std::filesystem::path folder = shared / "fhir-r4";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no " << folder;
  std::size_t count = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() != ".json") continue;
    const auto bundle = parse_json(read(file.path()), large);
    ASSERT_TRUE(bundle) << file.path();
    const Json* entries = bundle->root()->find("entry");
    for (const Json* entry = entries ? entries->first : nullptr; entry; entry = entry->next) {
      const Json* resource = entry->find("resource");
      if (!validate(*resource).empty()) continue;
      round_trip(*resource, file.path().string() + " " + std::string(resource->string("id")));
      ++count;
    }
  }
  std::cout << count << " official definitions\n";
  EXPECT_EQ(count, 2236U);
}

TEST(XmlSamples, ResourcesRoundTrip) {
  const std::filesystem::path folder = shared / "samples/fhir";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no " << folder;
  std::size_t count = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string path = file.path().lexically_relative(folder);
    // HTML's entities become numbers: see xml_write_test.cc.
    const bool has_entities = path == "fhir-test-cases/xml-bad-entities.json";
    if (path.contains("other-versions") || has_entities) continue;
    if (path.ends_with(".ndjson")) count += round_trip_lines(file.path());
    if (path.ends_with(".json")) count += round_trip_text(read(file.path()), path);
  }
  std::cout << count << " sample resources\n";
  EXPECT_GT(count, 300U);
}

// XML samples of R4 that break R4, with what they break.
const std::map<std::string, std::string_view> invalid_samples{
    {"OrderBundleMappedFromQr.xml",
     "Bundle.entry[50].resource.series[0].modality: modality is required"},
    {"Observation-ex-pain.xml",
     "Observation.status: line 3, column 3: unknown attribute \"something\""},
    {"bundle-dual-subject.xml",
     "Bundle.entry[0].resource.subject: line 22, column 5: subject is there more than once"},
    {"bundle-validation-location-1.xml", "Bundle.entry[1].resource.gender: \"invalid\" is not in"},
    {"bundle-validation-location-2.xml", "Bundle.entry[0].resource.gender: \"invalid\" is not in"},
    {"patient-extension-bad2.xml", "Patient.extension[0].url: \"\": expected a URI"},
    {"patient-extension-bad3.xml", "Patient.extension[0].url: url is required"},
    {"xml-fail.xml", "Bundle: line 2, column 1: unknown attribute \"schemaLocation\""},
};

TEST(XmlSamples, XmlIsReadOrToldWhatIsWrong) {
  const std::filesystem::path folder = shared / "samples/fhir";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no " << folder;
  std::size_t good = 0;
  std::size_t bad = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
    if (file.path().extension() != ".xml") continue;
    const std::string name = file.path().filename();
    const auto resource = parse_resource_xml(read(file.path()));
    if (const auto invalid = invalid_samples.find(name); invalid != invalid_samples.end()) {
      ASSERT_FALSE(resource) << name;
      EXPECT_THAT(findings(resource.error()), testing::HasSubstr(std::string(invalid->second)));
      ++bad;
      continue;
    }
    ASSERT_TRUE(resource) << name << findings(resource.error());
    round_trip(resource->json(), name);
    ++good;
  }
  std::cout << good << " good XML samples and " << bad << " bad ones\n";
  EXPECT_GE(good, 12U);
  EXPECT_EQ(bad, invalid_samples.size());
}

}  // namespace
}  // namespace lightbox::fhir
