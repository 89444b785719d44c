#include "pacs/qido_answer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace lightbox::pacs {
namespace {

// Studies 1.1 to 1.N of an archive, `count` of them from `first` on.
std::string page_of(std::size_t first, std::size_t count) {
  std::string json = "[";
  for (std::size_t i = first; i < first + count; ++i) {
    json += fmt::format(R"({}{{"0020000D":{{"vr":"UI","Value":["1.{}"]}}}})", i == first ? "" : ",",
                        i + 1);
  }
  return json + "]";
}

// A server with so many studies that shows `server_max` on a page.
struct Server {
  std::size_t studies = 0;
  std::size_t server_max = 1'000'000;
  bool knows_offset = true;
  bool warns = false;

  QidoAnswer ask(std::size_t page_size, std::size_t results_max) const {
    QidoAnswer answer(dicom::tags::StudyInstanceUID, page_size, results_max);
    for (int pages = 0; !answer.is_ended() && pages < 100; ++pages) {
      const std::size_t first = std::min(studies, knows_offset ? answer.offset() : 0);
      const std::size_t count = std::min({studies - first, page_size, server_max});
      EXPECT_TRUE(answer.add(count == 0 ? "" : page_of(first, count),
                             warns && first + count < studies, Limits{}));
    }
    EXPECT_TRUE(answer.is_ended());
    return answer;
  }
};

TEST(QidoAnswer, PagesArePutTogether) {
  for (const std::size_t studies : {0, 1, 19, 20, 21, 40, 55}) {
    const auto answer = Server{.studies = studies}.ask(20, 500);
    EXPECT_EQ(answer.results().size(), studies);
    EXPECT_FALSE(answer.is_cut()) << studies;
  }
}

TEST(QidoAnswer, PastTheMaximumItIsCut) {
  const auto answer = Server{.studies = 1'000}.ask(100, 300);
  EXPECT_EQ(answer.results().size(), 300U);
  EXPECT_TRUE(answer.is_cut());
}

TEST(QidoAnswer, AServersOwnMaximumIsPaged) {
  const auto warned = Server{.studies = 55, .server_max = 13, .warns = true}.ask(20, 500);
  EXPECT_EQ(warned.results().size(), 55U);
  EXPECT_FALSE(warned.is_cut());
  const auto silent = Server{.studies = 333, .server_max = 100}.ask(200, 500);
  EXPECT_EQ(silent.results().size(), 333U);
}

TEST(QidoAnswer, AServerThatIgnoresOffsetIsNotAskedForever) {
  const auto whole = Server{.studies = 7, .knows_offset = false}.ask(20, 500);
  EXPECT_EQ(whole.results().size(), 7U);
  EXPECT_FALSE(whole.is_cut());
  const auto part = Server{.studies = 70, .knows_offset = false}.ask(20, 500);
  EXPECT_EQ(part.results().size(), 20U);
  EXPECT_TRUE(part.is_cut());
}

TEST(QidoAnswer, ResultsThatWereTakenStillCount) {
  QidoAnswer answer(dicom::tags::StudyInstanceUID, 20, 500);
  ASSERT_TRUE(answer.add(page_of(0, 20), false, Limits{}));
  EXPECT_EQ(answer.take().size(), 20U);
  EXPECT_TRUE(answer.results().empty());
  // One that was there already comes again; then a page has nothing that is new.
  ASSERT_TRUE(answer.add(page_of(19, 20), false, Limits{}));
  EXPECT_EQ(answer.take().size(), 19U);
  EXPECT_FALSE(answer.is_ended());
  ASSERT_TRUE(answer.add(page_of(0, 20), false, Limits{}));
  EXPECT_TRUE(answer.take().empty());
  EXPECT_TRUE(answer.is_ended());
  EXPECT_TRUE(answer.is_cut());
}

TEST(QidoAnswer, TheMaximumIsOfAllThatWereTaken) {
  QidoAnswer answer(dicom::tags::StudyInstanceUID, 20, 40);
  ASSERT_TRUE(answer.add(page_of(0, 20), false, Limits{}));
  EXPECT_EQ(answer.take().size(), 20U);
  EXPECT_FALSE(answer.is_ended());
  ASSERT_TRUE(answer.add(page_of(20, 20), false, Limits{}));
  EXPECT_TRUE(answer.is_ended());
  EXPECT_TRUE(answer.is_cut());
}

TEST(QidoAnswer, WhatIsNoAnswerIsRefused) {
  QidoAnswer answer(dicom::tags::StudyInstanceUID, 20, 500);
  EXPECT_FALSE(answer.add("<html>", false, Limits{}));
  EXPECT_FALSE(answer.add(R"([{"00100020":{"vr":"LO","Value":["P"]}}])", false, Limits{}));
}

}  // namespace
}  // namespace lightbox::pacs
