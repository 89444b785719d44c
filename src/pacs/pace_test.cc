#include "pacs/pace.h"

#include <atomic>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace lightbox::pacs {
namespace {

double seconds_of(const std::function<void()>& run) {
  const auto begin = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

TEST(Pace, SoManyRequestsASecond) {
  SourceOptions source;
  source.requests_per_second = 100;
  Pace pace(source, [] { return false; });
  const double seconds = seconds_of([&] {
    for (int i = 0; i < 11; ++i) {
      EXPECT_TRUE(pace.enter());
      pace.leave();
    }
  });
  EXPECT_GE(seconds, 0.099);
}

TEST(Pace, SoManyRequestsAtOnce) {
  SourceOptions source;
  source.requests_per_second = 10'000;
  source.connections_max = 2;
  Pace pace(source, [] { return false; });
  std::atomic<int> under_way = 0;
  std::atomic<int> most = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] {
      const auto done = at_pace(pace, 0, [&]() -> Result<int> {
        const int now = ++under_way;
        for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        --under_way;
        return now;
      });
      EXPECT_TRUE(done);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most, 2);
}

TEST(Pace, AWaitEndsWhenItIsStopped) {
  SourceOptions source;
  source.requests_per_second = 0.01;
  bool is_stopped = false;
  Pace pace(source, [&] { return is_stopped; });
  EXPECT_TRUE(pace.enter());
  is_stopped = true;
  EXPECT_FALSE(pace.enter());
  EXPECT_FALSE(pace.back_off(10, 0));
}

TEST(Pace, WhatMayPassIsTriedAgain) {
  SourceOptions source;
  source.requests_per_second = 10'000;
  Pace pace(source, [] { return false; });
  int calls = 0;
  const auto fails_once = [&]() -> Result<int> {
    if (++calls == 1) return problem(ProblemKind::unavailable, "busy");
    return calls;
  };
  const auto answer = at_pace(pace, 1, fails_once);
  ASSERT_TRUE(answer);
  EXPECT_EQ(*answer, 2);

  calls = 0;
  const auto refused = at_pace(pace, 5, [&]() -> Result<int> {
    ++calls;
    return problem(ProblemKind::forbidden, "no");
  });
  EXPECT_FALSE(refused);
  EXPECT_EQ(calls, 1);

  calls = 0;
  EXPECT_FALSE(at_pace(pace, 0, fails_once));
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace lightbox::pacs
