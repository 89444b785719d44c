// What a _filter means, and what is said of one that cannot be read.

#include "fhir/search_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fhir/search_test_support.h"

namespace lightbox::fhir {
namespace {

using testing::HasSubstr;

std::string_view name(Comparison comparison) {
  constexpr std::array<std::string_view, 10> names{"",    " =",  " !=", " co", " sw",
                                                   " ew", " gt", " lt", " ge", " le"};
  return names.at(static_cast<std::size_t>(comparison));
}

// "(given = "peter" "peter" and not(active *|true))"
std::string describe(const FilterNode& node) {
  using Kind = FilterNode::Kind;
  if (node.kind == Kind::criterion) {
    std::string text = line(node.criterion);
    const auto space = text.find(' ');
    return text.insert(space, name(node.criterion.comparison));
  }
  std::string text;
  for (const FilterNode& part : node.nodes) {
    text.append(text.empty() ? "" : node.kind == Kind::any_of ? " or " : " and ");
    text += describe(part);
  }
  if (node.kind == Kind::not_) return "not(" + text + ")";
  if (node.kind == Kind::element) return fmt::format("{}[{}]", node.element, text);
  return "(" + text + ")";
}

std::string meaning(std::string_view type, std::string_view filter, const Limits& limits = {}) {
  const auto query = parse(type, {{"_filter", std::string(filter)}}, context(), limits);
  if (!query) return query.error().issues.front().diagnostics;
  EXPECT_EQ(query->criteria.size(), 1U);
  EXPECT_EQ(query->used, (Parameters{{"_filter", std::string(filter)}}));
  return describe(*query->criteria.front().filter);
}

struct Case {
  std::string_view name;
  std::string_view type;
  std::string_view filter;
  std::string_view meaning;
};

class Filter : public testing::TestWithParam<Case> {};

TEST_P(Filter, MeansThis) {
  EXPECT_EQ(meaning(GetParam().type, GetParam().filter), GetParam().meaning);
}

std::string name_of(const testing::TestParamInfo<Case>& test) {
  return std::string(test.param.name);
}

INSTANTIATE_TEST_SUITE_P(
    Logic, Filter,
    testing::Values(
        Case{"One", "ImagingStudy", "status eq available", "status *|available"},
        Case{
            "And", "Patient", R"(given eq "peter" and birthdate ge 2014-10-10)",
            R"((given = "peter" "peter" and birthdate ge 2014-10-10T00:00:00.000..2014-10-11T00:00:00.000))"},
        Case{"LeftToRight", "ImagingStudy",
             "status eq available or modality eq CT and modality eq MR",
             "((status *|available or modality *|CT) and modality *|MR)"},
        Case{"Parentheses", "ImagingStudy",
             "status eq available or (modality eq CT and modality eq MR)",
             "(status *|available or (modality *|CT and modality *|MR))"},
        Case{"Chain", "ImagingStudy", "modality eq A or modality eq B or modality eq C",
             "(modality *|A or modality *|B or modality *|C)"},
        Case{"Not", "ImagingStudy", "not (modality eq CT) and not(status eq unknown)",
             "(not(modality *|CT) and not(status *|unknown))"},
        Case{"AnyWhiteSpace", "ImagingStudy", "  ( status  eq\tavailable )\n",
             "status *|available"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Operator, Filter,
    testing::Values(
        Case{"StringContains", "Patient", R"(name co "pet")", R"(name co "pet" "pet")"},
        Case{"StringWithBrackets", "Patient", R"(name sw "a) ]\"")", R"(name sw "a) ]"" "a) ]"")"},
        Case{"StringEnds", "Patient", "name ew son", R"(name ew "son" "son")"},
        Case{"StringOrder", "Patient", "family ge M", R"(family ge "m" "M")"},
        Case{"TokenUnequal", "ImagingStudy", "modality ne CT", "modality != *|CT"},
        Case{"KnownSystem", "Observation", "code eq loinc|8480-6", "code http://loinc.org|8480-6"},
        Case{"KnownUnit", "Observation", "value-quantity gt 5|ucum|mg",
             "value-quantity gt 5 [4.5,5.5) http://unitsofmeasure.org|mg"},
        Case{"DateOverlaps", "ImagingStudy", "started po 2024-06",
             "started ap 2024-06-01T00:00:00.000..2024-07-01T00:00:00.000"},
        Case{"DateIncludes", "ImagingStudy", "started co 2024-06",
             "started co 2024-06-01T00:00:00.000..2024-07-01T00:00:00.000"},
        Case{"Present", "ImagingStudy", "started pr true", "started:missing false"},
        Case{"Absent", "ImagingStudy", "started pr false", "started:missing true"},
        Case{"Reference", "ImagingStudy", "subject re Patient/1", "subject ->Patient/1"},
        Case{"OwnReference", "ImagingStudy", "subject re http://localhost:8080/baseR4/Patient/1",
             "subject ->Patient/1"},
        Case{"Uid", "ImagingStudy", "series eq urn:oid:1.2.3", "series uid '1.2.3'"},
        Case{"Uri", "ValueSet", "url sw http://x/", "url sw *|http://x/"},
        Case{"Id", "ImagingStudy", "_id eq 1.2.3", "_id 1.2.3"},
        Case{"NotId", "ImagingStudy", "_id ne 1.2.3", "_id:not 1.2.3"},
        Case{"LastUpdated", "ImagingStudy", "_lastUpdated gt 2024",
             "_lastUpdated gt 2024-01-01T00:00:00.000..2025-01-01T00:00:00.000"},
        Case{"Composite", "Observation", "code-value-quantity eq loinc|1-8$gt5",
             "code-value-quantity http://loinc.org|1-8 $ gt 5 [4.5,5.5)"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Brackets, Filter,
    testing::Values(
        Case{"TwoThatAreIndexedTogether", "ImagingStudy",
             "series[bodysite eq 72696002 and modality eq MR]",
             "series-modality-bodysite *|MR $ *|72696002"},
        Case{"Others", "ImagingStudy", "series[modality eq MR and not (bodysite eq 1)]",
             "series[(modality *|MR and not(bodysite *|1))]"},
        Case{"BehindThem", "ImagingStudy", "series[modality eq MR].bodysite ne 1",
             "series[(modality *|MR and bodysite != *|1)]"},
        Case{"AbsentBehindThem", "ImagingStudy", "series[modality eq MR].performer pr false",
             "not(series[(modality *|MR and performer:missing false)])"},
        Case{"BracketsWithin", "ImagingStudy",
             "series[modality eq CT and instance[uid eq 1.2 and dicom-class eq 3]]",
             "series[(modality *|CT and instance[(instance uid '1.2' and dicom-class *|3)])]"},
        Case{"NameOfTheElement", "ImagingStudy", "series[uid eq 1.2.3]",
             "series[series uid '1.2.3']"},
        Case{"LongerCode", "Observation", "component[code eq loinc|8480-6].value-quantity gt 140",
             "component-code-value-quantity http://loinc.org|8480-6 $ gt 140 [139.5,140.5)"},
        Case{"WithinOthers", "ImagingStudy",
             "status eq available and (series[modality eq CT] or modality eq MR)",
             "(status *|available and (series[modality *|CT] or modality *|MR))"}),
    name_of);

class Refused : public testing::TestWithParam<Case> {};

TEST_P(Refused, SaysWhereAndWhy) {
  EXPECT_THAT(meaning(GetParam().type, GetParam().filter), HasSubstr(GetParam().meaning));
}

INSTANTIATE_TEST_SUITE_P(
    Filters, Refused,
    testing::Values(
        Case{"NoOperator", "Patient", "name",
             "character 5 (its end): expected an operator after 'name'"},
        Case{"NoValue", "Patient", "name eq ", "character 9 (its end): expected a value"},
        Case{"UnknownOperator", "Patient", "name is x", "character 6 ('is x'): 'is' is not an"},
        Case{"OperatorOfOthers", "Patient", "name po x",
             "'po' is not an operator that 'name' has here; it has eq, ne, co"},
        Case{"Terminology", "Observation", "code ss loinc|1",
             "character 9 ('loinc|1'): what asks for terminology is not possible here"},
        Case{"TerminologyOfText", "Patient", "name ss x",
             "'ss' is not an operator that 'name' has here"},
        Case{"TerminologyOfUids", "ImagingStudy", "series in x",
             "'in' is not an operator that 'series' has here; it has eq, pr"},
        Case{"HasOfNoType", "Patient", "_has:Observatory:patient:code eq x",
             "'Observatory' is not a resource type"},
        Case{"HasOfNoReference", "Patient", "_has:Observation:code:code eq x",
             "Observation has no reference 'code'"},
        Case{"HasOfOthers", "Patient", "_has:Observation:device:code eq x",
             "'device' of Observation never refers to Patient"},
        Case{"HasCutShort", "Patient", "_has:Observation:patient eq x", "_has is written"},
        Case{"HasInBrackets", "Patient", "link[_has:Observation:patient:code eq x]",
             "_has is not possible within brackets"},
        Case{"UnknownParameter", "Patient", "nme eq x", "Patient has no search parameter 'nme'"},
        Case{"ChainOverNoReference", "ImagingStudy", "status.name eq x",
             "character 1 ('status.name eq x'): 'status' of ImagingStudy is not a reference"},
        Case{"ChainToNothing", "ImagingStudy", "patient. eq x", "expected the name of a parameter"},
        Case{"ChainInBracketsOverNothing", "ImagingStudy", "series[subject.name eq x]",
             "ImagingStudy.series has no search parameter 'subject'"},
        Case{"BracketsBehindManyTypes", "ImagingStudy", "subject.name[family eq x]",
             "'subject' may lead to 3 types"},
        Case{"BracketsBehindNoElement", "ImagingStudy", "patient.nme[family eq x]",
             "character 9 ('nme[family eq x]'): Patient has no element 'nme'"},
        Case{"BracketsBehindNoReference", "ImagingStudy", "status.name[family eq x]",
             "character 1 ('status.name[family e'): 'status' of ImagingStudy is not a reference"},
        Case{"Modifier", "Patient", "name:exact eq x", "for :not write not (…)"},
        Case{"OpenParenthesis", "Patient", "(name eq x", "character 11 (its end): expected ')'"},
        Case{"ClosedTwice", "Patient", "name eq x)", "character 10 (')'): expected 'and', 'or'"},
        Case{"NoTest", "Patient", "name eq x and", "character 14 (its end): expected a test"},
        Case{"NotWithoutParentheses", "Patient", "not name eq x", "not (…)"},
        Case{"OpenString", "Patient", R"(name eq "x)",
             "character 9 ('\"x'): this string has no end"},
        Case{"BadEscape", "Patient", R"(name eq "\q")", "this is not a JSON string"},
        Case{"Characters", "Patient", "name eq ü ü", "character 11 ('ü'): expected 'and'"},
        Case{"BadDate", "Patient", "birthdate ge x", "begins with neither a digit nor a sign"},
        Case{"PrefixTwice", "Patient", "birthdate ge ge2014", "begins with neither"},
        Case{"Present", "Patient", "name pr yes", "'yes' must be true or false"},
        Case{"UnknownElement", "ImagingStudy", "serie[uid eq 1]", "no element 'serie'"},
        Case{"PlainElement", "ImagingStudy", "status[uid eq 1]", "no element 'status'"},
        Case{"ElementOfOthers", "ImagingStudy", "series[status eq x]",
             "ImagingStudy.series has no search parameter 'status'"},
        Case{"OpenBracket", "ImagingStudy", "series[modality eq CT", "expected ']'"},
        Case{
            "BracketsWithinOfNoElement", "ImagingStudy", "series[instances[uid eq 1]]",
            "character 8 ('instances[uid eq 1]]'): ImagingStudy.series has no element 'instances'"},
        Case{"BracketsWithinOfOthers", "ImagingStudy", "series[instance[modality eq CT]]",
             "ImagingStudy.series.instance has no search parameter 'modality'"},
        Case{"BracketsBehindAChainWithin", "ImagingStudy",
             "series[performer:Practitioner.name[family eq x]]", "no chain ends in brackets"}),
    name_of);

TEST(FilterLimits, BoundDepthAndSize) {
  std::string nested(100'000, '(');
  EXPECT_THAT(meaning("Patient", nested + "name eq x"), HasSubstr("filter_depth_max"));
  std::string wrapped = "name eq x";
  for (int i = 0; i < 20; ++i) wrapped += " and name eq x or name eq x";
  EXPECT_THAT(meaning("Patient", wrapped), HasSubstr("filter_depth_max"));
  std::string many = "name eq x";
  for (int i = 0; i < 10; ++i) many += " or name eq x";
  Limits limits;
  limits.search_values_max = 10;
  EXPECT_THAT(meaning("Patient", many, limits), HasSubstr("search_values_max"));
  limits.search_values_max = 11;
  EXPECT_THAT(meaning("Patient", many, limits), HasSubstr(" or "));
}

TEST(FilterLimits, AreErrorsOfTheRightKind) {
  const auto code = [](std::string_view filter) {
    const auto query = parse("Patient", {{"_filter", std::string(filter)}});
    return query ? "" : query.error().issues.front().code;
  };
  EXPECT_EQ(code("name"), "invalid");
  EXPECT_EQ(code("name pr 1"), "value");
  EXPECT_EQ(code("name.x eq 1"), "not-supported");
  EXPECT_EQ(code(std::string(50, '(')), "too-costly");
}

}  // namespace
}  // namespace lightbox::fhir
