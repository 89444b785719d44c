#include "store/store.h"

#include <atomic>
#include <gmock/gmock.h>
#include <set>
#include <thread>

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

class StoreTest : public ::testing::Test {
 protected:
  void SetUp() override { open(); }
  void open() {
    store_.reset();
    auto opened = Store::open(options());
    ASSERT_TRUE(opened) << testing::text_of(opened.error());
    store_ = std::move(*opened);
  }

  [[nodiscard]] StoreOptions options() const {
    StoreOptions options;
    options.data_directory = directory_.path();
    return options;
  }

  OperationResult commit(Operation operation) {
    auto results = store_->commit_and_wait(one(std::move(operation)));
    if (!results) throw std::runtime_error(testing::text_of(results.error()));
    return results->at(0);
  }
  ProblemKind refused(Operation operation) {
    auto results = store_->commit_and_wait(one(std::move(operation)));
    if (results) throw std::runtime_error("not refused");
    return results.error().kind;
  }
  Result<StoredResource> read(std::string_view id) { return store_->read(type_of("Patient"), id); }

  fhir::SearchQuery query(std::string_view type,
                          const std::vector<std::pair<std::string, std::string>>& parameters) {
    auto parsed = fhir::parse_search(type_of(type), parameters, {});
    if (!parsed) throw std::runtime_error(testing::text_of(parsed.error()));
    return *parsed;
  }
  std::vector<std::string> search(std::string_view type,
                                  const std::vector<std::pair<std::string, std::string>>& given) {
    auto page = store_->search(query(type, given), {});
    if (!page) throw std::runtime_error(testing::text_of(page.error()));
    std::vector<std::string> ids;
    for (const auto& match : page->matches) ids.push_back(match.id);
    return ids;
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Store> store_;
};

constexpr std::string_view patient_a =
    R"({"resourceType":"Patient","id":"a","active":true,"birthDate":"1980-01-01"})";
constexpr std::string_view patient_a2 =
    R"({"resourceType":"Patient","id":"a","active":false,"birthDate":"1980-01-01"})";

TEST_F(StoreTest, CreatesAndReads) {
  const OperationResult created = commit(create(patient_a));
  EXPECT_EQ(created.outcome, Outcome::created);
  EXPECT_EQ(created.version, 1U);
  const auto found = read("a");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->version, 1U);
  EXPECT_EQ(found->updated_ms, created.updated_ms);
  EXPECT_EQ(found->method, Method::create);
  EXPECT_EQ(found->body, create(patient_a).body);
  EXPECT_EQ(refused(create(patient_a)), ProblemKind::conflict);
  EXPECT_EQ(read("b").error().kind, ProblemKind::not_found);
  EXPECT_EQ(store_->read(type_of("Encounter"), "a").error().kind, ProblemKind::not_found);
}

TEST_F(StoreTest, GoesThroughALife) {
  EXPECT_EQ(commit(put(patient_a)).outcome, Outcome::created);
  const OperationResult second = commit(put(patient_a2));
  EXPECT_EQ(second.outcome, Outcome::updated);
  EXPECT_EQ(second.version, 2U);
  const OperationResult third = commit(remove("Patient", "a"));
  EXPECT_EQ(third.outcome, Outcome::removed);
  EXPECT_EQ(third.version, 3U);
  EXPECT_LT(second.updated_ms, third.updated_ms) << "strictly increasing per resource";
  EXPECT_EQ(commit(remove("Patient", "a")).outcome, Outcome::unchanged);
  EXPECT_EQ(commit(remove("Patient", "never")).outcome, Outcome::unchanged);
  EXPECT_EQ(read("a").error().kind, ProblemKind::gone);
  EXPECT_EQ(refused(create(patient_a)), ProblemKind::conflict);
  const OperationResult fourth = commit(put(patient_a));
  EXPECT_EQ(fourth.outcome, Outcome::created);
  EXPECT_EQ(fourth.version, 4U);

  const auto version = [this](std::uint64_t number) {
    return store_->read_version(type_of("Patient"), "a", number);
  };
  EXPECT_EQ(version(1)->method, Method::update) << "a PUT created it";
  EXPECT_EQ(version(2)->body, put(patient_a2).body);
  EXPECT_EQ(version(3).error().kind, ProblemKind::gone);
  EXPECT_EQ(version(4)->body, put(patient_a).body);
  EXPECT_EQ(version(5).error().kind, ProblemKind::not_found);

  open();  // all of it is on the disk
  const HistoryQuery query{.type = &type_of("Patient"), .id = "a", .count = 3};
  auto page = store_->history(query, {});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->total, 4U);
  ASSERT_EQ(page->versions.size(), 3U);
  EXPECT_EQ(page->versions[0].version, 4U);
  EXPECT_EQ(page->versions[1].method, Method::remove);
  EXPECT_TRUE(page->versions[1].body.empty());
  ASSERT_TRUE(page->next);
  HistoryQuery rest = query;
  rest.after = page->next;
  page = store_->history(rest, {});
  ASSERT_EQ(page->versions.size(), 1U);
  EXPECT_EQ(page->versions[0].version, 1U);
  EXPECT_FALSE(page->next);
  const auto nobody = store_->history({.type = &type_of("Patient"), .id = "b"}, {});
  EXPECT_EQ(nobody.error().kind, ProblemKind::not_found);
  EXPECT_EQ(store_->resource_count(), 1U);
}

