#include "pacs/hours.h"

#include <array>
#include <gtest/gtest.h>

namespace lightbox::pacs {
namespace {

constexpr std::int64_t minute_ms = 60'000;
constexpr std::int64_t hour_ms = 60 * minute_ms;
constexpr std::int64_t day_ms = 24 * hour_ms;

TEST(Hours, SpansAreRead) {
  const auto night = parse_hour_span("19:00-07:30");
  ASSERT_TRUE(night);
  EXPECT_EQ(night->begin, 19 * 60);
  EXPECT_EQ(night->end, 7 * 60 + 30);
  EXPECT_TRUE(parse_hour_span("00:00-24:00"));
  for (const char* wrong : {"", "19:00", "19-7", "19:00-7:00", "19:60-20:00", "25:00-26:00",
                            "07:00-07:00", "24:00-07:00", "ab:00-07:00", "-1:00-07:00"}) {
    EXPECT_FALSE(parse_hour_span(wrong)) << wrong;
  }
}

TEST(Hours, ASpanMayPassMidnight) {
  const std::array night = {*parse_hour_span("19:00-07:00")};
  const std::int64_t day = 20'000 * day_ms;
  EXPECT_EQ(until_allowed_ms(night, "", day + 20 * hour_ms), 0);
  EXPECT_EQ(until_allowed_ms(night, "", day + 3 * hour_ms), 0);
  EXPECT_EQ(until_allowed_ms(night, "", day + 7 * hour_ms), 12 * hour_ms);
  EXPECT_EQ(until_allowed_ms(night, "", day + 19 * hour_ms - 1), 1);
  EXPECT_EQ(until_allowed_ms({}, "", day), 0);
}

TEST(Hours, TheNearestOfSeveralCounts) {
  const std::array spans = {*parse_hour_span("01:00-02:00"), *parse_hour_span("12:00-13:00")};
  const std::int64_t day = 20'000 * day_ms;
  EXPECT_EQ(until_allowed_ms(spans, "", day + 11 * hour_ms), hour_ms);
  EXPECT_EQ(until_allowed_ms(spans, "", day + 23 * hour_ms), 2 * hour_ms);
}

TEST(Hours, TheyAreTheZones) {
  const std::array night = {*parse_hour_span("19:00-07:00")};
  const std::int64_t july = 1'783'000'000'000 / day_ms * day_ms;  // 2026-07-02, in summer time
  EXPECT_EQ(until_allowed_ms(night, "Europe/Berlin", july + 17 * hour_ms), 0);
  EXPECT_EQ(until_allowed_ms(night, "Europe/Berlin", july + 5 * hour_ms), 12 * hour_ms);
  EXPECT_TRUE(is_time_zone("Europe/Berlin"));
  EXPECT_FALSE(is_time_zone("Europe/Nowhere"));
  EXPECT_FALSE(is_time_zone(""));
}

}  // namespace
}  // namespace lightbox::pacs
