// Terminology: what is built in, stored code systems and value sets, what is refused.

#include "fhir/terminology.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>

#include "base/embedded.h"

namespace lightbox::fhir {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view dcm = "http://dicom.nema.org/resources/ontology/DCM";
constexpr std::string_view cid29 =
    "http://dicom.nema.org/medical/dicom/current/output/chtml/part16/sect_CID_29.html";

// A terminology whose stored resources are those of a map from url.
Terminology with(const std::map<std::string, std::string, std::less<>>& stored,
                 const Limits& limits = {}) {
  return Terminology(
      [stored](Terminology::Kind, std::string_view url,
               std::string_view) -> Result<std::optional<std::string>> {
        const auto found = stored.find(url);
        if (found == stored.end()) return std::optional<std::string>();
        return std::optional(found->second);
      },
      limits);
}

// cat, its kinds, and a dog by a property; "old" is retired, "pet" is abstract.
constexpr std::string_view animals = R"({"resourceType":"CodeSystem","url":"http://a","version":"2",
  "status":"active","content":"complete","caseSensitive":false,"concept":[
  {"code":"pet","property":[{"code":"notSelectable","valueBoolean":true}],"concept":[
    {"code":"cat","display":"Katze","definition":"meows","concept":[{"code":"Siamese","display":"Siam Cat"}],
     "designation":[{"language":"fr","value":"chat"}],"property":[{"code":"legs","valueInteger":4}]}]},
  {"code":"dog","display":"Dog","property":[{"code":"parent","valueCode":"pet"},{"code":"legs","valueInteger":4}]},
  {"code":"old","display":"Old","property":[{"code":"status","valueCode":"retired"}]}]})";

std::string value_set(std::string_view compose) {
  return std::string(
             R"({"resourceType":"ValueSet","url":"http://v","status":"active","compose":)") +
         std::string(compose) + "}";
}

std::shared_ptr<const ValueSetContent> content(std::string_view json) {
  auto document = parse_json(json);
  EXPECT_TRUE(document);
  return read_value_set(std::move(*document));
}

std::vector<std::string> codes_of(const Result<std::vector<ExpandedCode>>& expansion) {
  if (!expansion) return {"refused: " + expansion.error().issues.front().diagnostics};
  std::vector<std::string> codes;
  for (const auto& code : *expansion) codes.push_back(code.code);
  return codes;
}

std::vector<std::string> expand(std::string_view compose, const ExpansionFilter& filter = {}) {
  const auto terminology = with({{"http://a", std::string(animals)}});
  return codes_of(terminology.expand(*content(value_set(compose)), filter));
}

// --- What is built in ---------------------------------------------------------------------------

TEST(TerminologyBuiltIn, HasTheModalities) {
  const Terminology terminology;
  const auto modalities = terminology.value_set(cid29);
  ASSERT_TRUE(modalities);
  const auto codes = terminology.expand(**modalities);
  ASSERT_TRUE(codes);
  EXPECT_THAT(codes_of(codes), testing::IsSupersetOf({"CT", "MR", "US", "ECG"}));
  for (const auto& code : *codes) {
    EXPECT_EQ(code.system, dcm);
    EXPECT_FALSE(code.display.empty()) << code.code;
  }
  const auto guide = terminology.value_set(
      "http://fhir.org/guides/dicom/ValueSet/dicom-cid-29-AcquisitionModality|20231115");
  ASSERT_TRUE(guide);
  EXPECT_EQ(*guide, *modalities);
}

TEST(TerminologyBuiltIn, ExpandsEveryValueSetOrSaysWhatIsMissing) {
  const Terminology terminology;
  std::size_t expanded = 0;
  std::vector<std::string> refused;
  std::string_view rest = embedded_terminology();
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + 1);
    if (!line.starts_with("valueset\t")) continue;
    const std::string_view url = line.substr(9, line.find('\t', 9) - 9);
    const auto known = terminology.value_set(url);
    ASSERT_TRUE(known) << url;
    const auto codes = terminology.expand(**known);
    if (codes) {
      EXPECT_FALSE(codes->empty()) << url;
      ++expanded;
    } else {
      refused.push_back(codes.error().issues.front().diagnostics);
    }
  }
  EXPECT_GT(expanded, 280U);
  for (const auto& reason : refused) EXPECT_THAT(reason, HasSubstr("not known")) << reason;
}

