// Conditions are evaluated in the open transaction: they see what it wrote, agree with the search,
// and cost others little.

#include <gmock/gmock.h>

#include "store/store_testing.h"

namespace lightbox::store {
namespace {

using testing::create;
using testing::one;
using testing::put;
using testing::remove;
using testing::TemporaryDirectory;
using testing::type_of;
using Outcome = OperationResult::Outcome;
using Parameters = std::vector<std::pair<std::string, std::string>>;

std::shared_ptr<const fhir::SearchQuery> query_of(std::string_view type,
                                                  const Parameters& parameters) {
  const fhir::SearchContext context{.handling = fhir::Handling::strict,
                                    .compartment = std::nullopt,
                                    .types = {},
                                    .index = {},
                                    .now_ms = 1'700'000'000'000};
  auto query = fhir::parse_search(type_of(type), parameters, context);
  if (!query) throw std::runtime_error(testing::text_of(query.error()));
  return std::make_shared<const fhir::SearchQuery>(std::move(*query));
}

Operation on_condition(Operation operation, const Parameters& parameters) {
  operation.condition = Condition{.query = query_of(operation.type->name, parameters)};
  return operation;
}

Operation check(std::string_view type, const Parameters& parameters) {
  Operation operation;
  operation.kind = Operation::Kind::check;
  operation.type = &type_of(type);
  return on_condition(std::move(operation), parameters);
}

std::string patient(std::string_view id, std::string_view system, std::string_view value) {
  return fmt::format(
      R"({{"resourceType":"Patient","id":"{}","identifier":[{{"system":"{}","value":"{}"}}]}})", id,
      system, value);
}

class ConditionTest : public ::testing::Test {
 protected:
  void SetUp() override { open({}); }

