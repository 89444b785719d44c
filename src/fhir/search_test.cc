// What searches refuse, what they leave out, and the parameters that are about their result.

#include "fhir/search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "fhir/search_test_support.h"

namespace lightbox::fhir {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

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
        Refusal{"IdModifier", "ImagingStudy", "_id:text=a", ":missing or :not"},
        Refusal{"IdMissingMaybe", "ImagingStudy", "_id:missing=maybe", "true or false"},
        Refusal{"LastUpdatedModifier", "ImagingStudy", "_lastUpdated:not=2024", "it has :missing"},
        Refusal{"BareIdOfAnyType", "Provenance", "target=1", "write Type/1"},
        Refusal{"UnknownTypeInReference", "ImagingStudy", "patient=Foo/1", "is not a reference"},
        Refusal{"TooManySegments", "ImagingStudy", "patient=a/Patient/1", "is not a reference"},
        Refusal{"BadReference", "ImagingStudy", "patient=a b", "is not a reference"},
        Refusal{"ContainedReference", "ImagingStudy", "patient=#p", "is not a reference"},
        Refusal{"TypeNotATarget", "ImagingStudy", "patient:Device=1", "never refers to Device"},
        Refusal{"TypesDisagree", "ImagingStudy", "subject:Patient=Device/1",
                "is not a reference to a Patient"},
        Refusal{"MissingMaybe", "ImagingStudy", "started:missing=maybe", "true or false"},
        Refusal{"UnknownModifier", "ImagingStudy", "modality:foo=CT", "':foo'"},
        Refusal{"ModifierOfAnotherKind", "ImagingStudy", "modality:exact=CT", "':exact'"},
        Refusal{"Above", "ImagingStudy", "modality:above=CT", "asks for terminology"},
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
  EXPECT_EQ(parse("ImagingStudy", {{"_summary", "text"}})->subset.kind, Subset::Kind::text);
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
                         testing::Values("nonsense", "nonsense:exact", "patient.nonsense",
                                         "status.name", "subject:Patient.nonsense",
                                         "patient.organization.nonsense",
                                         "_has:Observation:nonsense:code", "_text", "_content",
                                         "_type", "_query", "near", ""));

TEST(SearchChained, IsACriterionOfEachTypeThatHasTheParameter) {
  const auto query = parse("Appointment", {{"actor.name:exact", "Smith"}});
  ASSERT_TRUE(query);
  ASSERT_THAT(query->criteria, SizeIs(1));
  ASSERT_EQ(query->criteria[0].column, Criterion::Column::chain);
  std::vector<std::string_view> types;
  for (const Chain::Arm& arm : query->criteria[0].chain->arms) {
    types.push_back(arm.type->name);
    EXPECT_EQ(arm.reference->code, "actor");
    EXPECT_EQ(arm.criterion.modifier, Modifier::exact);
  }
  EXPECT_THAT(types, ElementsAre("HealthcareService", "Location", "Patient", "Practitioner",
                                 "RelatedPerson"));
  EXPECT_THAT(query->used, ElementsAre(testing::Pair("actor.name:exact", "Smith")));
}

TEST(SearchChained, IsCountedAsValuesAtEachStep) {
  Limits limits;
  limits.search_values_max = 20;
  const std::vector<std::pair<std::string, std::string>> wide{
      {"based-on.based-on.based-on.based-on.based-on.status", "active"}};
  const auto query =
      parse_search(*Definitions::r4().resource_type("Task"), wide, context(), limits);
  ASSERT_FALSE(query);
  EXPECT_EQ(query.error().issues.front().code, "too-costly");
}

TEST(SearchSort, GoesOverReferences) {
  const auto query =
      parse("ImagingStudy", {{"_sort", "-subject:Patient.birthdate,patient.family"}});
  ASSERT_TRUE(query);
  ASSERT_THAT(query->sort, SizeIs(2));
  EXPECT_TRUE(query->sort[0].descending);
  EXPECT_EQ(query->sort[0].parameter->code, "birthdate");
  ASSERT_THAT(query->sort[0].steps, SizeIs(1));
  EXPECT_EQ(query->sort[0].steps[0].reference->code, "subject");
  EXPECT_EQ(query->sort[0].steps[0].type->name, "Patient");
  EXPECT_THAT(parse("ImagingStudy", {{"_sort", "subject.identifier"}})->notes, SizeIs(1));
}

TEST(SearchUnsupportedParameter, IsToldWhatThereIs) {
  EXPECT_THAT(diagnostics(parse("ImagingStudy", {{"modalty", "CT"}})->notes),
              ElementsAre(AllOf(HasSubstr("'modalty'"), HasSubstr("modality, "))));
}

// --- Compartments and limits --------------------------------------------------------------------

TEST(SearchCompartment, IsACriterionOfItsParameters) {
  SearchContext in_compartment = context();
  in_compartment.compartment = {Definitions::r4().resource_type("Patient"), "123"};
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
  in_compartment.compartment = {Definitions::r4().resource_type("Patient"), "123"};
  EXPECT_FALSE(parse("Organization", {}, in_compartment));
  in_compartment.compartment->id = "a b";
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
