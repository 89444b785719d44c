// The modifiers :in, :not-in, :above and :below: what alternatives they become.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fhir/search_filter.h"
#include "fhir/search_test_support.h"
#include "fhir/terminology.h"

namespace lightbox::fhir {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr std::string_view roles = "http://terminology.hl7.org/CodeSystem/v3-RoleCode";

Result<SearchQuery> parse_with_terminology(std::string_view type, std::string name,
                                           std::string value, const Limits& limits = {}) {
  static const Terminology terminology;
  SearchContext with = context();
  with.terminology = &terminology;
  return parse(type, {{std::move(name), std::move(value)}}, with, limits);
}

std::vector<std::string> tokens_of(const Result<SearchQuery>& query) {
  if (!query) return {query.error().issues.front().diagnostics};
  std::vector<std::string> tokens;
  for (const SearchValue& value : query->criteria.front().any_of) {
    const auto& token = std::get<TokenValue>(value);
    tokens.push_back(token.system.value_or("*") + "|" + token.code.value_or("*"));
  }
  return tokens;
}

TEST(SearchTerminology, InBecomesTheCodesOfTheValueSet) {
  constexpr std::string_view gender = "http://hl7.org/fhir/ValueSet/administrative-gender";
  // An element of type code has its system by definition: the index has bare codes.
  const auto in = parse_with_terminology("Patient", "gender:in", std::string(gender));
  EXPECT_THAT(tokens_of(in), ElementsAre("*|male", "*|female", "*|other", "*|unknown"));
  EXPECT_EQ(in->criteria.front().modifier, Modifier::none);
  EXPECT_THAT(in->used, ElementsAre(testing::Pair("gender:in", std::string(gender))));
  const auto not_in = parse_with_terminology("Patient", "gender:not-in", std::string(gender));
  EXPECT_EQ(not_in->criteria.front().modifier, Modifier::not_);
  EXPECT_THAT(not_in->criteria.front().any_of, SizeIs(4));
}

TEST(SearchTerminology, BelowAndAboveGoByTheHierarchy) {
  const std::string code = std::string(roles) + "|NBRO";  // natural brother
  const std::string system(roles);
  EXPECT_THAT(tokens_of(parse_with_terminology("RelatedPerson", "relationship:below", code)),
              ElementsAre(system + "|NBRO", system + "|TWINBRO", system + "|FTWINBRO",
                          system + "|ITWINBRO"));
  EXPECT_THAT(tokens_of(parse_with_terminology("RelatedPerson", "relationship:above", code)),
              testing::IsSupersetOf({system + "|BRO", system + "|SIB", system + "|FAMMEMB"}));
}

TEST(SearchTerminology, UrisGoByTheirPath) {
  const auto above = parse_with_terminology("ValueSet", "url:above", "http://a/b/c/");
  EXPECT_THAT(tokens_of(above), ElementsAre("*|http://a/b/c", "*|http://a/b/c/", "*|http://a/b",
                                            "*|http://a/b/", "*|http://a", "*|http://a/"));
  const auto below = parse_with_terminology("ValueSet", "url:below", "http://a/b/");
  EXPECT_THAT(tokens_of(below), ElementsAre("*|http://a/b"));
  EXPECT_EQ(below->criteria.front().modifier, Modifier::below);
}

TEST(SearchTerminology, CodesCountAsValues) {
  constexpr std::string_view family = "http://terminology.hl7.org/CodeSystem/v3-RoleCode|FAMMEMB";
  const auto refused = parse_with_terminology("RelatedPerson", "relationship:below",
                                              std::string(family), {.search_values_max = 20});
  EXPECT_THAT(tokens_of(refused), ElementsAre(HasSubstr("a search takes 19 at most")));
  EXPECT_EQ(refused.error().kind, ProblemKind::invalid);
  EXPECT_EQ(refused.error().issues.front().code, "too-costly");
}

TEST(SearchTerminology, IsRefusedWithout) {
  const auto refused = parse("Patient", {{"gender:in", "http://x"}});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().issues.front().diagnostics, HasSubstr("not possible here"));
}

TEST(SearchTerminology, AnEmptyValueSetFindsNothing) {
  const Terminology terminology([](Terminology::Kind, std::string_view,
                                   std::string_view) -> Result<std::optional<std::string>> {
    return std::optional<std::string>(R"({"resourceType":"ValueSet","url":"http://e"})");
  });
  SearchContext with = context();
  with.terminology = &terminology;
  const auto query = parse("Patient", {{"gender:in", "http://e"}}, with);
  EXPECT_THAT(tokens_of(query), ElementsAre("http://e|"));  // which no resource has
}

// R4, search_filter.html#ops.
TEST(SearchTerminology, FiltersAskItToo) {
  const auto filter = [](std::string_view type, std::string_view text) {
    auto query = parse_with_terminology(type, "_filter", std::string(text));
    if (!query) return query;
    Criterion criterion = query->criteria.front().filter->criterion;
    query->criteria.front() = std::move(criterion);
    return query;
  };
  const auto in = filter("Patient", "gender in http://hl7.org/fhir/ValueSet/administrative-gender");
  EXPECT_THAT(tokens_of(in), ElementsAre("*|male", "*|female", "*|other", "*|unknown"));
  EXPECT_EQ(in->criteria.front().modifier, Modifier::none);
  const auto not_in =
      filter("Patient", R"(gender ni "http://hl7.org/fhir/ValueSet/administrative-gender")");
  EXPECT_THAT(tokens_of(not_in), SizeIs(4));
  EXPECT_EQ(not_in->criteria.front().modifier, Modifier::not_);
  // The value subsumes what is below it, and is subsumed by what is above it.
  const std::string code = std::string(roles) + "|NBRO";
  const std::string system(roles);
  EXPECT_THAT(tokens_of(filter("RelatedPerson", "relationship ss " + code)),
              ElementsAre(system + "|NBRO", system + "|TWINBRO", system + "|FTWINBRO",
                          system + "|ITWINBRO"));
  EXPECT_THAT(tokens_of(filter("RelatedPerson", "relationship sb " + code)),
              testing::IsSupersetOf({system + "|BRO", system + "|SIB", system + "|FAMMEMB"}));
  EXPECT_THAT(tokens_of(filter("RelatedPerson", "relationship ss NBRO")),
              ElementsAre(HasSubstr("does not say which code of which system")));
  EXPECT_THAT(tokens_of(filter("Patient", "gender in http://nowhere/vs")),
              ElementsAre(HasSubstr("http://nowhere/vs")));
}

TEST(SearchTerminology, CodesOfAFilterCountAsItsValues) {
  Limits limits;
  limits.search_values_max = 7;
  constexpr std::string_view once = "gender in http://hl7.org/fhir/ValueSet/administrative-gender";
  EXPECT_TRUE(parse_with_terminology("Patient", "_filter", std::string(once), limits));
  EXPECT_FALSE(
      parse_with_terminology("Patient", "_filter", fmt::format("{0} or {0}", once), limits));
}

}  // namespace
}  // namespace lightbox::fhir
