#include "http/range.h"

#include <gtest/gtest.h>
#include <string>

namespace lightbox::http {
namespace {

std::string wanted(std::string_view field, std::uint64_t size = 100) {
  const WantedRange wanted = wanted_range(field, size);
  if (wanted.kind == WantedRange::Kind::all) return "all";
  if (wanted.kind == WantedRange::Kind::unsatisfiable) return "unsatisfiable";
  return std::to_string(wanted.range.first) + "+" + std::to_string(wanted.range.length);
}

TEST(Range, IsAPart) {
  EXPECT_EQ(wanted("bytes=0-0"), "0+1");
  EXPECT_EQ(wanted("bytes=10-19"), "10+10");
  EXPECT_EQ(wanted("Bytes = 10 - 19 "), "10+10");
  EXPECT_EQ(wanted("bytes=90-"), "90+10");
  EXPECT_EQ(wanted("bytes=90-99999999999999999999999"), "90+10");
  EXPECT_EQ(wanted("bytes=-10"), "90+10");
  EXPECT_EQ(wanted("bytes=-1000"), "0+100");
}

TEST(Range, IsUnsatisfiable) {
  EXPECT_EQ(wanted("bytes=100-"), "unsatisfiable");
  EXPECT_EQ(wanted("bytes=99999999999999999999999-"), "unsatisfiable");
  EXPECT_EQ(wanted("bytes=-0"), "unsatisfiable");
  EXPECT_EQ(wanted("bytes=0-", 0), "unsatisfiable");
}

TEST(Range, IsIgnored) {
  for (const char* field : {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=20-10",
                            "lines=1-2", "bytes=1-2,5-6", "bytes=0x1-2"}) {
    EXPECT_EQ(wanted(field), "all") << field;
  }
}

}  // namespace
}  // namespace lightbox::http
