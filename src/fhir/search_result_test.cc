// _include and what else comes with the matches, as typed values.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fhir/search_test_support.h"
#include "fhir/search_types.h"

namespace lightbox::fhir {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const ResourceType& type_of(std::string_view name) {
  return *Definitions::r4().resource_type(name);
}

TEST(SearchInclude, IsTyped) {
  const auto query = parse("ImagingStudy", {{"_include", "ImagingStudy:basedon:ServiceRequest"},
                                            {"_include:iterate", "Patient:link"},
                                            {"_revinclude", "Provenance:*"},
                                            {"_include", "*"}});
  ASSERT_TRUE(query);
  ASSERT_THAT(query->includes, SizeIs(4));
  const Include& first = query->includes[0];
  EXPECT_EQ(first.direction, Include::Direction::forward);
  EXPECT_EQ(first.reach, Include::Reach::matches);
  EXPECT_EQ(first.source, &type_of("ImagingStudy"));
  EXPECT_EQ(first.parameter, type_of("ImagingStudy").search_parameter("basedon"));
  EXPECT_EQ(first.target, &type_of("ServiceRequest"));
  EXPECT_EQ(query->includes[1].reach, Include::Reach::iterate);
  EXPECT_EQ(query->includes[2].direction, Include::Direction::reverse);
  EXPECT_EQ(query->includes[2].parameter, nullptr);
  EXPECT_EQ(query->includes[3].source, nullptr);
  EXPECT_THAT(query->used, SizeIs(4));
}

TEST(SearchInclude, OfAnUnknownParameterIsIgnoredWithANote) {
  for (const char* value : {"ImagingStudy:status", "ImagingStudy:nonsense", "Nonsense:patient",
                            "ImagingStudy:patient:Nonsense"}) {
    const auto query = parse("ImagingStudy", {{"_include", value}});
    ASSERT_TRUE(query) << value;
    EXPECT_THAT(query->includes, IsEmpty());
    EXPECT_THAT(query->notes, SizeIs(1)) << value;
    EXPECT_THAT(query->used, IsEmpty());
  }
}

TEST(SearchInclude, OfWhatCanNeverBeIsRefused) {
  for (const char* value : {"Patient:link", "patient", ":", "a:b:c:d", "ImagingStudy:", "*:patient",
                            "ImagingStudy:patient:Device"}) {
    EXPECT_FALSE(parse("ImagingStudy", {{"_include", value}})) << value;
  }
  EXPECT_FALSE(parse("ImagingStudy", {{"_revinclude", "Patient:link"}}));
  EXPECT_TRUE(parse("ImagingStudy", {{"_revinclude:iterate", "Patient:link"}}));
}

TEST(SearchList, NamesListsByTheirIds) {
  const auto query = parse("ImagingStudy", {{"_list", "a,List/b"}, {"_list", "c"}});
  ASSERT_TRUE(query);
  EXPECT_THAT(query->lists, ElementsAre(ElementsAre("a", "b"), ElementsAre("c")));
  EXPECT_FALSE(parse("ImagingStudy", {{"_list", "$current-problems"}}));
  EXPECT_FALSE(parse("ImagingStudy", {{"_list", "a b"}}));
}

TEST(SearchTypes, HaveOneQueryEachOfWhatIsCommon) {
  const ResourceType* const types[] = {&type_of("ImagingStudy"), &type_of("Patient")};
  const Parameters parameters{
      {"_tag", "t"}, {"identifier", "1"}, {"modality", "CT"}, {"_sort", "-_lastUpdated,status"}};
  const auto queries = parse_search_types(types, parameters, context());
  ASSERT_TRUE(queries);
  ASSERT_THAT(*queries, SizeIs(2));
  EXPECT_EQ((*queries)[1].type, &type_of("Patient"));
  for (const SearchQuery& query : *queries) {
    EXPECT_THAT(query.criteria, SizeIs(2));
    ASSERT_THAT(query.sort, SizeIs(1));
    EXPECT_EQ(query.sort[0].column, SortKey::Column::last_updated);
  }
  EXPECT_THAT(queries->front().notes, SizeIs(2));
  EXPECT_FALSE(parse_search_types(types, parameters, context(Handling::strict)));
}

// `type` is a token of Subscription and a uri of StructureDefinition.
TEST(SearchTypes, HaveNoParameterOfTwoKinds) {
  const ResourceType* const types[] = {&type_of("StructureDefinition"), &type_of("Subscription")};
  const Parameters parameters{{"type", "x"}};
  const auto queries = parse_search_types(types, parameters, context());
  ASSERT_TRUE(queries);
  EXPECT_THAT(queries->front().criteria, IsEmpty());
  EXPECT_THAT(queries->front().notes, SizeIs(1));
}

TEST(SearchContainedParameter, IsForThoseWhoKnowWhatToDoWithIt) {
  EXPECT_TRUE(parse("Patient", {{"_contained", "false"}}));
  for (const auto* value : {"true", "both"}) {
    const auto refused = parse("Patient", {{"_contained", value}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().issues.front().code, "not-supported");
    SearchContext possible = context();
    possible.contained = SearchContext::Contained::possible;
    const auto query = parse("Patient", {{"_contained", value}}, possible);
    ASSERT_TRUE(query);
    EXPECT_NE(query->contained, ContainedSearch::leave);
  }
}

TEST(SearchCompartments, AreThoseOfTheTable) {
  SearchContext in = context();
  in.compartment = {&type_of("Encounter"), "e1"};
  EXPECT_FALSE(parse("ImagingStudy", {}, in));
  const auto self = parse("Encounter", {}, in);
  ASSERT_TRUE(self);
  EXPECT_EQ(self->criteria[0].column, Criterion::Column::id);
  const auto observation = parse("Observation", {}, in);
  ASSERT_TRUE(observation);
  EXPECT_EQ(observation->criteria[0].parameter->code, "encounter");
}

}  // namespace
}  // namespace lightbox::fhir
