#include "ingest/arrival_log.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mutex>
#include <thread>

namespace lightbox::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ArrivalLogTest : public ::testing::Test {
 protected:
  ArrivalLogTest() {
    std::string name =
        (std::filesystem::temp_directory_path() / "lightbox-arrivals-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  ~ArrivalLogTest() override {
    log_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  [[nodiscard]] ArrivalLog::Options options(const std::string& folder) {
    return {.path = folder + "/log",
            .segment_bytes_max = segment_bytes_max_,
            .age_max = age_max_,
            .sync = [this]() -> Result<void> {
              ++syncs_;
              if (is_sync_failing_) return problem(ProblemKind::unavailable, "No disk");
              return {};
            }};
  }
  void open() {
    log_.reset();
    auto log = ArrivalLog::open(options(folder_), [](const Arrival&) { return Result<void>(); });
    ASSERT_TRUE(log) << log.error().issues[0].diagnostics;
    log_ = std::move(*log);
  }
  Result<ArrivalLog::Hold> append(const std::string& content) {
    const std::string uid = "1.2." + std::to_string(content.size());
    const Arrival arrival = {uid, "a/b.dcm", "PACS", content};
    return log_->append({&arrival, 1});
  }

  // What a power cut now would leave, as the next process finds it.
  std::vector<std::string> left(const std::function<void(const std::string& folder)>& spoil =
                                    [](const auto&) {}) {
    const std::string copy = folder_ + "-after";
    std::filesystem::copy(folder_, copy);
    spoil(copy);
    std::vector<std::string> contents;
    {
      const auto log = ArrivalLog::open(options(copy), [&](const Arrival& arrival) {
        EXPECT_EQ(arrival.sop_instance_uid, "1.2." + std::to_string(arrival.content.size()));
        EXPECT_EQ(arrival.file, "a/b.dcm");
        EXPECT_EQ(arrival.source, "PACS");
        contents.emplace_back(arrival.content);
        return Result<void>();
      });
      EXPECT_TRUE(log);
    }
    std::filesystem::remove_all(copy);
    return contents;
  }

  std::string folder_;
  std::uint64_t segment_bytes_max_ = 1U << 20U;
  std::chrono::milliseconds age_max_ = std::chrono::hours(1);
  std::atomic<int> syncs_ = 0;
  std::atomic<bool> is_sync_failing_ = false;
  std::unique_ptr<ArrivalLog> log_;
};

TEST_F(ArrivalLogTest, ACrashLeavesWhatWasAppendedInOrder) {
  open();
  EXPECT_THAT(left(), IsEmpty());
  for (const char* content : {"first", "", "a second one"}) EXPECT_TRUE(append(content));
  const std::string large(10'000, 'x');
  EXPECT_TRUE(append(large));
  EXPECT_THAT(left(), ElementsAre("first", "", "a second one", large));
  EXPECT_THAT(left(), SizeIs(4));  // and again: nothing was taken away
}

TEST_F(ArrivalLogTest, SeveralAtOnceAreKeptTogether) {
  open();
  const std::array<Arrival, 2> two = {Arrival{"1.2.1", "a/b.dcm", "PACS", "1"},
                                      Arrival{"1.2.2", "a/b.dcm", "PACS", "22"}};
  EXPECT_TRUE(log_->append(two));
  EXPECT_THAT(left(), ElementsAre("1", "22"));
}

TEST_F(ArrivalLogTest, ACleanEndLeavesNothing) {
  open();
  EXPECT_TRUE(append("one"));
  const int before = syncs_;
  log_.reset();
  EXPECT_EQ(syncs_, before + 1);
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(ArrivalLogTest, FlushEmptiesAndLaterOnesAreKept) {
  open();
  EXPECT_TRUE(append("one"));
  EXPECT_TRUE(log_->flush());
  EXPECT_THAT(left(), IsEmpty());
  EXPECT_TRUE(append("two"));
  EXPECT_THAT(left(), ElementsAre("two"));
  EXPECT_TRUE(log_->flush());
  EXPECT_TRUE(log_->flush());  // of nothing
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(ArrivalLogTest, WhatIsHeldIsNotForgotten) {
  open();
  auto hold = append("one");
  std::atomic<bool> is_flushed = false;
  std::thread flusher([&] {
    EXPECT_TRUE(log_->flush());
    is_flushed = true;
  });
  while (!append("two")) {
  }
  EXPECT_FALSE(is_flushed);
  EXPECT_THAT(left(), ::testing::Contains("one"));
  hold = ArrivalLog::Hold();
  flusher.join();
}

TEST_F(ArrivalLogTest, GoesRoundWithoutLosingAny) {
  segment_bytes_max_ = 64U << 10U;
  open();
  std::vector<std::thread> senders;
  for (int i = 0; i < 4; ++i) {
    senders.emplace_back([&] {
      for (int n = 0; n < 100; ++n) EXPECT_TRUE(append(std::string(3'000, 'y')));
    });
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_GT(syncs_, 400 * 4'096 / 65'536 / 2);
  EXPECT_LE(std::filesystem::file_size(folder_ + "/log.0"), segment_bytes_max_);
  const std::size_t before = left().size();
  EXPECT_LT(before, 32U);
  EXPECT_TRUE(append("the last"));
  EXPECT_EQ(left().back(), "the last");
}

TEST_F(ArrivalLogTest, TakesWhatComesWhileItGrows) {
  segment_bytes_max_ = 12U << 20U;
  open();
  std::mutex mutex;
  std::vector<ArrivalLog::Hold> holds;
  std::vector<std::thread> senders;
  for (std::size_t i = 0; i < 4; ++i) {
    senders.emplace_back([&, i] {
      for (std::size_t n = 0; n < 50; ++n) {
        auto hold = append(std::string(100'000 + 1'000 * i + n, 'z'));
        ASSERT_TRUE(hold);
        const std::lock_guard lock(mutex);
        holds.push_back(std::move(*hold));
      }
    });
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_THAT(left(), SizeIs(200));
}

TEST_F(ArrivalLogTest, GrowsAheadOfWhatNeedsTheRoom) {
  segment_bytes_max_ = 12U << 20U;
  open();
  const auto size = [&](const char* name) {
    return std::filesystem::file_size(folder_ + "/" + name);
  };
  const auto begun = size("log.0");
  std::vector<ArrivalLog::Hold> holds;
  for (std::size_t n = 0; n < 20; ++n) {
    auto hold = append(std::string(100'000, 'z'));
    ASSERT_TRUE(hold);
    holds.push_back(std::move(*hold));
  }
  ASSERT_LT(20 * 100'000, begun);  // it had room enough
  const auto ends = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (size("log.0") < segment_bytes_max_ || size("log.1") < segment_bytes_max_) {
    ASSERT_LT(std::chrono::steady_clock::now(), ends);
    std::this_thread::yield();
  }
}

TEST_F(ArrivalLogTest, IsEmptiedByAge) {
  age_max_ = std::chrono::milliseconds(1);
  open();
  EXPECT_TRUE(append("one"));
  while (!left().empty()) std::this_thread::yield();
}

TEST_F(ArrivalLogTest, WhatIsNotWholeEndsIt) {
  open();
  for (const char* content : {"one", "two", "three"}) EXPECT_TRUE(append(content));
  const auto overwrite = [](std::streamoff at) {
    return [at](const std::string& folder) {
      std::fstream file(folder + "/log.0", std::ios::binary | std::ios::in | std::ios::out);
      file.seekp(at);
      file.put('\x7F');
    };
  };
  EXPECT_THAT(left(overwrite(2 * 4'096 + 60)), ElementsAre("one"));    // in the second's content
  EXPECT_THAT(left(overwrite(2 * 4'096 + 23)), ElementsAre("one"));    // a length beyond the end
  EXPECT_THAT(left(overwrite(2 * 4'096 + 8)), ElementsAre("one"));     // another generation
  EXPECT_THAT(left(overwrite(3 * 4'096)), ElementsAre("one", "two"));  // no record
  EXPECT_THAT(left(overwrite(9)), IsEmpty());                          // no header
  EXPECT_THAT(left([](const std::string& folder) {
                std::filesystem::resize_file(folder + "/log.0", 3 * 4'096 + 10);
              }),
              ElementsAre("one", "two"));
}

TEST_F(ArrivalLogTest, AFailedSyncStopsItAndLosesNothing) {
  open();
  EXPECT_TRUE(append("one"));
  is_sync_failing_ = true;
  EXPECT_EQ(log_->flush().error().kind, ProblemKind::unavailable);
  EXPECT_EQ(append("two").error().kind, ProblemKind::unavailable);
  is_sync_failing_ = false;
  EXPECT_THAT(left(), ElementsAre("one"));
}

TEST_F(ArrivalLogTest, ARecoveryThatFailsIsDoneAgain) {
  open();
  EXPECT_TRUE(append("one"));
  const std::string copy = folder_ + "-copy";
  std::filesystem::copy(folder_, copy);
  const auto refuse = [](const Arrival&) -> Result<void> {
    return problem(ProblemKind::insufficient_storage, "Full");
  };
  EXPECT_FALSE(ArrivalLog::open(options(copy), refuse));
  int again = 0;
  EXPECT_TRUE(ArrivalLog::open(options(copy), [&](const Arrival&) {
    ++again;
    return Result<void>();
  }));
  EXPECT_EQ(again, 1);
  std::filesystem::remove_all(copy);
}

TEST_F(ArrivalLogTest, TellsWhatIsTooMuchAtOnce) {
  open();
  EXPECT_TRUE(log_->has_room_for(100'000, 1));
  EXPECT_FALSE(log_->has_room_for(segment_bytes_max_, 1));
  EXPECT_FALSE(log_->has_room_for(0, 1'000));
}

}  // namespace
}  // namespace lightbox::ingest