TEST_F(StoreTest, ChecksPreconditions) {
  Operation absent = put(patient_a);
  absent.preconditions.if_match = VersionSet::of(1);
  EXPECT_EQ(refused(absent), ProblemKind::precondition_failed);
  Operation fresh = put(patient_a);
  fresh.preconditions.if_none_match = VersionSet{.kind = VersionSet::Kind::any};
  EXPECT_EQ(commit(fresh).version, 1U);
  EXPECT_EQ(refused(fresh), ProblemKind::precondition_failed);
  Operation second = put(patient_a2);
  second.preconditions.if_match = VersionSet::of(1);
  EXPECT_EQ(commit(second).version, 2U);
  EXPECT_EQ(refused(second), ProblemKind::precondition_failed);
  Operation removal = remove("Patient", "a");
  removal.preconditions.if_match = VersionSet::of(1);
  EXPECT_EQ(refused(removal), ProblemKind::precondition_failed);
  removal.preconditions.if_match = VersionSet::of(2);
  EXPECT_EQ(commit(removal).version, 3U);
  EXPECT_EQ(commit(fresh).version, 4U) << "a deleted one is absent";
}

TEST_F(StoreTest, CommitsAllOperationsOrNone) {
  std::vector<Operation> operations;
  operations.push_back(put(patient_a));
  operations.push_back(create(R"({"resourceType":"Patient","id":"b","active":true})"));
  operations.push_back(create(R"({"resourceType":"Patient","id":"b","active":true})"));
  const auto refusal = store_->commit_and_wait(operations);
  ASSERT_FALSE(refusal);
  EXPECT_EQ(refusal.error().kind, ProblemKind::conflict);
  EXPECT_EQ(refusal.error().issues[0].expression, "operation[2]");
  EXPECT_EQ(read("a").error().kind, ProblemKind::not_found);
  EXPECT_THAT(search("Patient", {{"active", "true"}}), ::testing::IsEmpty());
  EXPECT_EQ(store_->resource_count(), 0U);
  operations.pop_back();
  EXPECT_TRUE(store_->commit_and_wait(operations));
  EXPECT_THAT(search("Patient", {{"active", "true"}}), ::testing::ElementsAre("a", "b"));
}

TEST_F(StoreTest, FindsWhatAnUpdateSays) {
  commit(put(patient_a));
  EXPECT_THAT(search("Patient", {{"active", "true"}}), ::testing::ElementsAre("a"));
  commit(put(patient_a2));
  EXPECT_THAT(search("Patient", {{"active", "true"}}), ::testing::IsEmpty());
  EXPECT_THAT(search("Patient", {{"active", "false"}}), ::testing::ElementsAre("a"));
  EXPECT_THAT(search("Patient", {{"birthdate", "1980"}}), ::testing::ElementsAre("a"));
  commit(remove("Patient", "a"));
  EXPECT_THAT(search("Patient", {{"active", "false"}}), ::testing::IsEmpty());
  EXPECT_THAT(search("Patient", {}), ::testing::IsEmpty());
}

TEST_F(StoreTest, IsOpenOnlyOnce) {
  const auto second = Store::open(options());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ProblemKind::unavailable);
}