  void open(const Limits& limits) {
    store_.reset();
    StoreOptions options;
    options.data_directory = directory_.path();
    options.limits = limits;
    auto opened = Store::open(options);
    ASSERT_TRUE(opened);
    store_ = std::move(*opened);
  }
  CommitResult commit(std::vector<Operation> operations) {
    return store_->commit_and_wait(std::move(operations));
  }
  CommitResult commit(Operation operation) { return commit(one(std::move(operation))); }
  std::vector<std::string> search(std::string_view type, const Parameters& parameters) {
    const auto page = store_->search(*query_of(type, parameters), {});
    std::vector<std::string> ids;
    for (const auto& match : page->matches) ids.push_back(match.id);
    std::ranges::sort(ids);
    return ids;
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Store> store_;
};

TEST_F(ConditionTest, SeesTheOperationsBeforeIt) {
  const Parameters criteria{{"identifier", "urn:new|1"}};
  std::vector<Operation> operations;
  operations.push_back(create(patient("a", "urn:new", "1")));
  operations.push_back(on_condition(create(patient("b", "urn:new", "1")), criteria));
  operations.push_back(on_condition(remove("Patient", ""), criteria));
  operations.push_back(on_condition(put(patient("c", "urn:new", "1")), criteria));
  operations.push_back(check("Patient", criteria));
  const auto results = commit(std::move(operations));
  ASSERT_TRUE(results);
  EXPECT_EQ((*results)[1].outcome, Outcome::unchanged);
  EXPECT_EQ((*results)[1].id, "a");
  EXPECT_EQ((*results)[2].outcome, Outcome::removed);
  EXPECT_EQ((*results)[2].id, "a");
  EXPECT_EQ((*results)[3].outcome, Outcome::created);
  EXPECT_EQ((*results)[4].id, "c");
  EXPECT_THAT(search("Patient", criteria), ::testing::ElementsAre("c"));
}

// A request of many defers its index rows; a condition must see them all the same.
TEST_F(ConditionTest, SeesTheRowsOfAGreatRequest) {
  std::vector<Operation> operations;
  for (int i = 0; i < 300; ++i) {
    operations.push_back(create(patient(fmt::format("p{}", i), "urn:many", std::to_string(i))));
  }
  operations.push_back(check("Patient", {{"identifier", "urn:many|299"}}));
  operations.push_back(create(patient("last", "urn:many", "last")));
  for (Operation& operation : operations) operation.is_once = true;
  const auto results = commit(std::move(operations));
  ASSERT_TRUE(results) << testing::text_of(results.error());
  EXPECT_EQ((*results)[300].id, "p299");
  EXPECT_THAT(search("Patient", {{"identifier", "urn:many|last"}}), ::testing::ElementsAre("last"));
  EXPECT_THAT(search("Patient", {{"identifier", "urn:many|7"}}), ::testing::ElementsAre("p7"));
}

// Rows that wait to be sorted are written before a condition, and again those after it at the end.
TEST_F(ConditionTest, SeesTheRowsOfEachPartOfAGreatRequest) {
  std::vector<Operation> operations;
  for (int i = 0; i < 600; ++i) {
    if (i == 300) operations.push_back(check("Patient", {{"identifier", "urn:many|12"}}));
    operations.push_back(create(patient(fmt::format("p{}", i), "urn:many", std::to_string(i))));
  }
  operations.push_back(check("Patient", {{"identifier", "urn:many|599"}}));
  for (Operation& operation : operations) operation.is_once = true;
  const auto results = commit(std::move(operations));
  ASSERT_TRUE(results) << testing::text_of(results.error());
  EXPECT_EQ((*results)[300].id, "p12");
  EXPECT_EQ(results->back().id, "p599");
  EXPECT_THAT(search("Patient", {{"identifier", "urn:many|450"}}), ::testing::ElementsAre("p450"));
}

TEST_F(ConditionTest, TakesBackWhatTheCallerDidNotExpect) {
  ASSERT_TRUE(commit(create(patient("a", "urn:x", "1"))));
  std::vector<Operation> operations;
  operations.push_back(create(patient("other", "urn:x", "2")));
  operations.push_back(on_condition(create(patient("b", "urn:x", "1")), {{"identifier", "1"}}));
  operations[1].condition->expected = "";
  operations.push_back(on_condition(put(patient("c", "urn:x", "3")), {{"identifier", "3"}}));
  operations[2].condition->expected = "z";
  operations.push_back(
      check("Patient", {{"identifier", "3"}}));  // fails, but only after the others
  auto results = commit(operations);
  ASSERT_TRUE(results);
  ASSERT_EQ(results->size(), 3U);
  EXPECT_EQ((*results)[1].outcome, Outcome::other_match);
  EXPECT_EQ((*results)[1].id, "a");
  EXPECT_EQ((*results)[2].outcome, Outcome::other_match);
  EXPECT_EQ((*results)[2].id, "");
  EXPECT_THAT(search("Patient", {{"identifier", "1,2,3"}}), ::testing::ElementsAre("a"));

  operations[1].condition->expected = "a";
  operations[2].condition->expected = "";
  results = commit(operations);
  ASSERT_TRUE(results);
  EXPECT_THAT(search("Patient", {{"identifier", "1,2,3"}}),
              ::testing::ElementsAre("a", "c", "other"));
}

// The number of a system that was made in a transaction that failed may be given to another.
TEST_F(ConditionTest, ForgetsSystemsThatWereRolledBack) {
  std::vector<Operation> operations;
  operations.push_back(create(patient("a", "urn:lost", "1")));
  operations.push_back(check("Patient", {{"identifier", "urn:lost|1"}}));
  operations.push_back(check("Patient", {{"identifier", "urn:lost|2"}}));
  EXPECT_EQ(commit(std::move(operations)).error().kind, ProblemKind::precondition_failed);
  ASSERT_TRUE(commit(create(patient("b", "urn:kept", "1"))));
  EXPECT_TRUE(search("Patient", {{"identifier", "urn:lost|1"}}).empty());
  EXPECT_THAT(search("Patient", {{"identifier", "urn:kept|1"}}), ::testing::ElementsAre("b"));
}

TEST_F(ConditionTest, NamesTheOperationThatFailed) {
  ASSERT_TRUE(commit(create(patient("a", "urn:x", "1"))));
  ASSERT_TRUE(commit(create(patient("b", "urn:x", "1"))));
  std::vector<Operation> operations;
  operations.push_back(create(patient("c", "urn:x", "2")));
  operations.push_back(on_condition(put(patient("d", "urn:x", "1")), {{"identifier", "1"}}));
  const auto results = commit(std::move(operations));
  ASSERT_FALSE(results);
  EXPECT_EQ(results.error().kind, ProblemKind::precondition_failed);
  EXPECT_EQ(results.error().issues[0].code, "multiple-matches");
  EXPECT_EQ(results.error().issues[0].expression, "operation[1]");
  EXPECT_TRUE(search("Patient", {{"identifier", "2"}}).empty());
}

TEST_F(ConditionTest, WritesAResourceOnce) {
  std::vector<Operation> operations;
  operations.push_back(put(patient("a", "urn:x", "1")));
  operations.push_back(on_condition(put(patient("b", "urn:x", "1")), {{"identifier", "1"}}));
  for (Operation& operation : operations) operation.is_once = true;
  EXPECT_EQ(commit(operations).error().kind, ProblemKind::invalid);
  for (Operation& operation : operations) operation.is_once = false;
  const auto results = commit(operations);
  ASSERT_TRUE(results);
  EXPECT_EQ((*results)[1].version, 2U);
}

TEST_F(ConditionTest, RemovesSeveralOrNone) {
  for (const char* id : {"a", "b", "c"}) ASSERT_TRUE(commit(create(patient(id, "urn:x", "1"))));
  Operation several = on_condition(remove("Patient", ""), {{"identifier", "1"}});
  several.condition->matches_max = 2;
  EXPECT_EQ(commit(several).error().kind, ProblemKind::precondition_failed);
  several.condition->matches_max = 3;
  several.preconditions.if_match = VersionSet::of(2);
  EXPECT_EQ(commit(several).error().kind, ProblemKind::precondition_failed);
  // The second one's version fails, after the first was removed: that is taken back.
  ASSERT_TRUE(commit(put(patient("a", "urn:x", "1"))));
  EXPECT_EQ(commit(several).error().kind, ProblemKind::precondition_failed);
  EXPECT_EQ(search("Patient", {{"identifier", "1"}}).size(), 3U);
  several.preconditions.if_match = {};
  const auto results = commit(several);
  ASSERT_TRUE(results);
  EXPECT_EQ(results->front().removed, 3U);
  EXPECT_TRUE(search("Patient", {{"identifier", "1"}}).empty());
}

// Each kind of criterion, alone and beside another, finds what the search finds.
TEST_F(ConditionTest, AgreesWithTheSearch) {
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(commit(put(fmt::format(
        R"({{"resourceType":"Patient","id":"p{0}","identifier":[{{"system":"urn:x","value":"{1}"}}],
             "name":[{{"family":"Fam{2}"}}],"active":{3},"birthDate":"2000-01-{4:02}"
             {5}}})",
        i, i % 7, i % 3, i % 2 == 0, 1 + i % 5, i % 4 == 0 ? R"(,"gender":"male")" : ""))));
    ASSERT_TRUE(commit(put(fmt::format(
        R"({{"resourceType":"Observation","id":"o{0}","status":"final","code":{{"coding":[{{
             "system":"urn:c","code":"c{1}"}}]}},"subject":{{"reference":"Patient/p{2}"}},
             "valueQuantity":{{"value":{3},"unit":"mg"}}}})",
        i, i % 3, i % 5, i))));
  }
  ASSERT_TRUE(commit(remove("Patient", "p7")));
  const std::vector<std::pair<std::string, Parameters>> cases{
      {"Patient", {{"identifier", "urn:x|3"}}},
      {"Patient", {{"identifier", "urn:x|3"}, {"family", "fam1"}}},
      {"Patient", {{"identifier:not", "3"}, {"family:exact", "Fam2"}, {"active", "true"}}},
      {"Patient", {{"family:contains", "AM0"}, {"birthdate", "ge2000-01-03"}}},
      {"Patient", {{"birthdate", "2000-01-02"}, {"gender:missing", "true"}}},
      {"Patient", {{"gender:missing", "true"}}},
      {"Patient", {{"active:not", "true"}}},
      {"Patient", {{"_id", "p4,p5,p7"}, {"active", "true"}}},
      {"Patient", {{"_lastUpdated", "gt2000"}, {"identifier", "urn:x|"}}},
      {"Patient", {{"identifier", "urn:unknown|3"}}},
      {"Observation", {{"subject", "Patient/p3"}}},
      {"Observation", {{"code-value-quantity", "urn:c|c1$gt10||mg"}, {"patient", "p1,p2"}}},
      {"Observation", {{"value-quantity", "le4"}, {"code", "c0,c2"}}},
  };
  std::size_t found = 0;
  for (const auto& [type, parameters] : cases) {
    const auto expected = search(type, parameters);
    found += expected.size();
    Operation all = on_condition(remove(type, ""), parameters);
    all.condition->matches_max = 100;
    std::vector<Operation> operations;
    operations.push_back(std::move(all));
    operations.push_back(check("Patient", {{"_id", "nobody"}}));  // nothing is really removed
    auto results = commit(operations);
    EXPECT_EQ(results.error().issues[0].expression, "operation[1]") << parameters[0].second;
    operations[0].condition->matches_max = std::max<std::size_t>(1, expected.size());
    operations.pop_back();
    operations.push_back(put(patient("probe", "urn:probe", "1")));
    operations[1].preconditions.if_match = VersionSet::of(77);  // fails
    results = commit(operations);
    EXPECT_EQ(results.error().issues[0].expression, "operation[1]")
        << "no more than " << expected.size() << " match " << parameters[0].second;
    if (expected.size() < 2) continue;
    operations[0].condition->matches_max = expected.size() - 1;
    results = commit(operations);
    EXPECT_EQ(results.error().issues[0].code, "multiple-matches")
        << expected.size() << " match " << parameters[0].second;
  }
  EXPECT_GT(found, 60U);
}

