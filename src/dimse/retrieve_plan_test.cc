#include "dimse/retrieve_plan.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

namespace lightbox::dimse {
namespace {

using ::testing::ElementsAre;

constexpr const char* ct = "1.2.840.10008.5.1.4.1.1.2";
constexpr const char* mr = "1.2.840.10008.5.1.4.1.1.4";
constexpr const char* jpeg_lossless = "1.2.840.10008.1.2.4.70";
constexpr const char* mpeg = "1.2.840.10008.1.2.4.100";
constexpr const char* implicit = uid::implicit_little_endian;
constexpr const char* explicit_le = uid::explicit_little_endian;

TEST(RetrievePlan, EachStoredTransferSyntaxAndTheUncompressedOnes) {
  const std::vector<InstanceKind> kinds = {
      {ct, jpeg_lossless}, {mr, implicit}, {ct, explicit_le}, {ct, mpeg}};
  const auto plans = plan_associations(kinds);
  ASSERT_EQ(plans.size(), 1U);
  EXPECT_THAT(plans[0].kinds, ElementsAre(0, 2, 3, 1));
  struct Case {
    const char* sop_class;
    std::vector<std::string> syntaxes;
  };
  const std::vector<Case> cases = {{ct, {jpeg_lossless}},
                                   {ct, {mpeg}},
                                   {ct, {explicit_le, implicit}},
                                   {mr, {implicit, explicit_le}}};
  const auto& contexts = plans[0].contexts;
  ASSERT_EQ(contexts.size(), cases.size());
  for (std::size_t i = 0; i < cases.size(); ++i) {
    EXPECT_EQ(contexts[i].id, 2 * i + 1);
    EXPECT_EQ(contexts[i].abstract_syntax, cases[i].sop_class);
    EXPECT_EQ(contexts[i].transfer_syntaxes, cases[i].syntaxes);
    EXPECT_EQ(contexts[i].role, RequestorRole::scu);
  }
  EXPECT_TRUE(plan_associations({}).empty());
}

TEST(RetrievePlan, SeveralAssociationsWhenOneHasNotEnoughContexts) {
  std::vector<InstanceKind> kinds;
  for (int i = 0; i < 200; ++i) {
    kinds.push_back({fmt::format("1.2.{}", i), jpeg_lossless});
    kinds.push_back({fmt::format("1.2.{}", i), explicit_le});
  }
  std::set<std::size_t> planned;
  const auto plans = plan_associations(kinds);
  EXPECT_EQ(plans.size(), 4U);
  for (const auto& plan : plans) {
    EXPECT_LE(plan.contexts.size(), 128U);
    EXPECT_LE(plan.contexts.back().id, 255);
    planned.insert(plan.kinds.begin(), plan.kinds.end());
  }
  EXPECT_EQ(planned.size(), kinds.size());
}

TEST(RetrievePlan, AClassInMoreTransferSyntaxesThanThereAreContexts) {
  std::vector<InstanceKind> kinds;
  for (int i = 0; i < 300; ++i) kinds.push_back({ct, fmt::format("1.2.{}", i)});
  const auto plans = plan_associations(kinds);
  ASSERT_EQ(plans.size(), 1U);
  EXPECT_EQ(plans[0].contexts.size(), 128U);
  EXPECT_THAT(plans[0].contexts.back().transfer_syntaxes, ElementsAre(explicit_le, implicit));
}

TEST(RetrievePlan, TheWayOfAnInstance) {
  const SendingContext jpeg_one = {1, ct, jpeg_lossless};
  const SendingContext explicit_one = {3, ct, explicit_le};
  const SendingContext implicit_one = {5, ct, implicit};
  const SendingContext other = {7, mr, explicit_le};
  struct Case {
    const char* name;
    InstanceKind kind;
    std::vector<SendingContext> contexts;
    int id;  // 0: there is none
    SentForm form;
  };
  const Case cases[] = {
      {"as it is", {ct, jpeg_lossless}, {explicit_one, jpeg_one}, 1, SentForm::as_stored},
      {"decoded",
       {ct, jpeg_lossless},
       {implicit_one, explicit_one},
       3,
       SentForm::explicit_little_endian},
      {"implicit only", {ct, explicit_le}, {implicit_one}, 5, SentForm::implicit_little_endian},
      {"explicit only", {ct, implicit}, {explicit_one}, 3, SentForm::explicit_little_endian},
      {"not decodable", {ct, mpeg}, {explicit_one, implicit_one}, 0, SentForm::as_stored},
      {"private", {ct, "1.2.3.4"}, {explicit_one}, 0, SentForm::as_stored},
      {"another class", {ct, explicit_le}, {other}, 0, SentForm::as_stored},
      {"compressed only", {ct, explicit_le}, {jpeg_one}, 0, SentForm::as_stored},
      {"none", {ct, explicit_le}, {}, 0, SentForm::as_stored},
  };
  for (const auto& [name, kind, contexts, id, form] : cases) {
    const auto way = way_of(kind, contexts);
    EXPECT_EQ(way ? way->context_id : 0, id) << name;
    EXPECT_EQ(way ? way->form : form, form) << name;
  }
}

TEST(RetrievePlan, KindsAreDistinct) {
  Retrieval retrieval;
  EXPECT_EQ(retrieval.kind_of(ct, implicit), 0U);
  EXPECT_EQ(retrieval.kind_of(ct, explicit_le), 1U);
  EXPECT_EQ(retrieval.kind_of(ct, implicit), 0U);
  EXPECT_EQ(retrieval.kinds.size(), 2U);
}

}  // namespace
}  // namespace lightbox::dimse
