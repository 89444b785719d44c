#include "store/preconditions.h"

#include <gtest/gtest.h>

#include "store/store_testing.h"

namespace lightbox::store {
namespace {

constexpr VersionState none = {.version = 0, .is_live = false};
constexpr VersionState third = {.version = 3, .is_live = true};
constexpr VersionState deleted = {.version = 3, .is_live = false};
const VersionSet any = {.kind = VersionSet::Kind::any};
const VersionSet others = {.kind = VersionSet::Kind::listed};  // of ETags that are none of ours

struct Case {
  const char* name;
  Preconditions conditions;
  VersionState current;
  const char* refusal;  // a part of what is said; nullptr: it may be written
};

TEST(PreconditionsTest, AreThoseOfTheHeaders) {
  const Case cases[] = {
      {"nothing asked", {}, none, nullptr},
      {"the current version", {.if_match = VersionSet::of(3)}, third, nullptr},
      {"another version", {.if_match = VersionSet::of(2)}, third, "has version 3, but"},
      {"one of a list",
       {.if_match = {.kind = VersionSet::Kind::listed, .versions = {1, 3}}},
       third,
       nullptr},
      {"none of a list",
       {.if_match = {.kind = VersionSet::Kind::listed, .versions = {1, 2}}},
       third,
       "version 1 or 2"},
      {"another server's", {.if_match = others}, third, "another server"},
      {"a version of nothing", {.if_match = VersionSet::of(1)}, none, "does not exist"},
      {"the deletion", {.if_match = VersionSet::of(3)}, deleted, nullptr},
      {"any", {.if_match = any}, third, nullptr},
      {"any of nothing", {.if_match = any}, none, "does not exist"},
      {"any of a deleted one", {.if_match = any}, deleted, "does not exist"},
      {"not any", {.if_none_match = any}, third, "exists already, with version 3"},
      {"not any of nothing", {.if_none_match = any}, none, nullptr},
      {"not any of a deleted one", {.if_none_match = any}, deleted, nullptr},
      {"not this version", {.if_none_match = VersionSet::of(3)}, third, "exists already"},
      {"not another version", {.if_none_match = VersionSet::of(2)}, third, nullptr},
      {"not another server's", {.if_none_match = others}, third, nullptr},
      {"both",
       {.if_match = VersionSet::of(3), .if_none_match = VersionSet::of(3)},
       third,
       "exists already"},
  };
  for (const Case& each : cases) {
    const auto done = each.conditions.check(testing::type_of("Patient"), "a", each.current);
    EXPECT_EQ(done.has_value(), each.refusal == nullptr) << each.name;
    if (done || each.refusal == nullptr) continue;
    EXPECT_EQ(done.error().kind, ProblemKind::precondition_failed) << each.name;
    const std::string& text = done.error().issues.at(0).diagnostics;
    EXPECT_TRUE(text.starts_with("Patient/a ")) << each.name << ": " << text;
    EXPECT_NE(text.find(each.refusal), std::string::npos) << each.name << ": " << text;
  }
}

}  // namespace
}  // namespace lightbox::store
