#include "pacs/window.h"

#include <gtest/gtest.h>
#include <map>

namespace lightbox::pacs {
namespace {

Day day(std::string_view text) { return *parse_day(text); }

TEST(Window, DaysAreRead) {
  EXPECT_EQ(da_of(day("2024-02-29")), "20240229");
  EXPECT_EQ(day("20240229"), day("2024-02-29"));
  for (const char* wrong : {"", "20230229", "2024-2-9", "20241301", "202401", "2024/01/01"}) {
    EXPECT_FALSE(parse_day(wrong)) << wrong;
  }
}

TEST(Window, ItIsTheTextOfAQuery) {
  Window window{.from = day("20240101"), .to = day("20240131")};
  EXPECT_EQ(window.dates(), "20240101-20240131");
  EXPECT_EQ(window.times(), "");
  EXPECT_EQ(window.text(), "2024-01-01 to 2024-01-31");
  window = {
      .from = day("20240101"), .to = day("20240101"), .first_minute = 480, .last_minute = 599};
  EXPECT_EQ(window.dates(), "20240101");
  EXPECT_EQ(window.times(), "080000-095959.999999");
  EXPECT_EQ(window.text(), "2024-01-01 08:00 to 09:59");
}

TEST(WindowWalk, AnEmptyRangeHasNoWindow) {
  EXPECT_FALSE(WindowWalk(day("20240102"), day("20240101")).current());
}

TEST(WindowWalk, SparseYearsAreFewWindows) {
  WindowWalk walk(day("19000101"), day("20261231"));
  int windows = 0;
  for (; walk.current(); ++windows) walk.finish(0, 500);
  EXPECT_LT(windows, 16);
}

// An archive that shows so many studies at most, with studies so dense that a day has to be
// divided: each is seen exactly once.
TEST(WindowWalk, EveryMinuteIsSeenOnce) {
  constexpr std::size_t results_max = 10;
  std::map<std::pair<std::string, int>, int> seen;  // day and minute -> how often
  for (int minute = 0; minute < 24 * 60; minute += 7) seen[{"20240105", minute}] = 0;
  for (const char* sparse : {"20230601", "20240101", "20240104", "20240106", "20240201"}) {
    seen[{sparse, 600}] = 0;
  }
  WindowWalk walk(day("20230101"), day("20240301"));
  int searches = 0;
  while (const auto window = walk.current()) {
    ASSERT_LT(++searches, 1000);
    std::vector<int*> found;
    for (auto& [when, count] : seen) {
      const Day date = day(when.first);
      if (date < window->from || date > window->to || when.second < window->first_minute ||
          when.second > window->last_minute) {
        continue;
      }
      found.push_back(&count);
    }
    if (found.size() > results_max) {
      ASSERT_TRUE(walk.halve());
      continue;
    }
    for (int* count : found) ++*count;
    walk.finish(found.size(), results_max);
  }
  for (const auto& [when, count] : seen) EXPECT_EQ(count, 1) << when.first << " " << when.second;
}

TEST(WindowWalk, AMinuteCannotBeDivided) {
  WindowWalk walk(day("20240101"), day("20240101"));
  int halvings = 0;
  while (walk.halve()) ++halvings;
  EXPECT_EQ(walk.current()->first_minute, walk.current()->last_minute);
  EXPECT_EQ(halvings, 10);
  EXPECT_EQ(walk.open_until(), day("20240101"));
  for (int parts = 0; walk.current(); ++parts) {
    ASSERT_LT(parts, 20);
    walk.finish(1, 10);
  }
  EXPECT_EQ(walk.open_until(), day("20231231"));
}

TEST(WindowWalk, RoundNumbersAreSuspicious) {
  for (const std::size_t round : {100, 127, 128, 200, 250, 255, 500, 512, 1000, 1024}) {
    EXPECT_TRUE(is_suspiciously_round(round)) << round;
  }
  for (const std::size_t other : {0, 1, 50, 64, 99, 101, 333}) {
    EXPECT_FALSE(is_suspiciously_round(other)) << other;
  }
}

}  // namespace
}  // namespace lightbox::pacs
