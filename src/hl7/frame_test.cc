#include "hl7/frame.h"

#include <gmock/gmock.h>
#include <vector>

namespace lightbox::hl7 {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::size_t message_bytes_max = 10;

// The messages, and "too long" or "no frames" at the end.
std::vector<std::string> frames_of(std::string_view bytes, std::size_t piece_bytes) {
  FrameReader frames(message_bytes_max);
  std::vector<std::string> all;
  while (!bytes.empty()) {
    std::string_view piece = bytes.substr(0, piece_bytes);
    bytes.remove_prefix(piece.size());
    while (true) {
      const auto event = frames.next(piece);
      if (event == FrameReader::Event::need_more) break;
      all.push_back(event == FrameReader::Event::no_frames ? "no frames" : frames.message());
      if (event == FrameReader::Event::message) continue;
      if (event == FrameReader::Event::too_long) all.emplace_back("too long");
      return all;
    }
  }
  return all;
}

TEST(Frame, MessagesInAnyPieces) {
  const std::string bytes = framed("one") + framed("") + "\r\n between \x1C" +
                            framed("two\rlines") +
                            "\x0B"
                            "no CR\x1C" +
                            framed("ten bytes.") +
                            "\x0B"
                            "begun";
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    EXPECT_THAT(frames_of(bytes, piece),
                ElementsAre("one", "", "two\rlines", "no CR", "ten bytes."))
        << piece;
  }
}

TEST(Frame, SaysWhetherAMessageHasBegun) {
  FrameReader frames(message_bytes_max);
  std::string_view piece = "between";
  EXPECT_EQ(frames.next(piece), FrameReader::Event::need_more);
  EXPECT_FALSE(frames.is_within());
  piece = "\x0B";
  EXPECT_EQ(frames.next(piece), FrameReader::Event::need_more);
  EXPECT_TRUE(frames.is_within());
  piece = "a\x1C\r";
  EXPECT_EQ(frames.next(piece), FrameReader::Event::message);
  EXPECT_FALSE(frames.is_within());
}

TEST(Frame, TooLongAMessageIsTheEnd) {
  const std::string bytes = framed("one") + framed("eleven byte") + framed("two");
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    EXPECT_THAT(frames_of(bytes, piece), ElementsAre("one", "eleven byt", "too long")) << piece;
  }
}

TEST(Frame, SoIsMuchThatIsNone) {
  constexpr std::size_t most = 65'536;
  const std::string just_right(most, 'x');
  EXPECT_THAT(frames_of(just_right, 1'000), IsEmpty());
  EXPECT_THAT(frames_of(just_right + framed("one") + just_right.substr(1), 1'000),
              ElementsAre("one"));
  EXPECT_THAT(frames_of(just_right + "x" + framed("one"), 1'000), ElementsAre("no frames"));
}

}  // namespace
}  // namespace lightbox::hl7