TEST_F(ConditionTest, BoundsItsWork) {
  std::vector<Operation> operations;
  for (int i = 0; i < 1'100; ++i) {
    operations.push_back(put(fmt::format(
        R"({{"resourceType":"Patient","id":"p{}","active":true,"gender":"male"}})", i)));
  }
  ASSERT_TRUE(commit(operations));
  const auto broad = commit(on_condition(create(R"({"resourceType":"Patient","id":"x"})"),
                                         {{"active", "true"}, {"gender", "male"}}));
  EXPECT_EQ(broad.error().kind, ProblemKind::too_costly);
  // What the request wrote before is taken back, and others in the same transaction are not.
  operations.resize(1);
  operations.push_back(
      on_condition(create(R"({"resourceType":"Patient","id":"x"})"), {{"active:not", "false"}}));
  operations[0].id = "before";
  EXPECT_EQ(commit(operations).error().kind, ProblemKind::too_costly);
  EXPECT_EQ(store_->read(type_of("Patient"), "before").error().kind, ProblemKind::not_found);
  EXPECT_TRUE(commit(on_condition(put(R"({"resourceType":"Patient","id":"p7","active":false})"),
                                  {{"active", "true"}, {"_id", "p7"}})));
}

}  // namespace
}  // namespace lightbox::store
