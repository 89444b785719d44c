#include "dimse/sub_operations.h"

#include <gtest/gtest.h>

#include "dimse/negotiation.h"

namespace lightbox::dimse {
namespace {

using Outcome = SubOperationOutcome;

TEST(SubOperations, StatusesOfCStore) {
  struct Case {
    std::uint16_t status;
    Outcome outcome;
  };
  for (const auto& [status, outcome] :
       {Case{0x0000, Outcome::completed}, Case{0xB000, Outcome::warning},
        Case{0xB007, Outcome::warning}, Case{0x0107, Outcome::warning},
        Case{0xA700, Outcome::failed}, Case{0xA900, Outcome::failed}, Case{0xC123, Outcome::failed},
        Case{0x0122, Outcome::failed}, Case{0xFE00, Outcome::failed}}) {
    EXPECT_EQ(outcome_of(status), outcome) << std::hex << status;
  }
}

TEST(SubOperations, FinalStatuses) {
  struct Case {
    const char* name;
    std::vector<Outcome> outcomes;
    std::uint16_t status;
  };
  const Case cases[] = {
      {"nothing to do", {}, 0x0000},
      {"all well", {Outcome::completed, Outcome::completed}, 0x0000},
      {"a warning", {Outcome::completed, Outcome::warning}, 0xB000},
      {"warnings only", {Outcome::warning}, 0xB000},
      {"one failed", {Outcome::completed, Outcome::failed}, 0xB000},
      {"a warning and a failure", {Outcome::warning, Outcome::failed}, 0xB000},
      {"all failed", {Outcome::failed, Outcome::failed}, 0xA702},
  };
  for (const auto& [name, outcomes, status] : cases) {
    SubOperations done(outcomes.size());
    for (const Outcome outcome : outcomes) done.add(outcome, "1.2");
    EXPECT_EQ(done.final_status(), status) << name;
    EXPECT_EQ(done.remaining(), 0U) << name;
  }
}

TEST(SubOperations, Counts) {
  SubOperations done(100'000);
  done.add(Outcome::completed, "1");
  done.add(Outcome::completed, "2");
  done.add(Outcome::warning, "3");
  done.add(Outcome::failed, "4");
  CommandSet pending;
  done.put_counts(pending, SubOperations::Remaining::said);
  EXPECT_EQ(pending.number(command::NumberOfRemainingSuboperations), 65535);
  EXPECT_EQ(pending.number(command::NumberOfCompletedSuboperations), 2);
  EXPECT_EQ(pending.number(command::NumberOfWarningSuboperations), 1);
  EXPECT_EQ(pending.number(command::NumberOfFailedSuboperations), 1);
  CommandSet last;
  done.put_counts(last, SubOperations::Remaining::left_out);
  EXPECT_FALSE(last.number(command::NumberOfRemainingSuboperations));
}

TEST(SubOperations, ListsWhatHasFailed) {
  SubOperations done(3);
  EXPECT_EQ(done.encode_failed(uid::implicit_little_endian), "");
  done.add(Outcome::failed, "1.2.3");
  done.add(Outcome::completed, "1.2.4");
  done.add(Outcome::failed, "1.2.5");
  const std::string value = "1.2.3\\1.2.5" + std::string(1, '\0');
  EXPECT_EQ(done.encode_failed(uid::implicit_little_endian),
            std::string("\x08\0\x58\0\x0C\0\0\0", 8) + value);
  EXPECT_EQ(done.encode_failed(uid::explicit_little_endian),
            std::string("\x08\0\x58\0UI\x0C\0", 8) + value);
}

TEST(SubOperations, TheListEndsWhereAValueDoes) {
  constexpr std::size_t count = 5'000;
  SubOperations done(count);
  for (std::size_t i = 0; i < count; ++i) done.add(Outcome::failed, std::string(64, '1'));
  EXPECT_LE(done.encode_failed(uid::explicit_little_endian).size(), 8U + 0xFFFE);
  EXPECT_GT(done.encode_failed(uid::explicit_little_endian).size(), 65'000U);
  EXPECT_EQ(done.failed(), count);
}

}  // namespace
}  // namespace lightbox::dimse
