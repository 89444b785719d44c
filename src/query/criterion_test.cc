#include "query/criterion.h"

#include <gmock/gmock.h>

namespace lightbox::query {
namespace {

using ::testing::HasSubstr;

std::string reason_of(const Problem& problem) { return problem.issues.front().diagnostics; }

Criterion criterion(std::string_view path, std::string_view value, MatchingOptions options = {}) {
  const auto parsed_path = parse_path(path);
  EXPECT_TRUE(parsed_path) << path;
  auto parsed = parse_criterion(*parsed_path, value, options);
  EXPECT_TRUE(parsed) << path << '=' << value << ": " << (parsed ? "" : reason_of(parsed.error()));
  return parsed ? *parsed : Criterion{};
}

TEST(AttributePathTest, TakesKeywordsTagsAndWhatIsInSequences) {
  EXPECT_EQ(parse_path("PatientID")->tags, std::vector<dicom::Tag>{0x00100020});
  EXPECT_EQ(parse_path("0020000d")->tags, std::vector<dicom::Tag>{0x0020000D});
  EXPECT_EQ(parse_path("00231001")->tags, std::vector<dicom::Tag>{0x00231001});
  const std::vector<dicom::Tag> nested = {0x00101002, 0x00100020};
  EXPECT_EQ(parse_path("OtherPatientIDsSequence.00100020")->tags, nested);
  EXPECT_EQ(parse_path("00101002.PatientID")->tags, nested);
  for (const char* text : {"", ".", "PatientId", "PatientID.PatientName", "0010002", "001000200",
                           "OtherPatientIDsSequence.", ".PatientID", "00000000", "00020010",
                           "'; DROP TABLE dicom_study; --", "PatientID=", "\xFF\xFE"}) {
    EXPECT_FALSE(parse_path(text)) << text;
  }
  std::string deep = "00400275";
  for (int i = 0; i < 100; ++i) deep += ".00400275";
  EXPECT_FALSE(parse_path(deep));
}

struct Case {
  const char* name;
  const char* path;
  const char* key;
  const char* values;
  bool matches;
};
class MatchTest : public ::testing::TestWithParam<Case> {};
TEST_P(MatchTest, Matches) {
  const Case& each = GetParam();
  const MatchingOptions options{
      .has_empty_values = true, .has_multiple_values = true, .has_comma_lists = true};
  EXPECT_EQ(matches(criterion(each.path, each.key, options), each.values), each.matches);
}
INSTANTIATE_TEST_SUITE_P(
    Criteria, MatchTest,
    ::testing::Values(Case{"Universal", "PatientID", "", "", true},
                      Case{"UniversalByStar", "PatientID", "*", "x", true},
                      Case{"Text", "PatientID", "P1", "P1", true},
                      Case{"TextIsCaseSensitive", "PatientID", "p1", "P1", false},
                      Case{"TextWithoutPadding", "PatientID", " P1 ", "P1 ", true},
                      Case{"TextIsNoPart", "PatientID", "P", "P1", false},
                      Case{"Wildcard", "PatientID", "P*", "P1", true},
                      Case{"WildcardInside", "PatientID", "P?1", "PX1", true},
                      Case{"WildcardAmongValues", "ImageType", "PRIM*", "ORIGINAL\\PRIMARY", true},
                      Case{"SeveralValues", "PatientID", "A\\B", "B", true},
                      Case{"NoValue", "PatientID", "\"\"", "", true},
                      Case{"NoValueNot", "PatientID", "\"\"", "x", false},
                      Case{"ModalityList", "ModalitiesInStudy", "CT,MR", "MR\\SR", true},
                      Case{"ModalityBackslash", "ModalitiesInStudy", "CT\\MR", "MR\\SR", true},
                      Case{"ModalityNot", "ModalitiesInStudy", "CT,MR", "SR", false},
                      Case{"Uid", "StudyInstanceUID", "1.2", "1.2", true},
                      Case{"UidByComma", "StudyInstanceUID", "1.1,1.2", "1.2", true},
                      Case{"UidByBackslash", "StudyInstanceUID", "1.1\\1.2", "1.2", true},
                      Case{"UidNoPart", "StudyInstanceUID", "1.2", "1.2.3", false},
                      Case{"Date", "StudyDate", "20240229", "20240229", true},
                      Case{"DateOfAcrNema", "StudyDate", "20240229", "2024.02.29", true},
                      Case{"DateRange", "StudyDate", "20240101-20240301", "20240229", true},
                      Case{"DateRangeEnd", "StudyDate", "20240101-20240229", "20240229", true},
                      Case{"DateRangeOpen", "StudyDate", "20240301-", "20240229", false},
                      Case{"DateOfNoDate", "StudyDate", "20240229", "yesterday", false},
                      Case{"DateNone", "StudyDate", "-20240229", "", false},
                      Case{"TimeOfLowPrecision", "StudyTime", "10", "103000", true},
                      Case{"TimeOfHighPrecision", "StudyTime", "103000", "10", false},
                      Case{"TimeRange", "StudyTime", "0900-1000", "100030", true},
                      Case{"DateTime", "AcquisitionDateTime", "2024", "20240229103000.5+0100",
                           true},
                      Case{"Number", "SeriesNumber", "3", "+03", true},
                      Case{"NumberOfDs", "SliceThickness", "1.5", "1.50", true},
                      Case{"NumberNot", "SeriesNumber", "3", "30", false},
                      Case{"Name", "PatientName", "doe^j*", "DOE^Jane", true},
                      Case{"TextOfOneValueHasBackslashes", "PatientComments", "a\\b", "x", false},
                      Case{"UnlimitedText", "PatientComments", "*b*", "a\\b", true}),
    [](const auto& each) { return each.param.name; });

TEST(CriterionTest, RefusesWhatIsNoneOfItsVr) {
  struct Refused {
    const char* path;
    const char* value;
    const char* reason;
  };
  constexpr Refused cases[] = {{"StudyDate", "2024", "YYYYMMDD"},
                               {"StudyDate", "*", "YYYYMMDD"},
                               {"StudyTime", "25", "HHMMSS"},
                               {"StudyInstanceUID", "1.2*", "UID"},
                               {"StudyInstanceUID", "1.2,", "UID"},
                               {"SeriesNumber", "three", "number"},
                               {"RequestAttributesSequence", "x", "sequence"},
                               {"PixelData", "x", "cannot be matched"},
                               {"AcquisitionDateTime", "2024-", ""}};
  for (const Refused& each : cases) {
    const auto parsed =
        parse_criterion(*parse_path(each.path), each.value, {.has_comma_lists = true});
    if (*each.reason == '\0') {
      EXPECT_TRUE(parsed) << each.path;
      continue;
    }
    ASSERT_FALSE(parsed) << each.path << '=' << each.value;
    EXPECT_THAT(reason_of(parsed.error()), HasSubstr(each.reason));
    EXPECT_THAT(reason_of(parsed.error()), HasSubstr(each.path));
  }
}

TEST(CriterionTest, OneItemMustMatchAllThatIsAskedOfASequence) {
  constexpr std::string_view json =
      R"({"00400275":{"vr":"SQ","Value":[)"
      R"({"00400009":{"vr":"SH","Value":["S1"]},"00401001":{"vr":"SH","Value":["R1"]}},)"
      R"({"00400009":{"vr":"SH","Value":["S2"]},"00401001":{"vr":"SH","Value":["R2"]}}]}})";
  const auto matches_both = [&](const char* step, const char* procedure) {
    std::vector<Criterion> criteria;
    add_criterion(criterion("RequestAttributesSequence.ScheduledProcedureStepID", step), criteria);
    add_criterion(criterion("RequestAttributesSequence.RequestedProcedureID", procedure), criteria);
    EXPECT_EQ(criteria.size(), 1U);
    return matches_data_set(criteria[0], json);
  };
  EXPECT_TRUE(matches_both("S1", "R1"));
  EXPECT_TRUE(matches_both("S2", "*"));
  EXPECT_TRUE(matches_both("", ""));
  EXPECT_FALSE(matches_both("S1", "R2"));
  EXPECT_FALSE(
      matches_data_set(criterion("RequestAttributesSequence.RequestedProcedureID", "R1"), "{}"));
}

TEST(CriterionTest, PrivateAttributesAreFoundByTheirCreator) {
  auto path = *parse_path("00231001");
  path.creator = "ACME";
  const auto wanted = *parse_criterion(path, "5", {});
  EXPECT_TRUE(matches_data_set(
      wanted,
      R"({"00230010":{"vr":"LO","Value":["OTHER"]},"00230011":{"vr":"LO","Value":["ACME"]},)"
      R"("00231001":{"vr":"UN","Value":["6"]},"00231101":{"vr":"LO","Value":["5"]}})"));
  EXPECT_FALSE(matches_data_set(wanted, R"({"00230010":{"vr":"LO","Value":["ACME"]}})"));
}

TEST(CriterionTest, RangesOfDateAndTimeAreOneRange) {
  const auto matches_at = [](const char* dates, const char* times, const char* date,
                             const char* time) {
    std::vector<Criterion> criteria = {criterion("StudyDate", dates),
                                       criterion("StudyTime", times)};
    combine_dates_and_times(criteria);
    EXPECT_EQ(criteria.size(), 1U);
    return matches_date_time(criteria[0], date, time);
  };
  EXPECT_TRUE(matches_at("20240101-20240103", "1000-1200", "20240102", "0800"));
  EXPECT_FALSE(matches_at("20240101-20240103", "1000-1200", "20240101", "0959"));
  EXPECT_TRUE(matches_at("20240101-20240103", "1000-1200", "20240103", "1200"));
  EXPECT_FALSE(matches_at("20240101-20240103", "1000-1200", "20240103", "1201"));
  EXPECT_TRUE(matches_at("20240101-", "1000-", "20250101", ""));
  EXPECT_FALSE(matches_at("20240101-", "1000-", "", "1100"));
  std::vector<Criterion> apart = {criterion("StudyDate", "20240101"),
                                  criterion("StudyTime", "1000-1200")};
  combine_dates_and_times(apart);
  EXPECT_EQ(apart.size(), 2U);
}

}  // namespace
}  // namespace lightbox::query
