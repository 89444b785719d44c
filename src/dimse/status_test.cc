#include "dimse/status.h"

#include <gtest/gtest.h>

namespace lightbox::dimse {
namespace {

using ingest::Admitted;

ingest::Admitted admitted(Admitted::Outcome outcome, ProblemKind kind, std::string diagnostics) {
  Admitted result;
  result.outcome = outcome;
  result.sop_class_uid = "1.2.3";
  result.sop_instance_uid = "1.2.3.4";
  result.problem = problem(kind, std::move(diagnostics));
  return result;
}

const Announced announced{.sop_class_uid = "1.2.3", .sop_instance_uid = "1.2.3.4"};

TEST(Status, EachOutcomeHasItsOwn) {
  struct Case {
    Admitted::Outcome outcome;
    ProblemKind kind;
    std::uint16_t code;
  };
  const Case cases[] = {
      {Admitted::Outcome::stored, ProblemKind::internal, 0x0000},
      {Admitted::Outcome::replaced, ProblemKind::internal, 0x0000},
      {Admitted::Outcome::known, ProblemKind::internal, 0x0000},
      {Admitted::Outcome::conflict, ProblemKind::conflict, 0x0111},
      {Admitted::Outcome::quarantined, ProblemKind::invalid, 0xC000},
      {Admitted::Outcome::quarantined, ProblemKind::too_large, 0xC000},
      {Admitted::Outcome::failed, ProblemKind::insufficient_storage, 0xA700},
      {Admitted::Outcome::failed, ProblemKind::unavailable, 0xA700},
      {Admitted::Outcome::failed, ProblemKind::too_large, 0xA700},
      {Admitted::Outcome::failed, ProblemKind::forbidden, 0x0124},
      {Admitted::Outcome::failed, ProblemKind::not_supported, 0x0122},
      {Admitted::Outcome::failed, ProblemKind::internal, 0x0110},
      {Admitted::Outcome::failed, ProblemKind::not_acceptable, 0x0110},
  };
  for (const auto& [outcome, kind, code] : cases) {
    EXPECT_EQ(store_status(admitted(outcome, kind, "why"), announced).code, code)
        << static_cast<int>(outcome) << " " << static_cast<int>(kind);
  }
}

TEST(Status, ADataSetThatIsNotTheOneAnnouncedDoesNotMatch) {
  auto other = admitted(Admitted::Outcome::quarantined, ProblemKind::unprocessable, "differs");
  other.sop_instance_uid = "9.9";
  const auto instance = store_status(other, announced);
  EXPECT_EQ(instance.code, 0xA900);
  EXPECT_EQ(instance.offending, std::vector<dicom::Tag>{0x00080018});
  other.sop_class_uid = "9.8";
  const auto sop_class = store_status(other, announced);
  EXPECT_EQ(sop_class.code, 0xA900);
  EXPECT_EQ(sop_class.offending, std::vector<dicom::Tag>{0x00080016});
}

TEST(Status, TheOffendingElementIsTheOneThatTheProblemNames) {
  const auto status =
      status_of(problem(ProblemKind::invalid, "At 12 (a) (0028,00zz) (0020,000D) is"));
  EXPECT_EQ(status.offending, std::vector<dicom::Tag>{0x0020000D});
  EXPECT_TRUE(status_of(problem(ProblemKind::invalid, "(0020,000")).offending.empty());
}

TEST(Status, TheCommentIsALongString) {
  CommandSet response;
  put({.code = 0xC000, .comment = std::string(60, 'x') + "\n\\\xC3\xA4 and more"}, response);
  EXPECT_EQ(response.number(command::Status), 0xC000);
  EXPECT_EQ(response.text(command::ErrorComment), std::string(60, 'x') + "????");
  CommandSet good;
  put({.comment = "unused"}, good);
  EXPECT_EQ(good.text(command::ErrorComment), "");
}

}  // namespace
}  // namespace lightbox::dimse
