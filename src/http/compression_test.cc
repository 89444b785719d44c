#include "http/compression.h"

#include <gtest/gtest.h>

#include "http/gzip_stream.h"

namespace lightbox::http {
namespace {

std::string sample(std::size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += "{\"n\":" + std::to_string(text.size() * 7919 % 10007) + "},";
  text.resize(bytes);
  return text;
}

TEST(Compression, RoundTripsAtEverySize) {
  for (const std::size_t bytes : {0, 1, 1000, 16 * 1024, 16 * 1024 + 1, 3'000'000}) {
    const std::string plain = sample(bytes);
    const std::string compressed = gzip(plain);
    const auto back = gunzip(compressed, plain.size());
    ASSERT_TRUE(back) << bytes;
    EXPECT_EQ(*back, plain);
    if (bytes >= 16 * 1024) {
      EXPECT_LT(compressed.size(), bytes / 2);
    }
  }
}

TEST(Compression, SlicesGiveTheSameText) {
  const std::string plain = sample(1'000'000);
  GzipWriter writer;
  std::string compressed;
  for (std::size_t at = 0; at < plain.size(); at += 100'000) {
    const bool is_last = at + 100'000 == plain.size();
    writer.write(std::string_view(plain).substr(at, 100'000),
                 is_last ? GzipWriter::End::yes : GzipWriter::End::no, compressed);
  }
  GzipReader reader(plain.size());
  std::string back;
  for (std::size_t at = 0; at < compressed.size(); at += 777) {
    ASSERT_TRUE(reader.read(std::string_view(compressed).substr(at, 777), back));
  }
  EXPECT_TRUE(reader.finish());
  EXPECT_EQ(back, plain);
}

TEST(Compression, SeveralMembersAreOneText) {
  const auto back = gunzip(gzip("one ") + gzip("two"), 100);
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, "one two");
}

TEST(Compression, ABombStopsAtTheLimit) {
  const std::string bomb = gzip(std::string(50'000'000, '0'));
  ASSERT_LT(bomb.size(), 300'000U);
  const auto back = gunzip(bomb, 1'000'000);
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().kind, ProblemKind::too_large);
  EXPECT_TRUE(gunzip(gzip(std::string(1000, 'a')), 1000));
  EXPECT_FALSE(gunzip(gzip(std::string(1001, 'a')), 1000));
}

TEST(Compression, RefusesWhatIsNotGzip) {
  const std::string good = gzip(sample(10'000));
  std::string flipped = good;
  flipped[flipped.size() - 6] = static_cast<char>(flipped[flipped.size() - 6] ^ 1);  // the checksum
  const std::string cases[] = {
      "", "hello", good.substr(0, good.size() / 2), good.substr(0, 5), flipped, good + "x"};
  for (const std::string& bad : cases) {
    const auto back = gunzip(bad, 1'000'000);
    ASSERT_FALSE(back) << bad.size();
    EXPECT_EQ(back.error().kind, ProblemKind::invalid);
  }
}

TEST(Compression, HearsQualities) {
  struct Case {
    std::string_view accept_encoding;
    bool accepts;
  };
  const Case cases[] = {
      {"", false},
      {"gzip", true},
      {"GZip", true},
      {"x-gzip", true},
      {"br, gzip;q=0.5", true},
      {"gzip;q=0", false},
      {"gzip; q=0.000", false},
      {"*", true},
      {"*;q=0", false},
      {"gzip;q=0, *", false},
      {"identity", false},
      {"identity;q=0.5, gzip;q=0.4", false},
      {"identity;q=0.5, gzip", true},
      {"deflate, br", false},
      {"gzip;q=", true},
      {",,gzip,", true},
  };
  for (const Case& c : cases)
    EXPECT_EQ(accepts_gzip(c.accept_encoding), c.accepts) << c.accept_encoding;
}

}  // namespace
}  // namespace lightbox::http
