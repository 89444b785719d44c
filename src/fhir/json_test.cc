#include "fhir/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace lightbox::fhir {
namespace {

using testing::HasSubstr;

std::string rewritten(std::string_view text, JsonStyle style = JsonStyle::compact) {
  auto document = parse_json(text);
  if (!document) return "refused: " + document.error().issues.front().diagnostics;
  std::string out;
  write_json(*document->root(), out, style);
  return out;
}

struct Accepted {
  std::string_view name, text, compact;
};

TEST(Json, AcceptsAndWritesBack) {
  const std::vector<Accepted> cases{
      {"number text is kept", "[1.00, -0, 1e5, 1E+05, 0.10e-3, 123456789012345678901234567890.5]",
       "[1.00,-0,1e5,1E+05,0.10e-3,123456789012345678901234567890.5]"},
      {"atoms", " [ true , false , null ] ", "[true,false,null]"},
      {"empty containers", "{\"a\":[],\"b\":{},\"c\":[[],[{}]]}",
       "{\"a\":[],\"b\":{},\"c\":[[],[{}]]}"},
      {"order of members", R"({"b":1,"a":2,"C":3})", R"({"b":1,"a":2,"C":3})"},
      {"escapes", R"(["\"\\\/\b\f\n\r\t\u0041\u00e4\u20AC\ud83d\ude00\u0001"])",
       "[\"\\\"\\\\/\\b\\f\\n\\r\\tA\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\\u0001\"]"},
      {"escaped NUL", R"(["a\u0000b"])", R"(["a\u0000b"])"},
      {"escaped key", R"({"\u0061":1})", R"({"a":1})"},
      {"byte order mark", "\xEF\xBB\xBF{}", "{}"},
      {"scalars at the top", "\"x\"", "\"x\""},
      {"number at the top", " 1.50\n", "1.50"},
      {"white space in a string", "[\"a b \"   ]", "[\"a b \"]"},
      {"empty key", R"({"":0})", R"({"":0})"},
      {"delete and U+2028 stay", "[\"\x7f\xE2\x80\xA8\"]", "[\"\x7f\xE2\x80\xA8\"]"},
  };
  for (const Accepted& each : cases) {
    SCOPED_TRACE(each.name);
    EXPECT_EQ(rewritten(each.text), each.compact);
  }
}

struct Refused {
  std::string_view name, text, says;
};

