// The history of one, of a type and of everything, page by page, as brute force over all versions.

#include <algorithm>
#include <gmock/gmock.h>
#include <random>
#include <thread>

#include "store/store_testing.h"

namespace lightbox::store {
namespace {

using testing::one;
using testing::put;
using testing::remove;
using testing::TemporaryDirectory;
using testing::type_of;
using Order = HistoryQuery::Order;

struct Version {
  std::string name;  // "Patient/a/3"
  std::int64_t updated = 0;
  std::int64_t until = INT64_MAX;
};

class HistoryTest : public ::testing::Test {
 protected:
  void open(std::size_t versions_max) {
    StoreOptions options;
    options.data_directory = directory_.path();
    options.limits.history_versions_max = versions_max;
    store_.reset();
    auto opened = Store::open(options);
    ASSERT_TRUE(opened);
    store_ = std::move(*opened);
  }

  // Random writes over three types, several to a transaction.
  void write(int count) {
    std::mt19937 random(7);
    for (int i = 0; i < count; ++i) {
      std::vector<Operation> operations;
      for (auto n = random() % 3 + 1; n > 0; --n) {
        static constexpr const char* types[] = {"Patient", "Practitioner", "Organization"};
        const std::string type = types[random() % 3];
        const std::string id = fmt::format("{}", random() % 6);
        operations.push_back(
            random() % 4 == 0 ? remove(type, id)
                              : put(fmt::format(R"({{"resourceType":"{}","id":"{}"}})", type, id)));
      }
      const auto results = store_->commit_and_wait(operations);
      ASSERT_TRUE(results);
      for (std::size_t n = 0; n < operations.size(); ++n) {
        if ((*results)[n].outcome != OperationResult::Outcome::unchanged) {
          note(operations[n], (*results)[n]);
        }
      }
    }
  }

  void note(const Operation& operation, const OperationResult& result) {
    const std::string resource = fmt::format("{}/{}/", operation.type->name, operation.id);
    for (Version& version : all_) {
      if (version.name == resource + std::to_string(result.version - 1)) {
        version.until = result.updated_ms;
      }
    }
    all_.push_back({resource + std::to_string(result.version), result.updated_ms, INT64_MAX});
  }

  std::vector<std::string> pages(HistoryQuery query) {
    std::vector<std::string> names;
    for (;;) {
      const auto page = store_->history(query, {});
      EXPECT_TRUE(page);
      if (!page) return names;
      std::int64_t last = query.order == Order::newest_first ? INT64_MAX : INT64_MIN;
      for (const StoredResource& version : page->versions) {
        names.push_back(fmt::format("{}/{}/{}", version.type->name, version.id, version.version));
        const bool in_order = query.order == Order::newest_first ? version.updated_ms <= last
                                                                 : version.updated_ms >= last;
        EXPECT_TRUE(in_order);
        last = version.updated_ms;
        EXPECT_EQ(version.method == Method::remove, version.body.empty());
      }
      if (!page->next) return names;
      EXPECT_EQ(page->versions.size(), query.count);
      query.after = page->next;
    }
  }

  // The same from all_, as a set: versions of one transaction have one time.
  std::vector<std::string> expected(std::string_view prefix, const HistoryQuery& query) const {
    std::vector<std::string> names;
    for (const Version& version : all_) {
      const bool at =
          !query.at || (version.updated < query.at->high && version.until > query.at->low);
      if (version.name.starts_with(prefix) && version.updated >= query.since_ms && at) {
        names.push_back(version.name);
      }
    }
    return names;
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Store> store_;
  std::vector<Version> all_;
};

TEST_F(HistoryTest, GivesEachVersionOnce) {
  open(0);
  write(120);
  ASSERT_GT(all_.size(), 150U);
  const std::int64_t middle = all_[all_.size() / 2].updated;
  std::vector<HistoryQuery> filters(4);
  filters[1].since_ms = middle;
  filters[2].at = fhir::DateInterval{middle, middle + 1};
  filters[3].at = fhir::DateInterval{fhir::date_min, middle};
  struct Scope {
    std::string prefix;
    const fhir::ResourceType* type;
    std::string id;
  };
  const Scope scopes[] = {{"", nullptr, ""},
                          {"Patient/", &type_of("Patient"), ""},
                          {"Patient/3/", &type_of("Patient"), "3"}};
  std::size_t compared = 0;
  for (const Scope& scope : scopes) {
    for (HistoryQuery query : filters) {
      query.type = scope.type;
      query.id = scope.id;
      const auto wanted = expected(scope.prefix, query);
      for (const std::size_t count : {1U, 7U, 1'000U}) {
        for (const Order order : {Order::newest_first, Order::oldest_first}) {
          query.count = count;
          query.order = order;
          EXPECT_THAT(pages(query), ::testing::UnorderedElementsAreArray(wanted));
          compared += wanted.size();
        }
      }
    }
  }
  EXPECT_GT(compared, 1'000U);
}

TEST_F(HistoryTest, IsStableWhileOthersWrite) {
  open(0);
  write(30);
  // Several versions of a resource within a millisecond are dated ahead; what comes now is not to
  // come before them.
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const auto before = expected("", {});
  HistoryQuery query{.count = 5};
  auto page = store_->history(query, {});
  ASSERT_TRUE(page && page->next);
  std::vector<std::string> names;
  while (true) {
    for (const auto& version : page->versions) {
      names.push_back(fmt::format("{}/{}/{}", version.type->name, version.id, version.version));
    }
    if (!page->next) break;
    write(1);  // every current version may become an old one
    query.after = page->next;
    page = store_->history(query, {});
    ASSERT_TRUE(page);
  }
  EXPECT_THAT(names, ::testing::UnorderedElementsAreArray(before));
}

TEST_F(HistoryTest, KeepsTheNewestVersionsOnly) {
  open(3);
  const std::string patient = R"({"resourceType":"Patient","id":"a"})";
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(store_->commit_and_wait(one(put(patient))));
  const HistoryQuery query{.type = &type_of("Patient"), .id = "a"};
  EXPECT_THAT(pages(query), ::testing::ElementsAre("Patient/a/5", "Patient/a/4", "Patient/a/3"));
  EXPECT_EQ(store_->history(query, {})->total, 3U);
  const auto dropped = store_->read_version(type_of("Patient"), "a", 2);
  EXPECT_EQ(dropped.error().kind, ProblemKind::not_found);
  EXPECT_THAT(dropped.error().issues[0].diagnostics, ::testing::HasSubstr("history_versions_max"));
  open(1);  // a lower setting takes effect with the next version
  ASSERT_TRUE(store_->commit_and_wait(one(put(patient))));
  EXPECT_THAT(pages(query), ::testing::ElementsAre("Patient/a/6"));
}

}  // namespace
}  // namespace lightbox::store
