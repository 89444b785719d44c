// Searches, parsed: as lines that state the whole typed query, and each refusal.

#include "fhir/search.h"

#include <chrono>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace lightbox::fhir {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// --- A query as text ----------------------------------------------------------------------------

std::string instant(std::int64_t ms) {
  if (ms == date_max) return "open";
  const std::chrono::milliseconds time(ms);
  return fmt::format("{:%FT%T}.{:03}",
                     std::chrono::sys_seconds(std::chrono::floor<std::chrono::seconds>(time)),
                     (ms % 1000 + 1000) % 1000);
}

std::string_view name(Prefix prefix) {
  constexpr std::array<std::string_view, 9> names{"eq", "ne", "gt", "lt", "ge",
                                                  "le", "sa", "eb", "ap"};
  return names.at(static_cast<std::size_t>(prefix));
}

struct Describe {
  static std::string optional(const std::optional<std::string>& text) { return text.value_or("*"); }

  std::string operator()(const TokenValue& token) const {
    return fmt::format("{}|{}", optional(token.system), optional(token.code));
  }
  std::string operator()(const StringValue& string) const {
    return fmt::format("\"{}\" \"{}\"", string.normalised, string.exact);
  }
  std::string operator()(const DateValue& date) const {
    return fmt::format("{} {}..{}", name(date.prefix), instant(date.interval.low),
                       instant(date.interval.high));
  }
  std::string operator()(const NumberValue& number) const {
    std::string text =
        fmt::format("{} {} [{},{})", name(number.prefix), number.value, number.low, number.high);
    if (number.system || number.code) {
      text += fmt::format(" {}|{}", optional(number.system), optional(number.code));
    }
    return text;
  }
  std::string operator()(const ReferenceValue& reference) const {
    return fmt::format("->{}", fmt::join(reference.targets, "+"));
  }
  std::string operator()(const UidValue& uid) const { return fmt::format("uid '{}'", uid.uid); }
  std::string operator()(const IdValue& id) const { return id.id; }
  std::string operator()(const CompositeValue& composite) const {
    std::string text;
    for (const auto& part : composite.parts) {
      text.append(text.empty() ? "" : " $ ").append(std::visit(*this, part));
    }
    return text;
  }
};

std::string_view name(Modifier modifier) {
  constexpr std::array<std::string_view, 8> names{"",          ":missing", ":not",        ":exact",
                                                  ":contains", ":text",    ":identifier", ":type"};
  return names.at(static_cast<std::size_t>(modifier));
}

// "modality:not *|CT, *|MR"
std::string line(const Criterion& criterion) {
  std::string text = criterion.parameter != nullptr ? std::string(criterion.parameter->code)
                     : criterion.column == Criterion::Column::id ? "_id"
                                                                 : "_lastUpdated";
  for (const SearchParameter* other : criterion.or_parameters) text.append("/").append(other->code);
  text.append(name(criterion.modifier));
  if (criterion.modifier == Modifier::missing)
    return text + (criterion.missing ? " true" : " false");
  std::string values;
  for (const SearchValue& value : criterion.any_of) {
    values.append(values.empty() ? " " : ", ").append(std::visit(Describe{}, value));
  }
  return text + values;
}

// --- Helpers ------------------------------------------------------------------------------------

using Parameters = std::vector<std::pair<std::string, std::string>>;

constexpr std::int64_t now_ms = 1'718'450'000'000;  // 2024-06-15T11:13:20Z

SearchContext context(Handling handling = Handling::lenient) {
  SearchContext made;
  made.handling = handling;
  made.index.own_bases = {"http://localhost:8080/baseR4/"};
  made.now_ms = now_ms;
  return made;
}

Result<SearchQuery> parse(std::string_view type, const Parameters& parameters,
                          const SearchContext& with = context(), const Limits& limits = {}) {
  return parse_search(*Definitions::r4().resource_type(type), parameters, with, limits);
}

// "modality=CT&status=available"; nothing is decoded.
Parameters split(std::string_view query) {
  Parameters parameters;
  while (!query.empty()) {
    const std::string_view one = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), one.size() + 1));
    const auto equals = one.find('=');
    parameters.emplace_back(one.substr(0, equals), one.substr(equals + 1));
  }
  return parameters;
}