TEST(Json, RefusesWithLineAndColumn) {
  const std::vector<Refused> cases{
      {"nothing", "", "empty"},
      {"white space", " \n ", "line 2, column 2: expected a value"},
      {"byte order mark alone", "\xEF\xBB\xBF", "empty"},
      {"trailing content", "{} {}", "line 1, column 4: expected the end"},
      {"trailing bracket", "{}}", "line 1, column 3: expected the end"},
      {"trailing atom", "1 2", "line 1, column 3: expected the end"},
      {"missing comma", "{\"a\":1\n \"b\":2}", "line 2, column 2: expected ',' or '}'"},
      {"missing comma in array", "[1 2]", "line 1, column 4: expected ',' or ']'"},
      {"trailing comma", R"({"a":1,})", "line 1, column 8: expected a member name"},
      {"trailing comma in array", "[1,]", "line 1, column 4: expected a value"},
      {"leading comma", "[,1]", "line 1, column 2: expected a value"},
      {"missing colon", R"({"a" 1})", "line 1, column 6: expected ':'"},
      {"missing value", R"({"a":})", "line 1, column 6: expected a value"},
      {"key without quotes", "{a:1}", "line 1, column 2: expected a member name"},
      {"single quotes", "{'a':1}", "expected a member name"},
      {"wrong bracket", "[1}", "line 1, column 3: expected ',' or ']' after an item, found '}'"},
      {"open object", R"({"a":1)", "line 1, column 7: expected ',' or '}': an object is not"},
      {"open array", "[1,", "an array is not closed"},
      {"open string", "[\"abc]", "line 1, column 2: a string is not closed"},
      {"escaped end", R"(["abc\"])", "line 1, column 2: a string is not closed"},
      {"line feed in a string", "[\"a\nb\"]", "line 1, column 4: a control character"},
      {"unknown escape", R"(["a\x"])", "line 1, column 4: not an escape"},
      {"short escape", R"(["\u12"])", "four hexadecimal digits"},
      {"bad hexadecimal", R"(["\u12g4"])", "four hexadecimal digits"},
      {"lone high surrogate", R"(["\ud800"])", "half of a surrogate pair"},
      {"high surrogate and text", R"(["\ud800abcdef"])", "half of a surrogate pair"},
      {"two high surrogates", R"(["\ud800\ud800"])", "half of a surrogate pair"},
      {"lone low surrogate", R"(["\udc00"])", "half of a surrogate pair"},
      {"bad escape in key", R"({"\q":1})", "not an escape"},
      {"not UTF-8", "[\"ab\xFF\"]", "line 1, column 5: the text is not valid UTF-8"},
      {"overlong UTF-8", "[\"\xC0\xAF\"]", "not valid UTF-8"},
      {"surrogate in UTF-8", "[\"\xED\xA0\x80\"]", "not valid UTF-8"},
      {"cut UTF-8", "[\"\xE2\x82\"]", "not valid UTF-8"},
      {"column counts characters", "[\"\xC3\xA4\xE2\x82\xAC\" x]", "line 1, column 7"},
      {"leading zero", "[01]", "not a number"},
      {"leading plus", "[+1]", "expected a value"},
      {"leading point", "[.5]", "expected a value"},
      {"trailing point", "[1.]", "not a number"},
      {"no exponent", "[1e]", "not a number"},
      {"minus alone", "[-]", "not a number"},
      {"hexadecimal", "[0x10]", "not a number"},
      {"number and text", "[1\"a\"]", "not a number"},
      {"NaN", "[NaN]", "expected a value"},
      {"long true", "[truex]", "expected a value"},
      {"capital", "[True]", "expected a value"},
      {"string and text", "[\"a\"b]", "expected ',' or ']'"},
      {"two strings", "[\"a\"\"b\"]", "expected ',' or ']'"},
      {"comment", "[1, // one\n 2]", "expected a value"},
      {"NUL", std::string_view("[\0]", 3), "expected a value"},
      {"form feed as white space", "[\f1]", "expected a value"},
  };
  for (const Refused& each : cases) {
    SCOPED_TRACE(each.name);
    const auto document = parse_json(each.text);
    ASSERT_FALSE(document);
    EXPECT_EQ(document.error().kind, ProblemKind::invalid);
    EXPECT_EQ(document.error().issues.front().code, "structure");
    EXPECT_THAT(document.error().issues.front().diagnostics, HasSubstr(std::string(each.says)));
  }
}

TEST(Json, ReportsEveryDuplicateKeyWithItsPath) {
  const auto document = parse_json(
      "{\"resourceType\":\"ImagingStudy\",\"status\":\"available\",\n"
      "\"series\":[{},{},{\"uid\":\"1\",\"uid\":\"2\"}],\n"
      " \"status\":\"x\",\"st\\u0061tus\":3}");
  ASSERT_FALSE(document);
  std::vector<std::string> expressions;
  for (const Issue& issue : document.error().issues) expressions.push_back(issue.expression);
  EXPECT_THAT(expressions, testing::ElementsAre("ImagingStudy.series[2].uid", "ImagingStudy.status",
                                                "ImagingStudy.status"));
  EXPECT_THAT(document.error().issues[1].diagnostics,
              HasSubstr("\"status\" is there more than once, again at line 3, column 2"));
}

TEST(Json, SaysWhereInListsOfListsADuplicateIs) {
  const auto document = parse_json(R"([[{"a":1}],[{},{"b":[{"a":1,"a":2}]}]])");
  ASSERT_FALSE(document);
  EXPECT_EQ(document.error().issues.front().expression, "[1][1].b[0].a");
}

