#include "fhir/subset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>
#include <string>

#include "fhir/json.h"

namespace lightbox::fhir {
namespace {

const ResourceType& type_of(std::string_view name) {
  return *Definitions::r4().resource_type(name);
}

std::string subset_of(const Subset& subset, std::string_view type, std::string_view text,
                      Role role = Role::match) {
  std::string out;
  append_subset(subset, role, type_of(type), text, out);
  return out;
}

constexpr std::string_view tag =
    R"({"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"})";

std::string with_tag(std::string text) {
  const auto at = text.find("TAG");
  return at == std::string::npos ? text : text.replace(at, 3, tag);
}

TEST(Subset, WholeIsTheSameBytes) {
  constexpr std::string_view text = R"({"resourceType":"Basic", "id" : "a"})";
  EXPECT_EQ(subset_of({}, "Basic", text), text);
}

TEST(Subset, SummaryHasWhatTheTableMarks) {
  EXPECT_EQ(
      subset_of(
          {.kind = Subset::Kind::summary, .elements = {}, .typed = {}}, "Media",
          R"({"resourceType":"Media","id":"m","meta":{"versionId":"1"},"language":"en",)"
          R"("status":"completed","_status":{"id":"x"},"bodySite":{"text":"b","extension":[]},)"
          R"("note":[{"text":"n"}],"content":{"contentType":"x/y","data":"AAAA"}})"),
      with_tag(R"({"resourceType":"Media","id":"m","meta":{"versionId":"1","tag":[TAG]},)"
               R"("status":"completed","_status":{"id":"x"},"bodySite":{"text":"b"},)"
               R"("content":{"contentType":"x/y"}})"));
}

TEST(Subset, SummaryLeavesNoElementEmpty) {
  EXPECT_EQ(
      subset_of({.kind = Subset::Kind::summary, .elements = {}, .typed = {}}, "ImagingStudy",
                R"({"resourceType":"ImagingStudy","meta":{},"subject":{"extension":[{"url":)"
                R"("urn:why","valueCode":"unknown"}]}})"),
      with_tag(R"({"resourceType":"ImagingStudy","meta":{"tag":[TAG]},"subject":{"extension":)"
               R"([{"url":"urn:why","valueCode":"unknown"}]}})"));
}

TEST(Subset, SummaryOfABundleSummarisesItsResources) {
  const std::string text =
      subset_of({.kind = Subset::Kind::summary, .elements = {}, .typed = {}}, "Bundle",
                R"({"resourceType":"Bundle","type":"collection","entry":[{"resource":{)"
                R"("resourceType":"Patient","id":"p","active":true,"photo":[{"title":"t"}]}}]})");
  EXPECT_THAT(text, testing::HasSubstr(R"({"resourceType":"Patient","id":"p","active":true})"));
}

// What R4 asks of every type: id, meta and what is mandatory are never left out.
TEST(Subset, KeepsWhatIsMandatoryOfEveryType) {
  for (const ResourceType& type : Definitions::r4().resource_types()) {
    std::string whole = R"({"resourceType":")" + std::string(type.name) + R"(","id":"i","meta":{})";
    std::set<std::string> mandatory{"resourceType", "id", "meta"};
    for (const Element& element : type.elements->elements) {
      if (element.name == "id" || element.name == "meta") continue;
      const std::string name(element.types.front().json_name);
      whole += ",\"" + name + "\":\"x\"";
      if (element.min > 0) mandatory.insert(name);
    }
    whole += '}';
    for (const auto kind : {Subset::Kind::elements, Subset::Kind::text, Subset::Kind::summary}) {
      Subset subset{.kind = kind, .elements = {"id"}, .typed = {}};
      const auto document = parse_json(subset_of(subset, type.name, whole));
      ASSERT_TRUE(document);
      std::set<std::string> kept;
      for (const Json* member = document->root()->first; member; member = member->next) {
        kept.emplace(member->key);
      }
      std::set<std::string> wanted = mandatory;
      if (kind == Subset::Kind::text && type.elements->element("text") != nullptr) {
        wanted.insert("text");
      }
      for (const Element& element : type.elements->elements) {
        if (kind == Subset::Kind::summary && element.is_summary) {
          wanted.emplace(element.types.front().json_name);
        }
      }
      EXPECT_EQ(kept, wanted) << type.name << " " << static_cast<int>(kind);
    }
  }
}

TEST(Subset, TagsOnce) {
  const std::string text = with_tag(R"({"resourceType":"Basic","meta":{"tag":[TAG]}})");
  EXPECT_EQ(subset_of({.kind = Subset::Kind::data, .elements = {}, .typed = {}}, "Basic", text),
            text);
}

TEST(Subset, ElementsOfAChoiceHaveManyNames) {
  const ResourceType* const types[] = {&type_of("Observation")};
  for (const std::string_view name : {"value", "value[x]", "valueQuantity", "Observation.value"}) {
    Subset subset;
    ASSERT_EQ(add_elements(name, types, subset), std::nullopt) << name;
    EXPECT_THAT(subset_of(subset, "Observation",
                          R"({"resourceType":"Observation","valueString":"v","issued":"x"})"),
                testing::AllOf(testing::HasSubstr("valueString"),
                               testing::Not(testing::HasSubstr("issued"))))
        << name;
  }
}

TEST(Subset, ElementsConcernMatchesUnlessATypeIsNamed) {
  const ResourceType* const types[] = {&type_of("Patient")};
  constexpr std::string_view text = R"({"resourceType":"Patient","active":true})";
  Subset named;
  ASSERT_EQ(add_elements("name", types, named), std::nullopt);
  EXPECT_EQ(subset_of(named, "Patient", text, Role::include), text);
  ASSERT_EQ(add_elements("Patient.name", types, named), std::nullopt);
  EXPECT_THAT(subset_of(named, "Patient", text, Role::include),
              testing::Not(testing::HasSubstr("active")));
}

}  // namespace
}  // namespace lightbox::fhir
