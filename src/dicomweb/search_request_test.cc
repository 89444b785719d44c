#include "dicomweb/search_request.h"

#include <gmock/gmock.h>

namespace lightbox::dicomweb {
namespace {

using query::Level;
using ::testing::HasSubstr;

Result<SearchRequest> parse(const SearchResource& resource, http::Parameters parameters) {
  return search_request(resource, parameters, "http://localhost/dicomweb", Limits{});
}

TEST(SearchRequestTest, TakesWhatViewersAsk) {
  const auto list = parse({}, {{"limit", "101"},
                               {"offset", "0"},
                               {"fuzzymatching", "true"},
                               {"includefield", "00081030,00080060,00080090,00100030"},
                               {"PatientName", "*smi*"},
                               {"00100020", "*1*"},
                               {"AccessionNumber", "A"},
                               {"StudyDescription", "*x*"},
                               {"ModalitiesInStudy", "CT,MR"},
                               {"StudyDate", "20240101-20240201"},
                               {"StudyInstanceUID", "1.2\\1.3"}});
  ASSERT_TRUE(list) << list.error().issues[0].diagnostics;
  EXPECT_EQ(list->query.limit, 101U);
  EXPECT_EQ(list->query.criteria.size(), 7U);
  EXPECT_TRUE(list->warnings.empty());
  EXPECT_TRUE(parse({.level = Level::series, .study_uid = "1.2"},
                    {{"includefield", "00080021,00080031,0008103E,00200011"}}));
  EXPECT_TRUE(parse({.level = Level::instance, .study_uid = "1.2", .series_uid = "1.3"}, {}));
}

struct Case {
  const char* name;
  Level level;
  const char* study;
  http::Parameters parameters;
  const char* reason;  // "": it is taken
};
class SearchRequestCase : public ::testing::TestWithParam<Case> {};
TEST_P(SearchRequestCase, IsTakenOrRefused) {
  const Case& each = GetParam();
  const auto parsed = parse({.level = each.level, .study_uid = each.study}, each.parameters);
  if (*each.reason == '\0') {
    EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().issues[0].diagnostics);
    return;
  }
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().kind, ProblemKind::invalid);
  EXPECT_THAT(parsed.error().issues[0].diagnostics, HasSubstr(each.reason));
}
INSTANTIATE_TEST_SUITE_P(
    Cases, SearchRequestCase,
    ::testing::Values(
        Case{"Nothing", Level::study, "", {}, ""},
        Case{"NoSuchAttribute", Level::study, "", {{"PatientNam", "x"}}, "'PatientNam'"},
        Case{"Injection", Level::study, "", {{"PatientID' OR 1=1 --", "x"}}, "is no attribute"},
        Case{"InjectionInAValue", Level::study, "", {{"PatientID", "' OR 1=1 --"}}, ""},
        Case{"Twice", Level::study, "", {{"PatientID", "1"}, {"00100020", "2"}}, "more than once"},
        Case{"LimitIsNoNumber", Level::study, "", {{"limit", "-1"}}, "limit"},
        Case{"LimitIsEmpty", Level::study, "", {{"limit", ""}}, "limit"},
        Case{"LimitIsTooLarge", Level::study, "", {{"limit", "99999999999999999999"}}, "limit"},
        Case{"OffsetIsNoNumber", Level::study, "", {{"offset", "1x"}}, "offset"},
        Case{"NoFlag", Level::study, "", {{"fuzzymatching", "yes"}}, "true or false"},
        Case{"NoDate", Level::study, "", {{"StudyDate", "2024-01-01"}}, "StudyDate"},
        Case{"RangeBackwards", Level::study, "", {{"StudyDate", "20240102-20240101"}}, "StudyDate"},
        Case{"ModalityOfStudies", Level::study, "", {{"Modality", "CT"}}, "ModalitiesInStudy"},
        Case{"SeriesOfStudies", Level::study, "", {{"SeriesInstanceUID", "1.2"}}, "of series"},
        Case{"InstanceOfSeries", Level::series, "", {{"InstanceNumber", "1"}}, "of instances"},
        Case{"StudyOfSeries", Level::series, "1.2", {{"PatientID", "1"}}, ""},
        Case{"IncludeOfALowerLevel", Level::study, "", {{"includefield", "Modality,Rows"}}, ""},
        Case{"IncludeOfNothing", Level::study, "", {{"includefield", "Nothing"}}, "'Nothing'"},
        Case{"IncludeAll", Level::study, "", {{"includefield", "all"}}, ""},
        Case{"Counted",
             Level::study,
             "",
             {{"NumberOfStudyRelatedSeries", "2"}},
             "cannot be searched"},
        Case{"CountedUniversally", Level::study, "", {{"NumberOfStudyRelatedSeries", ""}}, ""},
        Case{"NotKept", Level::study, "", {{"PatientComments", "x"}}, "not kept"},
        Case{"NotKeptOfAPatient",
             Level::study,
             "",
             {{"PatientComments", "x"}, {"PatientID", "1"}},
             ""},
        Case{"NotKeptOfAPatternOfPatients",
             Level::study,
             "",
             {{"PatientComments", "x"}, {"PatientID", "1*"}},
             "not kept"},
        Case{"NotKeptOfAStudy", Level::instance, "1.2", {{"KVP", "120"}}, ""},
        Case{"NotKeptOfAll", Level::instance, "", {{"KVP", "120"}}, "not kept"},
        Case{"NestedNotKept",
             Level::study,
             "",
             {{"OtherPatientIDsSequence.00100020", "x"}},
             "not kept"},
        Case{"PrivateWithoutCreator", Level::instance, "1.2", {{"00231001", "x"}}, "00230010=NAME"},
        Case{"Private", Level::instance, "1.2", {{"00230010", "ACME"}, {"00231001", "x"}}, ""},
        Case{"PrivateInclude",
             Level::instance,
             "1.2",
             {{"00230010", "ACME"}, {"includefield", "00231001"}},
             ""},
        Case{"NoUid", Level::series, "../x", {}, "no UID"}),
    [](const auto& each) { return each.param.name; });

TEST(SearchRequestTest, HasLimits) {
  http::Parameters many(101, {"includefield", "PatientID"});
  EXPECT_FALSE(parse({}, many));
  const auto large = parse({}, {{"limit", "100000000"}});
  ASSERT_TRUE(large);
  EXPECT_EQ(large->query.limit, 10'000U);
}

TEST(SearchRequestTest, SaysWhatItDoesNotDo) {
  const auto parsed = parse({}, {{"TimezoneOffsetFromUTC", "+0100"}});
  ASSERT_TRUE(parsed);
  ASSERT_EQ(parsed->warnings.size(), 1U);
}

}  // namespace
}  // namespace lightbox::dicomweb
