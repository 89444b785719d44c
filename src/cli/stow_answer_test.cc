#include "cli/stow_answer.h"

#include <gtest/gtest.h>

namespace lightbox::cli {
namespace {

using Outcome = ingest::Admitted::Outcome;

constexpr const char* stored_one = R"({"00081199":{"vr":"SQ","Value":[{
  "00081150":{"vr":"UI","Value":["1.2.840.10008.5.1.4.1.1.2"]},
  "00081155":{"vr":"UI","Value":["1.2.3"]},
  "00081190":{"vr":"UR","Value":["http://x/dicomweb/studies/1.9/series/1.8/instances/1.2.3"]}}]}})";

TEST(StowAnswerTest, WhatIsStoredNamesItsStudy) {
  const auto answer = read_stow_answer(200, stored_one);
  ASSERT_EQ(answer.stored.size(), 1U);
  EXPECT_EQ(answer.refused, 0U);
  EXPECT_FALSE(answer.is_for_all);
  EXPECT_EQ(answer.stored[0].outcome, Outcome::stored);
  EXPECT_EQ(answer.stored[0].study_uid, "1.9");
  EXPECT_EQ(answer.stored[0].sop_instance_uid, "1.2.3");
}

TEST(StowAnswerTest, WhatTheServerKnewIsKnown) {
  std::string text = stored_one;
  text.insert(text.find("\"00081150"), R"("00000902":{"vr":"LO","Value":["Known already"]},)");
  EXPECT_EQ(read_stow_answer(200, text).stored[0].outcome, Outcome::known);
}

TEST(StowAnswerTest, FailureReasonsHaveMeanings) {
  struct Case {
    int reason;
    Outcome outcome;
    ProblemKind kind;
    const char* says;
  };
  for (const Case& one :
       {Case{0x0110, Outcome::failed, ProblemKind::invalid, "failed to process"},
        Case{0x0111, Outcome::conflict, ProblemKind::invalid, "another instance with its UID"},
        Case{0x0122, Outcome::failed, ProblemKind::invalid, "SOP class"},
        Case{0xA700, Outcome::failed, ProblemKind::insufficient_storage, "out of resources"},
        Case{0xA900, Outcome::failed, ProblemKind::invalid, "does not match its SOP class"},
        Case{0xC123, Outcome::failed, ProblemKind::invalid, "cannot understand"}}) {
    const auto answer = read_stow_answer(
        409, R"({"00081198":{"vr":"SQ","Value":[{"00081197":{"vr":"US","Value":[)" +
                 std::to_string(one.reason) + "]}}]}}");
    EXPECT_EQ(answer.refused, 1U);
    EXPECT_EQ(answer.outcome, one.outcome) << one.reason;
    EXPECT_EQ(answer.problem.kind, one.kind) << one.reason;
    EXPECT_NE(answer.problem.issues.at(0).diagnostics.find(one.says), std::string::npos)
        << answer.problem.issues[0].diagnostics;
    EXPECT_FALSE(answer.is_for_all);
  }
}

TEST(StowAnswerTest, WhatIsNoAnswerToStowIsForAll) {
  for (const long status : {200, 401, 403, 404, 405, 500, 507}) {
    const auto answer = read_stow_answer(status, "<html>");
    EXPECT_TRUE(answer.is_for_all) << status;
    EXPECT_EQ(answer.problem.kind, ProblemKind::unavailable) << status;
  }
  for (const long status : {400, 413, 415}) {
    EXPECT_FALSE(read_stow_answer(status, "").is_for_all) << status;
    EXPECT_EQ(read_stow_answer(status, "").refused, 1U) << status;
  }
}

}  // namespace
}  // namespace lightbox::cli