TEST(TerminologyBuiltIn, KnowsTheHierarchiesOfV3) {
  const Terminology terminology;
  const auto system = terminology.code_system("http://terminology.hl7.org/CodeSystem/v3-RoleCode");
  ASSERT_TRUE(system);
  const auto* family = (*system)->find("FAMMEMB");
  const auto* mother = (*system)->find("MTH");
  ASSERT_TRUE(family != nullptr && mother != nullptr);
  EXPECT_TRUE((*system)->subsumes(*family, *mother));
  EXPECT_FALSE((*system)->subsumes(*mother, *family));
}

TEST(TerminologyBuiltIn, RefusesWhatIsNotKnown) {
  const Terminology terminology;
  const auto refused = terminology.value_set("http://nowhere");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ProblemKind::not_found);
  EXPECT_FALSE(terminology.value_set(std::string(cid29) + "|1"));
  EXPECT_FALSE(terminology.code_system(std::string(dcm) + "|99"));
}

// --- Compose ------------------------------------------------------------------------------------

struct Compose {
  std::string_view name;
  std::string_view json;
  std::vector<std::string> codes;
};

class TerminologyCompose : public testing::TestWithParam<Compose> {};

TEST_P(TerminologyCompose, GivesItsCodes) { EXPECT_EQ(expand(GetParam().json), GetParam().codes); }

