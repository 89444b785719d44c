#include "http/message.h"

#include <gtest/gtest.h>
#include <optional>

#include "http/text.h"

namespace lightbox::http {
namespace {

TEST(Message, FieldsAreFoundInAnyCaseAndJoined) {
  Request request;
  request.fields = {{"Accept", "a"}, {"If-None-Match", "\"1\""}, {"ACCEPT", "b"}};
  EXPECT_EQ(request.field("accept"), "a");
  EXPECT_EQ(request.field("If-Match"), "");
  EXPECT_EQ(request.field_list("Accept"), "a, b");
  EXPECT_EQ(request.field_list("Prefer"), "");
}

TEST(Message, PathSegmentsAreDecoded) {
  struct Case {
    std::string_view encoded;
    std::optional<std::string> decoded;
  };
  using namespace std::string_literals;
  const Case cases[] = {
      {"", ""s},
      {"abc", "abc"s},
      {"a%2Fb", "a/b"s},
      {"a+b", "a+b"s},
      {"%41%62", "Ab"s},
      {"%c3%A4", "\u00e4"s},
      {"%F0%9F%A9%BB", "\U0001FA7B"s},
      {"1.2.840%7C3", "1.2.840|3"s},
      {"%", std::nullopt},
      {"%4", std::nullopt},
      {"%4g", std::nullopt},
      {"%00", std::nullopt},
      {"%ff", std::nullopt},
      {"%C0%80", std::nullopt},        // an overlong NUL
      {"%ED%A0%80", std::nullopt},     // a surrogate
      {"%F4%90%80%80", std::nullopt},  // beyond U+10FFFF
      {"%E2%82", std::nullopt},        // cut short
  };
  for (const Case& c : cases) {
    const auto decoded = decode_path_segment(c.encoded);
    ASSERT_EQ(decoded.has_value(), c.decoded.has_value()) << c.encoded;
    if (decoded) {
      EXPECT_EQ(*decoded, *c.decoded);
    } else {
      EXPECT_EQ(decoded.error().kind, ProblemKind::invalid) << c.encoded;
    }
  }
}

TEST(Message, FormsAreDecodedInOrder) {
  const auto form = decode_form("a=1&&b=x+y%2B&c&=d&a=2%26&e==&");
  ASSERT_TRUE(form);
  const Parameters expected = {{"a", "1"}, {"b", "x y+"}, {"c", ""},
                               {"", "d"},  {"a", "2&"},   {"e", "="}};
  EXPECT_EQ(*form, expected);
  EXPECT_TRUE(decode_form("")->empty());
  EXPECT_FALSE(decode_form("a=%zz"));
  EXPECT_FALSE(decode_form("%=1"));
}

TEST(Message, EncodingSurvivesDecoding) {
  const std::string all = "a b&c=d+e%|/:\"\u00e4#?<>";
  std::string encoded = "v=";
  append_encoded(all, encoded);
  const auto form = decode_form(encoded);
  ASSERT_TRUE(form);
  const Parameters expected = {{"v", all}};
  EXPECT_EQ(*form, expected);
  std::string readable;
  append_encoded("http://x/Patient/1,2024-01-01T00:00:00", readable);
  EXPECT_EQ(readable, "http://x/Patient/1,2024-01-01T00:00:00");
}

TEST(Text, ListsAndTokens) {
  std::string_view rest = " a , b,,c ";
  EXPECT_EQ(take_until(',', rest), "a");
  EXPECT_EQ(take_until(',', rest), "b");
  EXPECT_EQ(take_until(',', rest), "");
  EXPECT_EQ(take_until(',', rest), "c");
  EXPECT_TRUE(rest.empty());
  EXPECT_TRUE(list_has("Accept, accept-ENCODING", "Accept-Encoding"));
  EXPECT_FALSE(list_has("Accept-Encodings", "Accept-Encoding"));
}

}  // namespace
}  // namespace lightbox::http
