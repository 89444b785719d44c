#include "pacs/request_rate.h"

#include <gtest/gtest.h>

namespace lightbox::pacs {
namespace {

using std::chrono::milliseconds;
using Clock = RequestRate::Clock;

// How many of those who always want to begin do so in this time.
int begun_in(RequestRate& rate, Clock::time_point from, milliseconds span) {
  int begun = 0;
  for (auto now = from; now < from + span; now += milliseconds(1)) {
    while (rate.next() <= now) {
      rate.count(now);
      ++begun;
    }
  }
  return begun;
}

TEST(RequestRate, SoManyInASecond) {
  const Clock::time_point start{milliseconds(5)};
  RequestRate rate(200);
  EXPECT_EQ(begun_in(rate, start, milliseconds(1)), 200);
  EXPECT_EQ(begun_in(rate, start, milliseconds(1000)), 0);
  EXPECT_EQ(begun_in(rate, start + milliseconds(1000), milliseconds(10'000)), 2000);
}

TEST(RequestRate, Fractions) {
  const Clock::time_point start{milliseconds(0)};
  RequestRate slow(0.5);
  EXPECT_EQ(begun_in(slow, start, milliseconds(10'000)), 5);
  RequestRate odd(2.5);
  EXPECT_EQ(begun_in(odd, start, milliseconds(10'000)), 26);  // two in 0.8 s, from the first on
}

}  // namespace
}  // namespace lightbox::pacs
