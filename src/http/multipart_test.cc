#include "http/multipart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <vector>

namespace lightbox::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Part {
  Fields fields;
  std::string content;
  bool operator==(const Part&) const = default;
};

// The parts of what comes in these pieces.
Result<std::vector<Part>> parts_of(const std::vector<std::string_view>& pieces,
                                   std::string_view boundary = "B",
                                   std::size_t headers_max = 1000) {
  MultipartReader reader(boundary, headers_max);
  std::vector<Part> parts;
  bool is_in_part = false;
  bool has_ended = false;
  for (std::string_view piece : pieces) {
    while (true) {
      TRY(const auto event, reader.next(piece));
      if (event == MultipartReader::Event::need_more) break;
      EXPECT_FALSE(has_ended);
      switch (event) {
        case MultipartReader::Event::part_begin:
          EXPECT_FALSE(is_in_part);
          is_in_part = true;
          parts.push_back({reader.fields(), ""});
          break;
        case MultipartReader::Event::content:
          EXPECT_TRUE(is_in_part);
          EXPECT_FALSE(reader.content().empty());
          parts.back().content += reader.content();
          break;
        case MultipartReader::Event::part_end:
          EXPECT_TRUE(is_in_part);
          is_in_part = false;
          break;
        case MultipartReader::Event::end:
          EXPECT_FALSE(is_in_part);
          has_ended = true;
          break;
        case MultipartReader::Event::need_more:
          break;
      }
    }
    EXPECT_TRUE(piece.empty());
  }
  TRY_DO(reader.finish());
  EXPECT_EQ(reader.parts_count(), parts.size());
  return parts;
}

std::string problem_of(std::string_view body, std::string_view boundary = "B") {
  const auto parts = parts_of({body}, boundary);
  return parts ? "none" : parts.error().issues.front().diagnostics;
}

TEST(Multipart, ReadsPartsSplitAnywhere) {
  struct Case {
    const char* name;
    std::string body;
    std::vector<Part> parts;
  };
  const std::string tricky = "\r\n--\r\n-\r\r\n--A\n--B\r\r\n\r\n";
  const std::vector<Case> cases = {
      {"one part", "--B\r\nA: b\r\n\r\nhello\r\n--B--\r\n", {{{{"A", "b"}}, "hello"}}},
      {"two parts, preamble and epilogue",
       "pre --B\r\namble\r\n--B\r\nA: b\r\nC:d \r\n\r\none\r\n--B\r\n\r\n\r\n--B--\r\n--B\r\nepi",
       {{{{"A", "b"}, {"C", "d"}}, "one"}, {{}, ""}}},
      {"a part without its own line break", "--B\r\nA: b\r\n\r\n--B--", {{{{"A", "b"}}, ""}}},
      {"content like a delimiter", "--B\r\n\r\n" + tricky + "\r\n--B--", {{{}, tricky}}},
      {"content that begins like one", "--B\r\n\r\n--A\r\n--B--", {{{}, "--A"}}},
      {"content of line breaks", "--B\r\n\r\n\r\n\r\n\r\n--B--", {{{}, "\r\n\r\n"}}},
      {"padding after the boundary",
       "--B \t \r\n\r\na\r\n--B\t\r\n\r\nb\r\n--B--",
       {{{}, "a"}, {{}, "b"}}},
      {"folded field", "--B\r\nA: b;\r\n  c=d\r\n\r\na\r\n--B--", {{{{"A", "b; c=d"}}, "a"}}},
      {"no part", "--B--", {}},
      {"an empty line first", "\r\n--B\r\n\r\na\r\n--B--", {{{}, "a"}}},
  };
  for (const auto& [name, body, parts] : cases) {
    const std::string_view text = body;
    const auto whole = parts_of({text});
    ASSERT_TRUE(whole) << name << ": " << whole.error().issues.front().diagnostics;
    EXPECT_EQ(*whole, parts) << name;
    for (std::size_t i = 0; i <= text.size(); ++i) {
      const auto split = parts_of({text.substr(0, i), text.substr(i)});
      ASSERT_TRUE(split) << name << " at " << i;
      EXPECT_EQ(*split, parts) << name << " at " << i;
    }
    std::vector<std::string_view> bytes;
    for (std::size_t i = 0; i < text.size(); ++i) bytes.push_back(text.substr(i, 1));
    const auto single = parts_of(bytes);
    ASSERT_TRUE(single) << name;
    EXPECT_EQ(*single, parts) << name;
  }
}

TEST(Multipart, TakesLineFeedsWhenTheFirstDelimiterDoes) {
  const std::string body = "--B\nA: b\n\nx\r\ny\n--B\n\n\n\n--B--\n";
  for (std::size_t i = 0; i <= body.size(); ++i) {
    const auto parts =
        parts_of({std::string_view(body).substr(0, i), std::string_view(body).substr(i)});
    ASSERT_TRUE(parts) << i;
    EXPECT_THAT(*parts, ElementsAre(Part{{{"A", "b"}}, "x\r\ny"}, Part{{}, "\n"})) << i;
  }
  // With CR LF, a line feed alone is content.
  const auto parts = parts_of({"--B\r\n\r\na\n--B--\r\n--B--"});
  ASSERT_TRUE(parts);
  EXPECT_THAT(*parts, ElementsAre(Part{{}, "a\n--B--"}));
}

TEST(Multipart, TellsWhatIsWrong) {
  EXPECT_THAT(problem_of("hello"), HasSubstr("no delimiter '--B'"));
  EXPECT_THAT(problem_of(""), HasSubstr("no delimiter"));
  EXPECT_THAT(problem_of("--B\r\n\r\nhello"), HasSubstr("after part 1 began, ends before"));
  EXPECT_THAT(problem_of("--B\r\n\r\nhello\r\n--B\r\n"), HasSubstr("ends before"));
  EXPECT_THAT(problem_of("--B\r\n\r\nhello\r\n--Bounds\r\n"), HasSubstr("neither a line break"));
  EXPECT_THAT(problem_of("--B\r\nno field\r\n\r\n"), HasSubstr("'no field'"));
  EXPECT_THAT(problem_of("--B\r\n folded\r\n\r\n"), HasSubstr("' folded'"));
  EXPECT_THAT(problem_of("--B\r\n: a\r\n\r\n"), HasSubstr("': a'"));
  const auto large = parts_of({"--B\r\nA: " + std::string(2000, 'a')});
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().kind, ProblemKind::header_too_large);
}

TEST(Multipart, KnowsBoundaries) {
  EXPECT_EQ(*boundary_of("gc0p4Jq0M2Yt08j34c0p"), "gc0p4Jq0M2Yt08j34c0p");
  EXPECT_EQ(*boundary_of("a b:c'()+_,-./=?"), "a b:c'()+_,-./=?");
  for (const std::string& bad : {std::string(), std::string(201, 'a'), std::string("a\r\nb")}) {
    EXPECT_FALSE(boundary_of(bad)) << bad;
  }
}

}  // namespace
}  // namespace lightbox::http
