#include "store/kept_sets.h"

#include <gtest/gtest.h>

#include "store/store_testing.h"

namespace lightbox::store {
namespace {

ResourceChange change_of(std::string_view type) {
  ResourceChange change;
  change.type = &testing::type_of(type);
  return change;
}

TEST(KeptSets, KeepASetUntilOneOfItsTypesChanges) {
  KeptSets sets(1U << 20U);
  const auto set = std::make_shared<const KeySet>();
  sets.apply({}, 5);
  sets.keep("a", set, 5, {&testing::type_of("ImagingStudy"), &testing::type_of("Patient")});
  EXPECT_EQ(sets.find("a", 5), set);
  EXPECT_EQ(sets.find("b", 5), nullptr);
  const ResourceChange device[] = {change_of("Device")};
  sets.apply(device, 6);
  EXPECT_EQ(sets.find("a", 6), set);
  EXPECT_EQ(sets.find("a", 4), nullptr);  // an older snapshot
  EXPECT_EQ(sets.find("a", 7), nullptr);  // a commit of which nothing is known yet
  const ResourceChange patient[] = {change_of("Patient")};
  sets.apply(patient, 7);
  EXPECT_EQ(sets.find("a", 7), nullptr);
  EXPECT_EQ(sets.find("a", 5), set);  // a snapshot from before
}

TEST(KeptSets, ForgetsTheOneThatWasNotUsedForLongest) {
  KeySet keys;
  for (int i = 0; i < 1'000; ++i) keys.add(i * 3);
  const auto set = std::make_shared<const KeySet>(keys);
  KeptSets sets(set->bytes() * 5 / 2);
  for (const char* name : {"a", "b"}) sets.keep(name, set, 1, {});
  EXPECT_EQ(sets.find("a", 1), set);
  sets.keep("c", set, 1, {});
  EXPECT_EQ(sets.find("a", 1), set);
  EXPECT_EQ(sets.find("b", 1), nullptr);
  EXPECT_EQ(sets.find("c", 1), set);
}

}  // namespace
}  // namespace lightbox::store
