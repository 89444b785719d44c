#include <chrono>
#include <gtest/gtest.h>
#include <string>

#include "fhir/index.h"

namespace lightbox::fhir {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;

constexpr std::int64_t ms(sys_days day, std::chrono::milliseconds time = 0ms) {
  return (std::chrono::sys_time<std::chrono::milliseconds>(day) + time).time_since_epoch().count();
}
constexpr sys_days day(int year, unsigned month, unsigned of_month) {
  return std::chrono::year(year) / month / of_month;
}
constexpr sys_days june15 = day(2024, 6, 15);

struct Interval {
  std::string_view name;
  std::string_view text;
  int zone_minutes;
  std::int64_t low;
  std::int64_t high;
};

class DateIntervals : public testing::TestWithParam<Interval> {};

TEST_P(DateIntervals, CoverWhatTheTextSays) {
  const auto interval = parse_date(GetParam().text, GetParam().zone_minutes);
  ASSERT_TRUE(interval);
  EXPECT_EQ(interval->low, GetParam().low);
  EXPECT_EQ(interval->high, GetParam().high);
}

INSTANTIATE_TEST_SUITE_P(
    Table, DateIntervals,
    testing::Values(
        Interval{"Year", "2024", 0, ms(day(2024, 1, 1)), ms(day(2025, 1, 1))},
        Interval{"FirstYear", "0001", 0, ms(day(1, 1, 1)), ms(day(2, 1, 1))},
        Interval{"LastYear", "9999", 0, ms(day(9999, 1, 1)), date_max},
        Interval{"Month", "2024-02", 0, ms(day(2024, 2, 1)), ms(day(2024, 3, 1))},
        Interval{"December", "2024-12", 0, ms(day(2024, 12, 1)), ms(day(2025, 1, 1))},
        Interval{"Day", "2024-06-15", 0, ms(june15), ms(june15, 24h)},
        Interval{"LeapDay", "2024-02-29", 0, ms(day(2024, 2, 29)), ms(day(2024, 3, 1))},
        Interval{"DayInConfiguredZone", "2024-06-15", 120, ms(june15, -2h), ms(june15, 22h)},
        Interval{"YearWestOfGreenwich", "2024", -300, ms(day(2024, 1, 1), 5h),
                 ms(day(2025, 1, 1), 5h)},
        Interval{"Minute", "2024-06-15T10:30Z", 0, ms(june15, 10h + 30min),
                 ms(june15, 10h + 31min)},
        Interval{"Second", "2024-06-15T10:30:00Z", 0, ms(june15, 10h + 30min),
                 ms(june15, 10h + 30min + 1s)},
        Interval{"Tenth", "2024-06-15T10:30:00.5Z", 0, ms(june15, 10h + 30min + 500ms),
                 ms(june15, 10h + 30min + 600ms)},
        Interval{"Millisecond", "2024-06-15T10:30:00.123Z", 0, ms(june15, 10h + 30min + 123ms),
                 ms(june15, 10h + 30min + 124ms)},
        Interval{"FinerIsCutOff", "2024-06-15T10:30:00.123987Z", 0, ms(june15, 10h + 30min + 123ms),
                 ms(june15, 10h + 30min + 124ms)},
        Interval{"East", "2024-06-15T10:30:00+02:00", 0, ms(june15, 8h + 30min),
                 ms(june15, 8h + 30min + 1s)},
        Interval{"West", "2024-06-15T23:30:00-05:30", 0, ms(june15, 29h), ms(june15, 29h + 1s)},
        Interval{"OwnZoneBeatsTheConfigured", "2024-06-15T10:30:00Z", 120, ms(june15, 10h + 30min),
                 ms(june15, 10h + 30min + 1s)},
        Interval{"ConfiguredZoneForATimeWithout", "2024-06-15T10:30:00", 120,
                 ms(june15, 8h + 30min), ms(june15, 8h + 30min + 1s)},
        Interval{"LeapSecond", "2016-12-31T23:59:60Z", 0, ms(day(2017, 1, 1), -1s),
                 ms(day(2017, 1, 1))},
        Interval{"BeforeTheEpoch", "1969-12-31T23:59:59.999Z", 0, -1, 0},
        Interval{"EndOfTimeIsNotEmpty", "9999-12-31T23:59:59-14:00", 0, date_max - 1, date_max}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Dates, RefuseEverythingElse) {
  for (const std::string_view text : {"",
                                      "2",
                                      "202",
                                      "20245",
                                      "0000",
                                      "2024-",
                                      "2024-0",
                                      "2024-00",
                                      "2024-13",
                                      "2024-1-1",
                                      "2024-06-",
                                      "2024-06-00",
                                      "2024-06-31",
                                      "2023-02-29",
                                      "2024-02-30",
                                      "2024-06-15 10:30",
                                      "2024-06-15T",
                                      "2024-06-15T10",
                                      "2024-06-15T10Z",
                                      "2024-06-15T24:00:00Z",
                                      "2024-06-15T10:60:00Z",
                                      "2024-06-15T10:30:61Z",
                                      "2024-06-15T10:30:00.Z",
                                      "2024-06-15T10:30:00z",
                                      "2024-06-15T10:30:00+2:00",
                                      "2024-06-15T10:30:00+14:01",
                                      "2024-06-15T10:30:00+15:00",
                                      "2024-06-15T10:30:00+02",
                                      "2024-06-15T10:30:00Zx",
                                      "2024-06-15Z",
                                      " 2024",
                                      "2024 ",
                                      "-2024",
                                      "20240615",
                                      "yesterday"}) {
    EXPECT_FALSE(parse_date(text, 0)) << text;
  }
}

}  // namespace
}  // namespace lightbox::fhir