INSTANTIATE_TEST_SUITE_P(
    Table, TerminologyCompose,
    testing::Values(
        Compose{"Whole",
                R"({"include":[{"system":"http://a"}]})",
                {"pet", "cat", "Siamese", "dog", "old"}},
        Compose{
            "Listed",
            R"({"include":[{"system":"http://x","concept":[{"code":"b"},{"code":"a"},{"code":"b"}]}]})",
            {"b", "a"}},
        Compose{
            "Excluded",
            R"({"include":[{"system":"http://a"}],"exclude":[{"system":"http://a","concept":[{"code":"dog"}]}]})",
            {"pet", "cat", "Siamese", "old"}},
        Compose{"Active",
                R"({"inactive":false,"include":[{"system":"http://a"}]})",
                {"pet", "cat", "Siamese", "dog"}},
        Compose{
            "IsA",
            R"({"include":[{"system":"http://a","filter":[{"property":"concept","op":"is-a","value":"cat"}]}]})",
            {"cat", "Siamese"}},
        Compose{
            "DescendentOf",
            R"({"include":[{"system":"http://a","filter":[{"property":"concept","op":"descendent-of","value":"pet"}]}]})",
            {"cat", "Siamese", "dog"}},
        Compose{
            "IsNotA",
            R"({"include":[{"system":"http://a","filter":[{"property":"concept","op":"is-not-a","value":"pet"}]}]})",
            {"old"}},
        Compose{
            "Generalizes",
            R"({"include":[{"system":"http://a","filter":[{"property":"concept","op":"generalizes","value":"siamese"}]}]})",
            {"pet", "cat", "Siamese"}},
        Compose{
            "Equals",
            R"({"include":[{"system":"http://a","filter":[{"property":"legs","op":"=","value":"4"}]}]})",
            {"cat", "dog"}},
        Compose{
            "In",
            R"({"include":[{"system":"http://a","filter":[{"property":"code","op":"in","value":"dog, old"}]}]})",
            {"dog", "old"}},
        Compose{
            "Exists",
            R"({"include":[{"system":"http://a","filter":[{"property":"legs","op":"exists","value":"false"}]}]})",
            {"pet", "Siamese", "old"}},
        Compose{
            "Regex",
            R"({"include":[{"system":"http://a","filter":[{"property":"display","op":"regex","value":".*[Dd]o?g?"}]}]})",
            {"dog", "old"}},
        Compose{
            "TwoFilters",
            R"({"include":[{"system":"http://a","filter":[{"property":"legs","op":"=","value":"4"},{"property":"concept","op":"is-a","value":"cat"}]}]})",
            {"cat"}},
        Compose{
            "ImportsMeet",
            R"({"include":[{"system":"http://hl7.org/fhir/administrative-gender","concept":[{"code":"male"},{"code":"x"}],"valueSet":["http://hl7.org/fhir/ValueSet/administrative-gender"]}]})",
            {"male"}}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(TerminologyExpand, FiltersByTextAndActivity) {
  constexpr std::string_view whole = R"({"include":[{"system":"http://a"}]})";
  EXPECT_THAT(expand(whole, {.text = "SIAM cat"}), ElementsAre("Siamese"));
  EXPECT_THAT(expand(whole, {.text = "sia"}), ElementsAre("Siamese"));
  EXPECT_THAT(expand(whole, {.text = "o", .active_only = true}), ElementsAre("dog"));
}

TEST(TerminologyExpand, KeepsDesignationsAndFlags) {
  const auto terminology = with({{"http://a", std::string(animals)}});
  const auto codes =
      terminology.expand(*content(value_set(R"({"include":[{"system":"http://a"}]})")));
  ASSERT_TRUE(codes);
  EXPECT_TRUE(codes->at(0).is_abstract);
  EXPECT_TRUE(codes->at(4).is_inactive);
  EXPECT_EQ(codes->at(1).version, "2");
  EXPECT_THAT(codes->at(1).designations, ElementsAre(R"({"language":"fr","value":"chat"})"));
}

struct RefusedCompose {
  std::string_view name;
  std::string_view json;
  std::string_view code;
  std::string_view says;
};

class TerminologyRefusal : public testing::TestWithParam<RefusedCompose> {};

TEST_P(TerminologyRefusal, SaysWhy) {
  const auto terminology =
      with({{"http://a", std::string(animals)},
            {"http://v", value_set(R"({"include":[{"valueSet":["http://v"]}]})")}},
           {.expansion_codes_max = 4});
  const auto refused = terminology.expand(*content(value_set(GetParam().json)));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ProblemKind::unprocessable);
  EXPECT_EQ(refused.error().issues.front().code, GetParam().code);
  EXPECT_THAT(refused.error().issues.front().diagnostics, HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Table, TerminologyRefusal,
    testing::Values(
        RefusedCompose{"Circle", R"({"include":[{"valueSet":["http://v"]}]})", "processing",
                       "in a circle"},
        RefusedCompose{"TooMany", R"({"include":[{"system":"http://a"}]})", "too-costly",
                       "more than 4 codes"},
        RefusedCompose{"UnknownSystem", R"({"include":[{"system":"http://loinc.org"}]})",
                       "not-found", "http://loinc.org"},
        RefusedCompose{"UnknownImport", R"({"include":[{"valueSet":["http://none"]}]})",
                       "not-found", "http://none"},
        RefusedCompose{"Fragment", R"({"include":[{"system":"http://snomed.info/sct"}]})",
                       "not-supported", "only a part"},
        RefusedCompose{
            "Operator",
            R"({"include":[{"system":"http://a","filter":[{"property":"legs","op":"child-of","value":"4"}]}]})",
            "not-supported", "child-of"},
        RefusedCompose{
            "NoRegex",
            R"({"include":[{"system":"http://a","filter":[{"property":"code","op":"regex","value":"("}]}]})",
            "value", "not a regular expression"},
        RefusedCompose{
            "UnknownConcept",
            R"({"include":[{"system":"http://a","filter":[{"property":"concept","op":"is-a","value":"cow"}]}]})",
            "code-invalid", "cow"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(TerminologyExpand, StopsARegexThatBacktracksWithoutEnd) {
  const std::string system =
      R"({"resourceType":"CodeSystem","url":"http://b","content":"complete","concept":[{"code":")" +
      std::string(60, 'a') + R"("}]})";
  const auto terminology = with({{"http://b", system}});
  const auto refused = terminology.expand(*content(value_set(
      R"({"include":[{"system":"http://b","filter":[{"property":"code","op":"regex","value":"(a|aa|a?a)+b"}]}]})")));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().issues.front().code, "too-costly");
}

TEST(TerminologyExpand, SurvivesHierarchiesThatGoRound) {
  const auto terminology =
      with({{"http://b",
             R"({"resourceType":"CodeSystem","url":"http://b","content":"complete","concept":[
    {"code":"x","property":[{"code":"parent","valueCode":"y"}]},{"code":"y","property":[{"code":"parent","valueCode":"x"}]}]})"}});
  EXPECT_THAT(
      codes_of(terminology.expand(*content(value_set(
          R"({"include":[{"system":"http://b","filter":[{"property":"concept","op":"is-a","value":"x"}]}]})")))),
      ElementsAre("x", "y"));
}

// --- One code -----------------------------------------------------------------------------------

TEST(TerminologyFind, FindsWithAndWithoutTheSystem) {
  const auto terminology = with({{"http://a", std::string(animals)}});
  const auto cats = content(value_set(
      R"({"include":[{"system":"http://a","filter":[{"property":"concept","op":"is-a","value":"cat"}]}],)"
      R"("exclude":[{"system":"http://a","concept":[{"code":"cat"}]}]})"));
  const auto found = [&](std::string_view system, std::string_view code) {
    const auto result = terminology.find_in(*cats, system, code);
    EXPECT_TRUE(result);
    return result && *result ? (*result)->display : std::string("-");
  };
  EXPECT_EQ(found("http://a", "Siamese"), "Siam Cat");
  EXPECT_EQ(found("", "siamese"), "Siam Cat");  // the system does not mind case
  EXPECT_EQ(found("http://b", "Siamese"), "-");
  EXPECT_EQ(found("http://a", "dog"), "-");
  EXPECT_EQ(found("http://a", "cat"), "-");
}

// --- For search ---------------------------------------------------------------------------------

TEST(TerminologyRelated, GivesWhatIsAboveAndBelow) {
  const auto terminology = with({{"http://a", std::string(animals)}});
  const auto codes = [&](std::string_view code, Terminology::Direction direction) {
    const auto result = terminology.related("http://a", code, direction, 10);
    std::vector<std::string> found;
    if (result) {
      for (const auto& one : *result) found.push_back(one.system + "|" + one.code);
    }
    return found;
  };
  EXPECT_THAT(codes("cat", Terminology::Direction::below),
              ElementsAre("http://a|cat", "http://a|Siamese"));
  EXPECT_THAT(codes("cat", Terminology::Direction::above),
              ElementsAre("http://a|pet", "http://a|cat"));
  EXPECT_THAT(codes("cow", Terminology::Direction::above), IsEmpty());
}

TEST(TerminologyRelated, RefusesAsAFaultOfTheRequest) {
  const Terminology terminology;
  const auto kind = [](const auto& result) {
    EXPECT_FALSE(result);
    return result.error().kind;
  };
  using enum Terminology::Direction;
  EXPECT_EQ(kind(terminology.related("http://snomed.info/sct", "818981001", below, 10)),
            ProblemKind::invalid);
  EXPECT_EQ(kind(terminology.related("http://nowhere", "1", below, 10)), ProblemKind::invalid);
  EXPECT_EQ(kind(terminology.codes_in("http://nowhere", 10)), ProblemKind::invalid);
  EXPECT_EQ(kind(terminology.codes_in(cid29, 10)), ProblemKind::invalid);
  EXPECT_TRUE(terminology.codes_in(cid29, 100));
}

}  // namespace
}  // namespace lightbox::fhir
