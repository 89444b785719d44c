#include "dicomweb/store_response.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lightbox::dicomweb {
namespace {

using ingest::Admitted;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view base = "http://localhost/dicomweb";

Admitted stored(const std::string& study = "1.2") {
  Admitted admitted;
  admitted.outcome = Admitted::Outcome::stored;
  admitted.study_uid = study;
  admitted.series_uid = "1.3";
  admitted.sop_class_uid = "1.4";
  admitted.sop_instance_uid = "1.5";
  return admitted;
}

Admitted refused(Admitted::Outcome outcome, ProblemKind kind) {
  Admitted admitted = stored();
  admitted.outcome = outcome;
  admitted.problem = problem(kind, "why \"not\"");
  return admitted;
}

http::Response response_of(const std::vector<Admitted>& results) {
  return store_response(results, base, {});
}

TEST(StoreResponse, ListsWhatIsStored) {
  Admitted known = stored();
  known.outcome = Admitted::Outcome::known;
  const auto response = response_of({stored(), known});
  EXPECT_EQ(response.status, 200);
  const std::string item =
      R"("00081150":{"vr":"UI","Value":["1.4"]},"00081155":{"vr":"UI","Value":["1.5"]},)"
      R"("00081190":{"vr":"UR","Value":["http://localhost/dicomweb/studies/1.2/series/1.3/)"
      R"(instances/1.5"]}})";
  const std::string comment = R"("00000902":{"vr":"LO","Value":["Known already"]},)";
  EXPECT_EQ(response.body,
            R"({"00081190":{"vr":"UR","Value":["http://localhost/dicomweb/studies/1.2"]},)"
            R"("00081199":{"vr":"SQ","Value":[)" +
                "{" + item + ",{" + comment + item + "]}}");
}

TEST(StoreResponse, HasNoUrlOfSeveralStudies) {
  EXPECT_THAT(response_of({stored("1.2"), stored("1.9")}).body,
              ::testing::StartsWith(R"({"00081190":{"vr":"UR"},)"));
}

TEST(StoreResponse, SaysWhatFailed) {
  Admitted nameless;
  nameless.outcome = Admitted::Outcome::quarantined;
  nameless.problem = problem(ProblemKind::invalid, "not DICOM");
  const auto response = response_of(
      {stored(), refused(Admitted::Outcome::conflict, ProblemKind::conflict), nameless});
  EXPECT_EQ(response.status, 202);
  EXPECT_THAT(response.body, HasSubstr(R"("00081198":{"vr":"SQ","Value":[{)"));
  EXPECT_THAT(response.body, HasSubstr(R"("00081197":{"vr":"US","Value":[273]})"));  // 0x0111
  EXPECT_THAT(response.body, HasSubstr(R"("0008119A":{"vr":"SQ","Value":[{)"));
  EXPECT_THAT(response.body, HasSubstr(R"("00081197":{"vr":"US","Value":[49152]})"));  // 0xC000
  EXPECT_THAT(response.body, HasSubstr(R"(why \"not\")"));
}

TEST(StoreResponse, WarnsOfRemarks) {
  Admitted odd = stored();
  odd.remarks = {"(0028,0010) has an odd length"};
  const auto response = response_of({odd});
  EXPECT_EQ(response.status, 202);
  EXPECT_THAT(response.body, HasSubstr(R"("00081196":{"vr":"US","Value":[45063]})"));  // 0xB007
}

TEST(StoreResponse, HasTheStatusOfWhyNothingWasStored) {
  using Outcome = Admitted::Outcome;
  const auto full = refused(Outcome::failed, ProblemKind::insufficient_storage);
  const auto stopped = refused(Outcome::failed, ProblemKind::unavailable);
  const auto large = refused(Outcome::failed, ProblemKind::too_large);
  const auto other = refused(Outcome::failed, ProblemKind::precondition_failed);
  EXPECT_EQ(response_of({full, full}).status, 507);
  EXPECT_EQ(response_of({stopped}).status, 503);
  EXPECT_EQ(response_of({large}).status, 413);
  EXPECT_EQ(response_of({other}).status, 409);
  EXPECT_EQ(response_of({full, other}).status, 409);
  EXPECT_EQ(response_of({full, stored()}).status, 202);
  EXPECT_THAT(response_of({full}).body, HasSubstr("[42752]"));   // 0xA700
  EXPECT_THAT(response_of({other}).body, HasSubstr("[50185]"));  // 0xC409
}

TEST(StoreResponse, IsXmlWhenThatIsWanted) {
  const auto response = store_response(
      std::vector{stored(), refused(Admitted::Outcome::conflict, ProblemKind::conflict)}, base,
      {ResponseFormat::xml, "application/dicom+xml"});
  EXPECT_EQ(response.fields[0].second, "application/dicom+xml");
  EXPECT_THAT(response.body, HasSubstr("<NativeDicomModel"));
  EXPECT_THAT(
      response.body,
      HasSubstr(R"(<DicomAttribute tag="00081155" vr="UI" keyword="ReferencedSOPInstanceUID">)"
                R"(<Value number="1">1.5</Value></DicomAttribute>)"));
  EXPECT_THAT(response.body, HasSubstr(R"(<Value number="1">273</Value>)"));
  EXPECT_THAT(response.body, HasSubstr("why &quot;not&quot;"));
}

}  // namespace
}  // namespace lightbox::dicomweb