TEST_F(StoreTest, AnswersAThousandValues) {
  std::vector<Operation> operations;
  for (int i = 0; i < 1'500; ++i) {
    operations.push_back(put(fmt::format(
        R"({{"resourceType":"Patient","id":"p{}","identifier":[{{"value":"v{}"}}]}})", i, i)));
  }
  ASSERT_TRUE(store_->commit_and_wait(std::move(operations)));
  std::string values;
  for (int i = 0; i < 1'000; ++i) values += fmt::format("{}v{}", i == 0 ? "" : ",", i);
  auto wanted = query("Patient", {{"identifier", values}, {"_count", "1000"}});
  const auto page = store_->search(wanted, {});
  ASSERT_TRUE(page) << testing::text_of(page.error());
  EXPECT_EQ(page->matches.size(), 1'000U);
  EXPECT_TRUE(page->next_cursor.empty());
}

TEST_F(StoreTest, RefusesTheCursorOfAnotherSearch) {
  for (const char* id : {"a", "b", "c"}) {
    commit(put(fmt::format(R"({{"resourceType":"Patient","id":"{}","active":true}})", id)));
  }
  auto active = query("Patient", {{"active", "true"}, {"_count", "2"}});
  active.cursor = store_->search(active, {})->next_cursor;
  ASSERT_FALSE(active.cursor.empty());
  EXPECT_EQ(store_->search(active, {})->matches[0].id, "c");
  auto other = query("Patient", {{"active", "false"}});
  for (const std::string& cursor : {active.cursor, std::string("!"), active.cursor + "AA"}) {
    other.cursor = cursor;
    EXPECT_EQ(store_->search(other, {}).error().kind, ProblemKind::invalid);
  }
}

TEST_F(StoreTest, StopsACostlySearch) {
  std::vector<Operation> operations;
  for (int i = 0; i < 3'000; ++i) {
    operations.push_back(put(fmt::format(
        R"({{"resourceType":"Patient","id":"p{}","name":[{{"family":"n{}"}}]}})", i, i)));
  }
  ASSERT_TRUE(store_->commit_and_wait(std::move(operations)));
  const auto costly = query("Patient", {{"name:contains", "9"}, {"_sort", "-family,_id"}});
  EXPECT_EQ(store_->search(costly, {.time_us = 1}).error().kind, ProblemKind::too_costly);
  EXPECT_TRUE(store_->search(costly, {}));
}

TEST_F(StoreTest, LetsOneOfManyWritersWin) {
  commit(put(patient_a));
  std::atomic<int> won = 0;
  std::atomic<int> lost = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 20; ++i) {
    threads.emplace_back([&] {
      Operation operation = put(patient_a2);
      operation.preconditions.if_match = VersionSet::of(1);
      const auto result = store_->commit_and_wait(one(std::move(operation)));
      if (result) {
        ++won;
      } else if (result.error().kind == ProblemKind::precondition_failed) {
        ++lost;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(lost, 19);
  EXPECT_EQ(read("a")->version, 2U);
}

// Each of 20 threads counts on one resource with if_version, reading again when it lost.
TEST_F(StoreTest, LosesNoUpdate) {
  commit(put(patient_a));
  std::vector<std::thread> threads;
  for (int i = 0; i < 20; ++i) {
    threads.emplace_back([&] {
      for (int done = 0; done < 5;) {
        Operation operation = put(patient_a2);
        operation.preconditions.if_match = VersionSet::of(read("a")->version);
        if (store_->commit_and_wait(one(std::move(operation)))) ++done;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(read("a")->version, 101U);
  const auto page = store_->history({.type = &type_of("Patient"), .id = "a", .count = 200}, {});
  EXPECT_EQ(page->versions.size(), 101U);
}

TEST_F(StoreTest, SeesWhatWasAcknowledged) {
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 25; ++i) {
        const std::string id = fmt::format("t{}-{}", thread, i);
        commit(put(fmt::format(
            R"({{"resourceType":"Patient","id":"{}","active":true,"gender":"male"}})", id)));
        EXPECT_TRUE(read(id));
        EXPECT_THAT(search("Patient", {{"active", "true"}, {"_count", "1000"}}),
                    ::testing::Contains(id));
        // Two common criteria, counted by their cached sets.
        const auto count = store_->search(
            query("Patient", {{"active", "true"}, {"gender", "male"}, {"_summary", "count"}}), {});
        EXPECT_GE(count->total.value_or(0), static_cast<std::uint64_t>(i + 1));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(store_->resource_count(), 100U);
}

TEST_F(StoreTest, PagesOnceOverEachWhileOthersWrite) {
  const auto study = [](const std::string& id, int day) {
    return put(fmt::format(
        R"({{"resourceType":"ImagingStudy","id":"{}","status":"available","subject":{{"reference":"Patient/1"}},"started":"2024-01-{:02}T10:00:00Z"}})",
        id, day));
  };
  std::vector<Operation> operations;
  for (int i = 0; i < 300; ++i) operations.push_back(study(fmt::format("s{}", i), 1 + i % 28));
  ASSERT_TRUE(store_->commit_and_wait(std::move(operations)));
  for (const char* sort : {"-started", "started", "_lastUpdated", "status"}) {
    std::atomic<bool> stop = false;
    std::thread writer([&] {
      for (int i = 0; !stop; ++i) {
        commit(study(fmt::format("other{}", i % 50), 1 + (i * 7) % 28));
        commit(remove("ImagingStudy", fmt::format("other{}", (i * 3) % 50)));
      }
    });
    auto wanted =
        query("ImagingStudy", {{"status", "available"}, {"_sort", sort}, {"_count", "7"}});
    std::multiset<std::string> seen;
    do {
      const auto page = store_->search(wanted, {});
      ASSERT_TRUE(page);
      for (const auto& match : page->matches) seen.insert(match.id);
      wanted.cursor = page->next_cursor;
    } while (!wanted.cursor.empty());
    stop = true;
    writer.join();
    for (int i = 0; i < 300; ++i) {
      EXPECT_EQ(seen.count(fmt::format("s{}", i)), 1U) << sort << " s" << i;
    }
  }
}

}  // namespace
}  // namespace lightbox::store
