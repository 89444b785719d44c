#include "query/moment.h"

#include <gtest/gtest.h>

namespace lightbox::query {
namespace {

constexpr std::int64_t hour_us = 3'600 * second_us;

struct Case {
  MomentKind kind;
  const char* text;
  std::int64_t low;
  std::int64_t high;
};

TEST(MomentTest, ValuesAreAsLongAsWhatTheyLeaveOpen) {
  constexpr std::int64_t leap_day = 19782 * day_us;  // 2024-02-29
  const Case cases[] = {
      {MomentKind::date, "19700101", 0, day_us},
      {MomentKind::date, "20240229", leap_day, leap_day + day_us},
      {MomentKind::date, "2024.02.29", leap_day, leap_day + day_us},
      {MomentKind::date, "19691231 ", -day_us, 0},
      {MomentKind::time, "10", 10 * hour_us, 11 * hour_us},
      {MomentKind::time, "1030", 10 * hour_us + 1800 * second_us, 10 * hour_us + 1860 * second_us},
      {MomentKind::time, "10:30:00", 37'800 * second_us, 37'801 * second_us},
      {MomentKind::time, "000000.5", 500'000, 600'000},
      {MomentKind::time, "000000.000001", 1, 2},
      {MomentKind::time, "235960", 86'400 * second_us, 86'401 * second_us},
      {MomentKind::date_time, "1970", 0, 365 * day_us},
      {MomentKind::date_time, "197002", 31 * day_us, 59 * day_us},
      {MomentKind::date_time, "1970010110", 10 * hour_us, 11 * hour_us},
      {MomentKind::date_time, "1970010110+0100", 9 * hour_us, 10 * hour_us},
      {MomentKind::date_time, "19700101-0500", 5 * hour_us, day_us + 5 * hour_us},
  };
  for (const Case& each : cases) {
    const auto interval = interval_of(each.kind, each.text);
    ASSERT_TRUE(interval) << each.text;
    EXPECT_EQ(interval->low, each.low) << each.text;
    EXPECT_EQ(interval->high, each.high) << each.text;
  }
}

TEST(MomentTest, WhatIsNoneIsNone) {
  for (const char* text :
       {"", "2024", "202402", "20240230", "20241301", "2024-02-29", "x", "202402291", "00000101"}) {
    EXPECT_FALSE(interval_of_date(text)) << text;
  }
  for (const char* text :
       {"", "1", "24", "1060", "101061", "10.5", "101010.", "101010.1234567", "101010+0100"}) {
    EXPECT_FALSE(interval_of_time(text)) << text;
  }
  for (const char* text :
       {"", "20", "20240230", "202402291", "20240229+1", "20240229+9900", "202402+01000"}) {
    EXPECT_FALSE(interval_of_date_time(text)) << text;
  }
}

TEST(MomentTest, RangesMayBeOpen) {
  const auto closed = range_of(MomentKind::date, "19700101-19700102");
  ASSERT_TRUE(closed);
  EXPECT_TRUE(closed->is_range);
  EXPECT_EQ(closed->interval.low, 0);
  EXPECT_EQ(closed->interval.high, 2 * day_us);
  EXPECT_EQ(range_of(MomentKind::date, "19700101-")->interval.high, INT64_MAX);
  EXPECT_EQ(range_of(MomentKind::date, "-19700101")->interval.low, INT64_MIN);
  EXPECT_FALSE(range_of(MomentKind::date, "19700101")->is_range);
  EXPECT_EQ(range_of(MomentKind::time, "10-11")->interval.high, 12 * hour_us);
  EXPECT_FALSE(range_of(MomentKind::date_time, "19700101-0500")->is_range);
  EXPECT_EQ(range_of(MomentKind::date_time, "19700101-0500-19700102-0500")->interval.high,
            2 * day_us + 5 * hour_us);
  for (const char* text : {"-", "19700102-19700101", "a-b", "19700101-x", "19700101-19700102-"}) {
    EXPECT_FALSE(range_of(MomentKind::date, text)) << text;
  }
}

}  // namespace
}  // namespace lightbox::query