std::vector<std::string> diagnostics(const std::vector<Issue>& issues) {
  std::vector<std::string> texts;
  for (const Issue& issue : issues) texts.push_back(issue.diagnostics);
  return texts;
}

// --- What each value means ----------------------------------------------------------------------

struct Case {
  std::string_view name;
  std::string_view type;
  std::string_view query;
  std::vector<std::string_view> lines;
};

class Search : public testing::TestWithParam<Case> {};

TEST_P(Search, MeansThis) {
  const auto query = parse(GetParam().type, split(GetParam().query));
  ASSERT_TRUE(query) << query.error().issues.front().diagnostics;
  std::vector<std::string> lines;
  for (const Criterion& criterion : query->criteria) lines.push_back(line(criterion));
  EXPECT_THAT(lines, ElementsAreArray(GetParam().lines));
  EXPECT_THAT(query->notes, IsEmpty());
  EXPECT_EQ(query->used, split(GetParam().query));
}

std::string name_of(const testing::TestParamInfo<Case>& test) {
  return std::string(test.param.name);
}

INSTANTIATE_TEST_SUITE_P(
    Token, Search,
    testing::Values(
        Case{"Code", "ImagingStudy", "modality=CT", {"modality *|CT"}},
        Case{"SystemAndCode", "ImagingStudy", "modality=http://dcm|CT", {"modality http://dcm|CT"}},
        Case{"NoSystem", "ImagingStudy", "modality=|CT", {"modality |CT"}},
        Case{"SystemOnly", "ImagingStudy", "modality=http://dcm|", {"modality http://dcm|*"}},
        Case{"Or", "ImagingStudy", "modality=CT,MR", {"modality *|CT, *|MR"}},
        Case{"And", "ImagingStudy", "modality=CT&modality=SR", {"modality *|CT", "modality *|SR"}},
        Case{"EmptyAlternatives", "ImagingStudy", "modality=,CT,", {"modality *|CT"}},
        Case{"EscapedComma", "ImagingStudy", R"(identifier=a\,b,c)", {"identifier *|a,b, *|c"}},
        Case{"EscapedBar", "ImagingStudy", R"(identifier=a\|b|c)", {"identifier a|b|c"}},
        Case{
            "EscapedBackslash", "ImagingStudy", R"(identifier=a\\,b)", {R"(identifier *|a\, *|b)"}},
        Case{"OtherBackslash", "ImagingStudy", R"(identifier=a\b)", {R"(identifier *|a\b)"}},
        Case{"BackslashAtTheEnd", "ImagingStudy", R"(identifier=a\)", {R"(identifier *|a\)"}},
        Case{"Not", "ImagingStudy", "modality:not=CT,MR", {"modality:not *|CT, *|MR"}},
        Case{"Text",
             "ImagingStudy",
             "modality:text=Computed",
             {R"(modality:text "computed" "Computed")"}},
        Case{"MissingTrue", "ImagingStudy", "modality:missing=true", {"modality:missing true"}},
        Case{"MissingFalse", "ImagingStudy", "started:missing=false", {"started:missing false"}},
        Case{"BareCode", "ImagingStudy", "status=available", {"status *|available"}},
        Case{"ImplicitSystem",
             "ImagingStudy",
             "status=http://hl7.org/fhir/imagingstudy-status|available",
             {"status *|available"}},
        Case{"ImplicitSystemAlone",
             "ImagingStudy",
             "status=http://hl7.org/fhir/imagingstudy-status|",
             {"status *|available, *|cancelled, *|entered-in-error, *|registered, *|unknown"}},
        Case{"ForeignSystemMatchesNothing",
             "ImagingStudy",
             "status=http://x|available",
             {"status http://x|available"}},
        Case{"NoSystemIsNotTheImplicitOne",
             "ImagingStudy",
             "status=|available",
             {"status |available"}},
        Case{"Boolean", "Patient", "active=true", {"active *|true"}},
        Case{"Tag", "ImagingStudy", "_tag=http://t|demo", {"_tag http://t|demo"}},
        Case{"UidAsIdentifier",
             "ImagingStudy",
             "identifier=urn:dicom:uid|urn:oid:1.2.3",
             {"identifier urn:dicom:uid|1.2.3"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Uid, Search,
    testing::Values(Case{"Bare", "ImagingStudy", "series=1.2.3", {"series uid '1.2.3'"}},
                    Case{"Oid", "ImagingStudy", "instance=urn:oid:1.2.3", {"instance uid '1.2.3'"}},
                    Case{"DicomSystem",
                         "ImagingStudy",
                         "series=urn:dicom:uid|urn:oid:1.2.3",
                         {"series uid '1.2.3'"}},
                    Case{"UriSystem",
                         "ImagingStudy",
                         "series=urn:ietf:rfc:3986|urn:oid:1.2.3",
                         {"series uid '1.2.3'"}},
                    Case{"AnotherSystemMatchesNothing",
                         "ImagingStudy",
                         "series=http://x|1.2.3",
                         {"series uid ''"}},
                    Case{"Several",
                         "ImagingStudy",
                         "instance=1.2,urn:oid:1.3",
                         {"instance uid '1.2', uid '1.3'"}},
                    Case{"Not", "ImagingStudy", "series:not=1.2", {"series:not uid '1.2'"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Id, Search,
    testing::Values(Case{"One", "ImagingStudy", "_id=img-001", {"_id img-001"}},
                    Case{"Several", "ImagingStudy", "_id=a,b", {"_id a, b"}},
                    Case{"WithType", "ImagingStudy", "_id=ImagingStudy/a", {"_id a"}},
                    Case{"Uid", "ImagingStudy", "_id=urn:oid:1.2.3", {"_id 1.2.3"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Reference, Search,
    testing::Values(
        Case{"BareIdOfOneType", "ImagingStudy", "patient=123", {"patient ->Patient/123"}},
        Case{"BareIdOfSeveralTypes",
             "ImagingStudy",
             "subject=123",
             {"subject ->Device/123+Group/123+Patient/123"}},
        Case{"TypeAndId", "ImagingStudy", "subject=Patient/123", {"subject ->Patient/123"}},
        Case{"OwnBase",
             "ImagingStudy",
             "patient=http://localhost:8080/baseR4/Patient/123",
             {"patient ->Patient/123"}},
        Case{"OtherServer",
             "ImagingStudy",
             "patient=http://other/fhir/Patient/123",
             {"patient ->http://other/fhir/Patient/123"}},
        Case{
            "Version", "ImagingStudy", "patient=Patient/123/_history/4", {"patient ->Patient/123"}},
        Case{"TypeModifier", "ImagingStudy", "subject:Patient=123", {"subject:type ->Patient/123"}},
        Case{"TypeModifierAndType",
             "ImagingStudy",
             "subject:Patient=Patient/123",
             {"subject:type ->Patient/123"}},
        Case{"AnyType", "Provenance", "target=ImagingStudy/1", {"target ->ImagingStudy/1"}},
        Case{"Urn", "ImagingStudy", "basedon=urn:uuid:1-2", {"basedon ->urn:uuid:1-2"}},
        Case{"Or", "ImagingStudy", "patient=1,Patient/2", {"patient ->Patient/1, ->Patient/2"}},
        Case{"Identifier",
             "ImagingStudy",
             "patient:identifier=http://mrn|47",
             {"patient:identifier http://mrn|47"}},
        Case{"Missing", "ImagingStudy", "encounter:missing=true", {"encounter:missing true"}},
        Case{"Canonical",
             "CarePlan",
             "instantiates-canonical=http://p/x|1.0",
             {"instantiates-canonical ->http://p/x|1.0"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    String, Search,
    testing::Values(
        Case{"StartsWith", "Patient", "family=Müll", {R"(family "mull" "Müll")"}},
        Case{"Exact", "Patient", "family:exact=Müller", {R"(family:exact "muller" "Müller")"}},
        Case{"Contains", "Patient", "name:contains=ÜL", {R"(name:contains "ul" "ÜL")"}},
        Case{"Escapes", "Patient", R"(name=a\,b\$c)", {R"(name "a,b$c" "a,b$c")"}},
        Case{"BarIsText", "Patient", "name=a|b", {R"(name "a|b" "a|b")"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(Uri, Search,
                         testing::Values(Case{"Plain",
                                              "ValueSet",
                                              "url=http://x/ValueSet/1",
                                              {"url *|http://x/ValueSet/1"}},
                                         Case{"CanonicalWithVersion",
                                              "ImagingStudy",
                                              "_profile=http://x|1.0",
                                              {"_profile *|http://x|1.0"}},
                                         Case{"Oid", "ValueSet", "url=urn:oid:1.2", {"url *|1.2"}}),
                         name_of);

INSTANTIATE_TEST_SUITE_P(
    Date, Search,
    testing::Values(
        Case{"Year",
             "ImagingStudy",
             "started=2024",
             {"started eq 2024-01-01T00:00:00.000..2025-01-01T00:00:00.000"}},
        Case{"Eq",
             "ImagingStudy",
             "started=eq2024-06-15",
             {"started eq 2024-06-15T00:00:00.000..2024-06-16T00:00:00.000"}},
        Case{"Ne",
             "ImagingStudy",
             "started=ne2024-06-15",
             {"started ne 2024-06-15T00:00:00.000..2024-06-16T00:00:00.000"}},
        Case{"Gt",
             "ImagingStudy",
             "started=gt2024-06",
             {"started gt 2024-06-01T00:00:00.000..2024-07-01T00:00:00.000"}},
        Case{"Lt",
             "ImagingStudy",
             "started=lt2024-06-15T10:30Z",
             {"started lt 2024-06-15T10:30:00.000..2024-06-15T10:31:00.000"}},
        Case{"Ge",
             "ImagingStudy",
             "started=ge2024-06-15T10:30:00Z",
             {"started ge 2024-06-15T10:30:00.000..2024-06-15T10:30:01.000"}},
        Case{"Le",
             "ImagingStudy",
             "started=le2024-06-15T10:30:00.250Z",
             {"started le 2024-06-15T10:30:00.250..2024-06-15T10:30:00.251"}},
        Case{"Sa",
             "ImagingStudy",
             "started=sa2024-06-15T10:30:00+02:00",
             {"started sa 2024-06-15T08:30:00.000..2024-06-15T08:30:01.000"}},
        Case{"Eb",
             "ImagingStudy",
             "started=eb2024-06-15T10:30:00-02:00",
             {"started eb 2024-06-15T12:30:00.000..2024-06-15T12:30:01.000"}},
        // From the end of that day to now are 9 days and 11:13:20; a tenth to each side.
        Case{"ApPast",
             "ImagingStudy",
             "started=ap2024-06-05",
             {"started ap 2024-06-04T01:16:40.000..2024-06-06T22:43:20.000"}},
        Case{"ApFuture",
             "ImagingStudy",
             "started=ap2024-06-25",
             {"started ap 2024-06-24T01:07:20.000..2024-06-26T22:52:40.000"}},
        Case{"ApNow",
             "ImagingStudy",
             "started=ap2024-06-15",
             {"started ap 2024-06-15T00:00:00.000..2024-06-16T00:00:00.000"}},
        Case{"PlusThatBecameASpace",
             "ImagingStudy",
             "started=2024-06-15T10:30:00 02:00",
             {"started eq 2024-06-15T08:30:00.000..2024-06-15T08:30:01.000"}},
        Case{"Range",
             "ImagingStudy",
             "started=ge2024-01&started=lt2024-03",
             {"started ge 2024-01-01T00:00:00.000..2024-02-01T00:00:00.000",
              "started lt 2024-03-01T00:00:00.000..2024-04-01T00:00:00.000"}},
        Case{"LastUpdated",
             "ImagingStudy",
             "_lastUpdated=ge2024-06-15T10:30:00Z,2023",
             {"_lastUpdated ge 2024-06-15T10:30:00.000..2024-06-15T10:30:01.000, "
              "eq 2023-01-01T00:00:00.000..2024-01-01T00:00:00.000"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Number, Search,
    testing::Values(
        Case{"Integer", "RiskAssessment", "probability=100", {"probability eq 100 [99.5,100.5)"}},
        Case{"Decimals",
             "RiskAssessment",
             "probability=100.00",
             {"probability eq 100 [99.995,100.005)"}},
        Case{"Exponent", "RiskAssessment", "probability=1e2", {"probability eq 100 [95,105)"}},
        Case{"ExponentWithDecimals",
             "RiskAssessment",
             "probability=1.0e2",
             {"probability eq 100 [95,105)"}},
        Case{"NegativeExponent",
             "RiskAssessment",
             "probability=5.4E-1",
             {"probability eq 0.54 [0.535,0.545)"}},
        Case{"Negative",
             "RiskAssessment",
             "probability=-0.5",
             {"probability eq -0.5 [-0.55,-0.45)"}},
        Case{"Zero", "RiskAssessment", "probability=0", {"probability eq 0 [-0.5,0.5)"}},
        Case{"Carry", "RiskAssessment", "probability=10", {"probability eq 10 [9.5,10.5)"}},
        Case{"Gt", "RiskAssessment", "probability=gt0.8", {"probability gt 0.8 [0.75,0.85)"}},
        Case{"Lt", "RiskAssessment", "probability=lt0.8", {"probability lt 0.8 [0.75,0.85)"}},
        Case{"Ge", "RiskAssessment", "probability=ge0.8", {"probability ge 0.8 [0.75,0.85)"}},
        Case{"Le", "RiskAssessment", "probability=le0.8", {"probability le 0.8 [0.75,0.85)"}},
        Case{"Sa", "RiskAssessment", "probability=sa0.8", {"probability sa 0.8 [0.75,0.85)"}},
        Case{"Eb", "RiskAssessment", "probability=eb0.8", {"probability eb 0.8 [0.75,0.85)"}},
        Case{"Ne", "RiskAssessment", "probability=ne0.8", {"probability ne 0.8 [0.75,0.85)"}},
        Case{"Ap", "RiskAssessment", "probability=ap100", {"probability ap 100 [90,110)"}},
        Case{"ApOfAnImpreciseNumber",
             "RiskAssessment",
             "probability=ap1",
             {"probability ap 1 [0.5,1.5)"}},
        Case{"Quantity",
             "Observation",
             "value-quantity=gt5.40|http://ucum|mg",
             {"value-quantity gt 5.4 [5.395,5.405) http://ucum|mg"}},
        Case{"QuantityWithUnit",
             "Observation",
             "value-quantity=5||mg",
             {"value-quantity eq 5 [4.5,5.5) *|mg"}},
        Case{"QuantityWithSystem",
             "Observation",
             "value-quantity=5|http://ucum|",
             {"value-quantity eq 5 [4.5,5.5) http://ucum|*"}},
        Case{
            "QuantityAlone", "Observation", "value-quantity=5", {"value-quantity eq 5 [4.5,5.5)"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Composite, Search,
    testing::Values(
        Case{"TokenAndQuantity",
             "Observation",
             "code-value-quantity=http://loinc|1-8$gt5||mg",
             {"code-value-quantity http://loinc|1-8 $ gt 5 [4.5,5.5) *|mg"}},
        Case{"TokenAndDate",
             "Observation",
             "code-value-date=due$lt2024",
             {"code-value-date *|due $ lt 2024-01-01T00:00:00.000..2025-01-01T00:00:00.000"}},
        Case{"EscapedDollar",
             "Observation",
             R"(code-value-string=a\$b$c)",
             {R"(code-value-string *|a$b $ "c" "c")"}},
        Case{"TwoTokens",
             "ActivityDefinition",
             "context-type-value=focus$http://s|1,venue$2",
             {"context-type-value *|focus $ http://s|1, *|venue $ *|2"}},
        Case{"TokenAndReference",
             "DocumentReference",
             "relationship=replaces$1",
             {"relationship *|replaces $ ->DocumentReference/1"}},
        Case{"ThreeParts",
             "MolecularSequence",
             "chromosome-window-coordinate=1$lt5$gt9",
             {"chromosome-window-coordinate *|1 $ lt 5 [4.5,5.5) $ gt 9 [8.5,9.5)"}}),
    name_of);

// --- What is refused ----------------------------------------------------------------------------

struct Refusal {
  std::string_view name;
  std::string_view type;
  std::string_view query;
  std::string_view says;  // a part of the diagnostics
};

class SearchRefusal : public testing::TestWithParam<Refusal> {};

TEST_P(SearchRefusal, SaysWhatIsWrong) {
  const auto query = parse(GetParam().type, split(GetParam().query));
  ASSERT_FALSE(query);
  EXPECT_EQ(query.error().kind, ProblemKind::invalid);
  const std::string_view parameter = GetParam().query.substr(0, GetParam().query.find('='));
  EXPECT_THAT(diagnostics(query.error().issues),
              ElementsAre(AllOf(HasSubstr(GetParam().says), HasSubstr(std::string(parameter)))));
  EXPECT_EQ(query.error().issues.front().severity, Severity::error);
}

INSTANTIATE_TEST_SUITE_P(
    Table, SearchRefusal,
    testing::Values(
        Refusal{"NotADate", "ImagingStudy", "started=2024-02-30", "'2024-02-30' is not a date"},
        Refusal{"UnknownPrefix", "ImagingStudy", "started=xx2024", "'xx' is not a prefix"},
        Refusal{"PrefixAlone", "ImagingStudy", "started=ge", "is not a date"},
        Refusal{"LastUpdated", "ImagingStudy", "_lastUpdated=now", "is not a prefix"},
        Refusal{"NotANumber", "RiskAssessment", "probability=.5", "is not a number"},
        Refusal{"NumberWithTrash", "RiskAssessment", "probability=5x", "is not a number"},
        Refusal{"NumberTooLarge", "RiskAssessment", "probability=1e400", "is not a number"},
        Refusal{"NumberWithHugeExponent", "RiskAssessment", "probability=1e99999999999",
                "is not a number"},
        Refusal{"QuantityOfTwoParts", "Observation", "value-quantity=5|mg", "number||code"},
        Refusal{"TokenOfThreeParts", "ImagingStudy", "modality=a|b|c", "more than one |"},
        Refusal{"TokenOfNothing", "ImagingStudy", "modality=|", "neither a system nor a code"},
        Refusal{"UidOfSystemOnly", "ImagingStudy", "series=urn:dicom:uid|", "has no UID"},
        Refusal{"BadId", "ImagingStudy", "_id=a b", "is not an id"},
        Refusal{"IdModifier", "ImagingStudy", "_id:not=a", "no modifiers"},
        Refusal{"LastUpdatedModifier", "ImagingStudy", "_lastUpdated:missing=true", "no modifiers"},
        Refusal{"BareIdOfAnyType", "Provenance", "target=1", "write Type/1"},
        Refusal{"UnknownTypeInReference", "ImagingStudy", "patient=Foo/1", "is not a reference"},
        Refusal{"TooManySegments", "ImagingStudy", "patient=a/Patient/1", "is not a reference"},
        Refusal{"BadReference", "ImagingStudy", "patient=a b", "is not a reference"},
        Refusal{"ContainedReference", "ImagingStudy", "patient=#p", "is not a reference"},
        Refusal{"TypeNotATarget", "ImagingStudy", "patient:Device=1", "never refers to a Device"},
        Refusal{"TypesDisagree", "ImagingStudy", "subject:Patient=Device/1",
                "is not a reference to a Patient"},
        Refusal{"MissingMaybe", "ImagingStudy", "started:missing=maybe", "true or false"},
        Refusal{"UnknownModifier", "ImagingStudy", "modality:foo=CT", "':foo'"},
        Refusal{"ModifierOfAnotherKind", "ImagingStudy", "modality:exact=CT", "':exact'"},
        Refusal{"Above", "ImagingStudy", "modality:above=CT", "':above'"},
        Refusal{"EmptyModifier", "ImagingStudy", "modality:=CT", "':'"},
        Refusal{"NotOfADate", "ImagingStudy", "started:not=2024", ":missing"},
        Refusal{"TextOfUid", "ImagingStudy", "series:text=1", "':text'"},
        Refusal{"PartsOfAComposite", "Observation", "code-value-quantity=1-8",
                "code$value-quantity"},
        Refusal{"PartOfAComposite", "Observation", "code-value-quantity=1-8$x",
                "for value-quantity"},
        Refusal{"NegativeCount", "ImagingStudy", "_count=-1", "whole number"},
        Refusal{"CountOfWords", "ImagingStudy", "_count=ten", "whole number"},
        Refusal{"CountTwice", "ImagingStudy", "_count=1&_count=2", "once"},
        Refusal{"Total", "ImagingStudy", "_total=yes", "none, estimate or accurate"},
        Refusal{"Summary", "ImagingStudy", "_summary=all", "count, true, text, data or false"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(SearchErrors, ComeAllAtOnce) {
  const auto query =
      parse("ImagingStudy", split("started=x&patient=a b&_count=-1&modality:exact=CT"));
  ASSERT_FALSE(query);
  EXPECT_THAT(query.error().issues, SizeIs(4));
}

// --- Parameters that are about the result -------------------------------------------------------

TEST(SearchControl, HasDefaults) {
  const auto query = parse("ImagingStudy", {});
  ASSERT_TRUE(query);
  EXPECT_EQ(query->count, Limits{}.page_size_default);
  EXPECT_FALSE(query->count_only);
  EXPECT_EQ(query->total, TotalMode::none);
  EXPECT_THAT(query->sort, IsEmpty());
  EXPECT_THAT(query->criteria, IsEmpty());
  EXPECT_THAT(query->used, IsEmpty());
}

TEST(SearchControl, Count) {
  EXPECT_EQ(parse("ImagingStudy", {{"_count", "7"}})->count, 7U);
  const auto none = parse("ImagingStudy", {{"_count", "0"}});
  EXPECT_EQ(none->count, 0U);
  EXPECT_TRUE(none->count_only);
  for (const char* many : {"1001", "99999999999999999999999"}) {
    const auto query = parse("ImagingStudy", {{"_count", many}}, context(Handling::strict));
    ASSERT_TRUE(query) << many;
    EXPECT_EQ(query->count, Limits{}.page_size_max);
    EXPECT_THAT(diagnostics(query->notes), ElementsAre(HasSubstr("at most 1000")));
    EXPECT_THAT(query->used, ElementsAre(testing::Pair("_count", "1000")));
  }
}

TEST(SearchControl, Sort) {
  const auto query =
      parse("ImagingStudy", split("_sort=-started,patient&_sort=_id,-_lastUpdated,started"));
  ASSERT_TRUE(query);
  ASSERT_THAT(query->sort, SizeIs(4));
  EXPECT_EQ(query->sort[0].parameter->code, "started");
  EXPECT_TRUE(query->sort[0].descending);
  EXPECT_EQ(query->sort[1].parameter->code, "patient");
  EXPECT_FALSE(query->sort[1].descending);
  EXPECT_EQ(query->sort[2].column, SortKey::Column::id);
  EXPECT_EQ(query->sort[3].column, SortKey::Column::last_updated);
  EXPECT_TRUE(query->sort[3].descending);
}

TEST(SearchControl, SortByWhatCannotBeSorted) {
  for (const char* key : {"nonsense", "series", "-nonsense", "_score", ""}) {
    const auto query = parse("ImagingStudy", {{"_sort", std::string("started,") + key}});
    ASSERT_TRUE(query) << key;
    EXPECT_THAT(query->sort, SizeIs(1));
    EXPECT_THAT(query->notes, SizeIs(1)) << key;
    EXPECT_FALSE(parse("ImagingStudy", {{"_sort", std::string("started,") + key}},
                       context(Handling::strict)));
  }
  EXPECT_THAT(parse("Observation", {{"_sort", "code-value-date"}})->notes, SizeIs(1));
}

TEST(SearchControl, TotalSummaryAndCursor) {
  EXPECT_EQ(parse("ImagingStudy", {{"_total", "accurate"}})->total, TotalMode::accurate);
  EXPECT_EQ(parse("ImagingStudy", {{"_total", "estimate"}})->total, TotalMode::estimate);
  EXPECT_TRUE(parse("ImagingStudy", {{"_summary", "count"}})->count_only);
  EXPECT_FALSE(parse("ImagingStudy", {{"_summary", "false"}})->count_only);
  EXPECT_THAT(parse("ImagingStudy", {{"_summary", "text"}})->notes, SizeIs(1));
  const auto query = parse("ImagingStudy", {{"modality", "CT"}, {"_cursor", "abc"}});
  EXPECT_EQ(query->cursor, "abc");
  EXPECT_THAT(query->used, ElementsAre(testing::Pair("modality", "CT")));
}

TEST(SearchControl, SkipsWhatIsNotAboutSearching) {
  const auto query = parse("ImagingStudy", split("_format=json&_pretty=true&modality=&started="),
                           context(Handling::strict));
  ASSERT_TRUE(query);
  EXPECT_THAT(query->criteria, IsEmpty());
  EXPECT_THAT(query->notes, IsEmpty());
}

// --- What is not supported ----------------------------------------------------------------------

class SearchUnsupported : public testing::TestWithParam<std::string_view> {};

TEST_P(SearchUnsupported, IsANoteOrAnErrorByHandling) {
  const Parameters parameters{{std::string(GetParam()), "x"}, {"modality", "CT"}};
  const auto lenient = parse("ImagingStudy", parameters);
  ASSERT_TRUE(lenient);
  EXPECT_THAT(lenient->criteria, SizeIs(1));
  ASSERT_THAT(lenient->notes, SizeIs(1));
  EXPECT_EQ(lenient->notes.front().severity, Severity::warning);
  EXPECT_EQ(lenient->notes.front().code, "not-supported");
  EXPECT_THAT(lenient->used, ElementsAre(testing::Pair("modality", "CT")));
  const auto strict = parse("ImagingStudy", parameters, context(Handling::strict));
  ASSERT_FALSE(strict);
  ASSERT_THAT(strict.error().issues, SizeIs(1));
  EXPECT_EQ(strict.error().issues.front().code, "not-supported");
}

INSTANTIATE_TEST_SUITE_P(Table, SearchUnsupported,
                         testing::Values("nonsense", "nonsense:exact", "patient.name",
                                         "subject:Patient.name", "_has:Observation:patient:code",
                                         "_include", "_include:iterate", "_revinclude", "_elements",
                                         "_text", "_content", "_list", "_contained", "_type",
                                         "_query", "_filter", "near", ""));

TEST(SearchUnsupportedParameter, IsToldWhatThereIs) {
  EXPECT_THAT(diagnostics(parse("ImagingStudy", {{"modalty", "CT"}})->notes),
              ElementsAre(AllOf(HasSubstr("'modalty'"), HasSubstr("modality, "))));
}

// --- Compartments and limits --------------------------------------------------------------------

TEST(SearchCompartment, IsACriterionOfItsParameters) {
  SearchContext in_compartment = context();
  in_compartment.patient_compartment = "123";
  const auto studies = parse("ImagingStudy", {{"modality", "CT"}}, in_compartment);
  ASSERT_TRUE(studies);
  ASSERT_THAT(studies->criteria, SizeIs(2));
  EXPECT_EQ(line(studies->criteria[0]), "patient ->Patient/123");
  EXPECT_EQ(line(studies->criteria[1]), "modality *|CT");
  EXPECT_THAT(studies->used, ElementsAre(testing::Pair("modality", "CT")));
  EXPECT_EQ(line(parse("AllergyIntolerance", {}, in_compartment)->criteria[0]),
            "asserter/patient/recorder ->Patient/123");
}

TEST(SearchCompartment, RefusesWhatIsNotInIt) {
  SearchContext in_compartment = context();
  in_compartment.patient_compartment = "123";
  EXPECT_FALSE(parse("Organization", {}, in_compartment));
  in_compartment.patient_compartment = "a b";
  EXPECT_FALSE(parse("ImagingStudy", {}, in_compartment));
}

TEST(SearchLimits, OfParametersAndValues) {
  Limits limits;
  limits.search_parameters_max = 3;
  limits.search_values_max = 4;
  const Parameters four(4, {"modality", "CT"});
  EXPECT_TRUE(parse("ImagingStudy", {{"modality", "1,2,3,4"}}, context(), limits));
  EXPECT_THAT(diagnostics(parse("ImagingStudy", four, context(), limits).error().issues),
              ElementsAre(HasSubstr("search_parameters_max")));
  EXPECT_THAT(diagnostics(parse("ImagingStudy", split("modality=1,2,3&status=1,2&_id=1,2"),
                                context(), limits)
                              .error()
                              .issues),
              ElementsAre(HasSubstr("search_values_max")));
}

}  // namespace
}  // namespace lightbox::fhir
