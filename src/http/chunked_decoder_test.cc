#include "http/chunked_decoder.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <optional>
#include <string>

namespace lightbox::http {
namespace {

struct Decoded {
  bool is_complete = false;
  std::string body;
  std::size_t used = 0;
  std::optional<ProblemKind> failure;
};

// The body given `step` bytes at a time.
Decoded decode(std::string_view bytes, std::size_t step) {
  ChunkedDecoder decoder(1000);
  Decoded result;
  while (!bytes.empty() && !decoder.is_complete()) {
    const auto used = decoder.decode(bytes.substr(0, step), result.body);
    if (!used) {
      result.failure = used.error().kind;
      return result;
    }
    result.used += *used;
    bytes.remove_prefix(std::min(step, bytes.size()));
  }
  result.is_complete = decoder.is_complete();
  return result;
}

TEST(ChunkedDecoder, ReadsChunksHoweverTheyAreCut) {
  const std::string whole =
      "5\r\nhello\r\n1;name=\"value\"\r\n,\r\n00006 \r\n world\r\n0\r\nHost: evil\r\nX:\r\n\r\n";
  for (std::size_t step = 1; step <= whole.size() + 3; ++step) {
    const Decoded decoded = decode(whole + "GET", step);
    ASSERT_TRUE(decoded.is_complete) << step;
    EXPECT_EQ(decoded.body, "hello, world") << step;
    EXPECT_EQ(decoded.used, whole.size()) << step;
  }
}

TEST(ChunkedDecoder, ReadsAnEmptyBody) {
  for (std::size_t step = 1; step <= 5; ++step) {
    const Decoded decoded = decode("0\r\n\r\n", step);
    EXPECT_TRUE(decoded.is_complete);
    EXPECT_EQ(decoded.body, "");
  }
}

TEST(ChunkedDecoder, RefusesBadChunks) {
  const std::string cases[] = {
      "x\r\n",
      "-1\r\n",
      "0x5\r\nhello\r\n",
      "\r\n",
      ";a\r\n",
      " 5\r\nhello\r\n",
      "\r\n5\r\nhello\r\n",
      "5 5\r\nhello",
      "5\nhello\n0\n\n",
      "5\r\nhello\n0\r\n\r\n",
      "5\r\nhelloX\r\n0\r\n\r\n",
      "5;a\nb\r\nhello",
      "10000000000000000\r\nx",
      "0\r\nbad trailer\r\n\r\n",
      "0\r\n: b\r\n\r\n",
      "0\r\nA: b\r\n folded\r\n\r\n",
      "0\r\nA: b\nC: d\r\n\r\n",
      "0\r\n\rX",
  };
  for (const std::string& bytes : cases) {
    EXPECT_EQ(decode(bytes, bytes.size()).failure, ProblemKind::invalid) << bytes;
    EXPECT_EQ(decode(bytes, 1).failure, ProblemKind::invalid) << bytes;
  }
}

TEST(ChunkedDecoder, LimitsWhatIsNotData) {
  std::string extensions;
  for (int i = 0; i < 20; ++i) extensions += "1;" + std::string(100, 'e') + "\r\nx\r\n";
  const std::string cases[] = {
      "5;" + std::string(2000, 'a'),       "0\r\n" + std::string(2000, 'a'),
      "0\r\nA: " + std::string(2000, 'a'), extensions,
      "5" + std::string(2000, ' '),
  };
  for (const std::string& bytes : cases) {
    EXPECT_EQ(decode(bytes, 64).failure, ProblemKind::header_too_large) << bytes.substr(0, 20);
  }
}

TEST(ChunkedDecoder, TakesTheLargestSizeWithoutBelievingIt) {
  const Decoded decoded = decode("ffffffffffffffff\r\nabc", 64);
  EXPECT_FALSE(decoded.failure);
  EXPECT_FALSE(decoded.is_complete);
  EXPECT_EQ(decoded.body, "abc");
}

}  // namespace
}  // namespace lightbox::http
