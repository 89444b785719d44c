#include "ingest/mapping_time.h"

#include <gtest/gtest.h>

namespace lightbox::ingest {
namespace {

TEST(MappingTimeTest, Dates) {
  struct Case {
    std::string_view da;
    std::string_view date;
  };
  const Case cases[] = {
      {"20240105", "2024-01-05"},
      {"2024.01.05", "2024-01-05"},
      {"20240229", "2024-02-29"},
      {"00010101", "0001-01-01"},
      {"20230229", ""},
      {"20240100", ""},
      {"20241301", ""},
      {"00000101", ""},
      {"2024", ""},
      {"202401", ""},
      {"2024-01-05", ""},
      {"2024.1.05", ""},
      {"20240105-", ""},
      {"2024010a", ""},
      {"", ""},
      {"20240105-20240106", ""},
      {"+2024105", ""},
  };
  for (const Case& c : cases) EXPECT_EQ(to_date(c.da).value_or(""), c.date) << c.da;
}

TEST(MappingTimeTest, Times) {
  struct Case {
    std::string_view tm;
    std::string_view time;
  };
  const Case cases[] = {
      {"10", "10:00:00"},
      {"1030", "10:30:00"},
      {"103015", "10:30:15"},
      {"103015.2", "10:30:15.200"},
      {"103015.250999", "10:30:15.250"},
      {"103015.000000", "10:30:15"},
      {"103015.0009", "10:30:15"},
      {"10:30:15", "10:30:15"},
      {"10:30", "10:30:00"},
      {"10:30:15.5", "10:30:15.500"},
      {"235960", "23:59:60"},
      {"24", ""},
      {"1060", ""},
      {"103061", ""},
      {"0800-0900", ""},
      {"103", ""},
      {"1", ""},
      {"", ""},
      {"1030.5", ""},
      {"103015.", ""},
      {"103015.x", ""},
      {"10:3015", ""},
      {"1030:15", ""},
      {"ab", ""},
  };
  for (const Case& c : cases) {
    const auto clock = to_clock(c.tm);
    const std::string text = clock ? to_date_time("", *clock, 0) : "T+00:00";
    EXPECT_EQ(text.substr(1, text.size() - 7), c.time) << c.tm;
  }
}

TEST(MappingTimeTest, Offsets) {
  EXPECT_EQ(to_offset("+0100"), 60);
  EXPECT_EQ(to_offset("-0330"), -210);
  EXPECT_EQ(to_offset("+0000"), 0);
  EXPECT_EQ(to_offset("+1400"), 840);
  EXPECT_EQ(to_offset("-1200"), -720);
  for (const std::string_view wrong : {"", "-0000", "+1401", "-1230", "+0160", "0100", "+100",
                                       "+01:00", "+1500", "UTC", "+01 0"}) {
    EXPECT_EQ(to_offset(wrong), std::nullopt) << wrong;
  }
  const Clock clock{.hour = 1, .minute = 2, .second = 3, .millisecond = 4};
  EXPECT_EQ(to_date_time("2024-01-05", clock, -210), "2024-01-05T01:02:03.004-03:30");
}

TEST(MappingTimeTest, ZonesHaveOffsetsByTheSeason) {
  Zones zones;
  const Clock noon{.hour = 12};
  EXPECT_EQ(zones.offset_of("Europe/Berlin", "2024-01-05", noon).minutes, 60);
  EXPECT_EQ(zones.offset_of("Europe/Berlin", "2024-07-05", noon).minutes, 120);
  EXPECT_EQ(zones.offset_of("America/St_Johns", "2024-01-05", noon).minutes, -210);
  EXPECT_EQ(zones.offset_of("UTC", "2024-01-05", noon).minutes, 0);
  EXPECT_EQ(zones.offset_of("Pacific/Kiritimati", "2024-01-05", noon).minutes, 840);
}

TEST(MappingTimeTest, WhatTheClocksSkippedOrShowedTwiceIsNotGuessed) {
  Zones zones;
  const auto fault = [&](std::string_view date, int hour, int minute) {
    const auto offset =
        zones.offset_of("Europe/Berlin", date, Clock{.hour = hour, .minute = minute});
    EXPECT_EQ(offset.minutes.has_value(), offset.fault.empty());
    return offset.fault;
  };
  EXPECT_EQ(fault("2024-03-31", 1, 59), "");
  EXPECT_NE(fault("2024-03-31", 2, 30).find("skipped"), std::string::npos);
  EXPECT_EQ(fault("2024-03-31", 3, 0), "");
  EXPECT_EQ(fault("2024-10-27", 1, 59), "");
  EXPECT_NE(fault("2024-10-27", 2, 30).find("twice"), std::string::npos);
  EXPECT_EQ(fault("2024-10-27", 3, 0), "");
}

TEST(MappingTimeTest, ZonesThatAreNone) {
  Zones zones;
  for (const std::string name : {"", "Mars/Olympus", "berlin"}) {
    const auto offset = zones.offset_of(name, "2024-01-05", Clock{});
    EXPECT_EQ(offset.minutes, std::nullopt) << name;
    EXPECT_NE(offset.fault.find("IANA"), std::string::npos) << name;
  }
  // Local mean time: 53 minutes and 28 seconds.
  EXPECT_NE(zones.offset_of("Europe/Berlin", "1880-01-05", Clock{}).fault.find("seconds"),
            std::string::npos);
}

}  // namespace
}  // namespace lightbox::ingest