TEST(Json, LongNamesDoNotComeBackInFull) {
  const std::string name(100'000, 'k');
  std::string text = "{\"" + name + "\":{\"a\":0";
  for (int i = 0; i < 200; ++i) text += ",\"a\":1";
  const auto document = parse_json(text + "}}", {.issues_max = 50});
  ASSERT_FALSE(document);
  EXPECT_EQ(document.error().issues.size(), 51U);
  EXPECT_EQ(document.error().issues.front().expression, name.substr(0, 64) + "….a");
  EXPECT_THAT(document.error().issues.back().diagnostics, HasSubstr("150 more"));
}

TEST(Json, FindsADuplicateAmongVeryManyKeys) {
  std::string text = "{";
  for (int i = 0; i < 5000; ++i) text += "\"key" + std::to_string(i) + "\":0,";
  EXPECT_TRUE(parse_json(text + "\"last\":0}"));
  const auto document = parse_json(text + "\"key77\":0}");
  ASSERT_FALSE(document);
  EXPECT_EQ(document.error().issues.front().expression, "key77");
}

TEST(Json, LimitsDepthAndValues) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  const Limits limits{.json_depth_max = 8, .json_nodes_max = 10};
  EXPECT_TRUE(parse_json(nested(8), limits));
  const auto deep = parse_json(nested(9), limits);
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error().issues.front().code, "too-long");
  EXPECT_THAT(deep.error().issues.front().diagnostics, HasSubstr("json_depth_max"));
  EXPECT_TRUE(parse_json("[1,2,3,4,5,6,7,8,9]", limits));
  const auto many = parse_json("[1,2,3,4,5,6,7,8,9,10]", limits);
  ASSERT_FALSE(many);
  EXPECT_EQ(many.error().issues.front().code, "too-costly");
  EXPECT_FALSE(parse_json(nested(1'000'000)));
  for (std::size_t depth = 1; depth < 100; ++depth) {  // unclosed: the most nodes for the tokens
    EXPECT_FALSE(parse_json(std::string(depth, '[')));
    EXPECT_FALSE(parse_json(std::string(depth, '[') + "1,[2,3"));
    EXPECT_EQ(parse_json(nested(depth)).has_value(), depth <= Limits{}.json_depth_max);
  }
}

// Each bracket is a node, and nothing else is there: the nodes' memory must be for these, too.
TEST(ParseJson, BracketsLeftOpenAreRefused) {
  for (std::size_t count = 1; count < 200; ++count) {
    for (const char* opening : {"[", "{\"a\":", "[1,["}) {
      std::string text;
      for (std::size_t i = 0; i < count; ++i) text += opening;
      EXPECT_FALSE(parse_json(text).has_value()) << text;
      EXPECT_FALSE(parse_json(text + "1").has_value()) << text;
    }
  }
}

TEST(Json, LargeTextsOutliveTheNextParse) {
  std::string text = "[";
  for (int i = 0; i < 200'000; ++i) text += "{\"a\":\"" + std::to_string(i) + "\"},";
  text += "\"end\"]";
  auto large = parse_json(text);
  ASSERT_TRUE(large);
  ASSERT_TRUE(parse_json("[1]"));
  std::string out;
  write_json(*large->root(), out);
  EXPECT_EQ(out, text);
  EXPECT_EQ(large->root()->size, 200'001U);
}

TEST(Json, FindsMembers) {
  auto document = parse_json(R"({"a":"x","n":1,"o":{"a":"y"}})");
  ASSERT_TRUE(document);
  const Json& root = *document->root();
  EXPECT_EQ(root.string("a"), "x");
  EXPECT_EQ(root.string("n"), "");
  EXPECT_EQ(root.find("o")->string("a"), "y");
  EXPECT_EQ(root.find("b"), nullptr);
  EXPECT_EQ(root.find("a")->find("a"), nullptr);
}

TEST(Json, CanBeMade) {
  JsonDocument document;
  Json* root = document.make(Json::Kind::object);
  JsonDocument::append(*root, document.make(Json::Kind::string, "a", document.copy("x\ny")));
  Json* list = document.make(Json::Kind::array, "l");
  JsonDocument::append(*list, document.make(Json::Kind::number, {}, "1.0"));
  JsonDocument::append(*list, document.make(Json::Kind::null));
  JsonDocument::append(*root, list);
  document.set_root(root);
  std::string out;
  write_json(*document.root(), out);
  EXPECT_EQ(out, R"({"a":"x\ny","l":[1.0,null]})");
}

TEST(Json, PrettyIsTheSameFromTreeAndFromText) {
  const std::string compact =
      R"({"a":[1,{"b":"{[,:\"]}\\"},[],{}],"c":{"d":[]},"e":"\n","f":true,"g":[[0]]})";
  const std::string pretty = rewritten(compact, JsonStyle::pretty);
  EXPECT_EQ(prettify_json(compact), pretty);
  EXPECT_EQ(rewritten(pretty), compact);
  EXPECT_THAT(pretty, HasSubstr("{\n  \"a\": [\n    1,\n    {\n      \"b\": "));
  EXPECT_EQ(prettify_json("{}"), "{}");
}

}  // namespace
}  // namespace lightbox::fhir
