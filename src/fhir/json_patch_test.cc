// RFC 6902 and RFC 6901 as a table: a document, a patch, and what comes of it.

#include "fhir/json_patch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lightbox::fhir {
namespace {

using testing::HasSubstr;

Result<std::string> patched(std::string_view document, std::string_view patch,
                            const Limits& limits = {}) {
  auto patch_document = parse_json(patch);
  TRY(const auto operations, read_json_patch(*patch_document->root(), limits));
  TRY(const auto result, apply_json_patch(operations, *parse_json(document), limits));
  std::string text;
  write_json(*result.root(), text);
  return text;
}

struct Case {
  std::string_view name, document, patch, result;
};

TEST(JsonPatch, Applies) {
  const std::vector<Case> cases{
      {"nothing", R"({"a":1})", "[]", R"({"a":1})"},
      // add
      {"add a member", R"({"uid":"1.2"})", R"([{"op":"add","path":"/status","value":"final"}])",
       R"({"uid":"1.2","status":"final"})"},
      {"add in front of an item", R"({"series":[1,3]})",
       R"([{"op":"add","path":"/series/1","value":2}])", R"({"series":[1,2,3]})"},
      {"add at the front", R"([1])", R"([{"op":"add","path":"/0","value":0}])", "[0,1]"},
      {"add at the index past the end", R"([1])", R"([{"op":"add","path":"/1","value":2}])",
       "[1,2]"},
      {"add with -", R"({"a":["x"]})", R"([{"op":"add","path":"/a/-","value":["y","z"]}])",
       R"({"a":["x",["y","z"]]})"},
      {"add with - to an empty array", R"({"a":[]})", R"([{"op":"add","path":"/a/-","value":1}])",
       R"({"a":[1]})"},
      {"add replaces a member, in its place", R"({"a":1,"b":2})",
       R"([{"op":"add","path":"/a","value":null}])", R"({"a":null,"b":2})"},
      {"add replaces the document", R"({"a":1})", R"([{"op":"add","path":"","value":[1]}])", "[1]"},
      {"add an object within an object", R"({"a":{}})",
       R"([{"op":"add","path":"/a/b","value":{"c":{"d":1}}}])", R"({"a":{"b":{"c":{"d":1}}}})"},
      {"an object's member may be called -", R"({"a":{}})",
       R"([{"op":"add","path":"/a/-","value":1}])", R"({"a":{"-":1}})"},
      {"and 0, and 01", R"({"a":{}})",
       R"([{"op":"add","path":"/a/0","value":1},{"op":"add","path":"/a/01","value":2}])",
       R"({"a":{"0":1,"01":2}})"},
      {"unknown members are ignored", R"({})",
       R"([{"op":"add","path":"/a","value":1,"comment":"why","from":3}])", R"({"a":1})"},
      // remove
      {"remove a member", R"({"a":1,"b":2})", R"([{"op":"remove","path":"/a"}])", R"({"b":2})"},
      {"remove an item", "[1,2,3]", R"([{"op":"remove","path":"/1"}])", "[1,3]"},
      {"remove the last item", R"({"a":[1]})", R"([{"op":"remove","path":"/a/0"}])", R"({"a":[]})"},
      // replace
      {"replace a member", R"({"a":1,"b":2})", R"([{"op":"replace","path":"/b","value":{"c":3}}])",
       R"({"a":1,"b":{"c":3}})"},
      {"replace an item", "[1,2]", R"([{"op":"replace","path":"/0","value":9}])", "[9,2]"},
      {"replace the document", "[1]", R"([{"op":"replace","path":"","value":{"a":1}}])",
       R"({"a":1})"},
      // move
      {"move a member to another object", R"({"a":{"x":1,"y":2},"b":{"z":3}})",
       R"([{"op":"move","from":"/a/x","path":"/b/x"}])", R"({"a":{"y":2},"b":{"z":3,"x":1}})"},
      {"move an item back", R"(["a","b","c","d"])", R"([{"op":"move","from":"/1","path":"/3"}])",
       R"(["a","c","d","b"])"},
      {"move an item to the front", R"(["a","b","c"])",
       R"([{"op":"move","from":"/2","path":"/0"}])", R"(["c","a","b"])"},
      {"move to the end with -", R"(["a","b"])", R"([{"op":"move","from":"/0","path":"/-"}])",
       R"(["b","a"])"},
      {"move to where it is", R"({"a":1,"b":2})", R"([{"op":"move","from":"/a","path":"/a"}])",
       R"({"a":1,"b":2})"},
      {"move out of an array", R"({"a":[{"b":1}]})",
       R"([{"op":"move","from":"/a/0/b","path":"/c"}])", R"({"a":[{}],"c":1})"},
      {"move a child over the document", R"({"a":{"b":1}})",
       R"([{"op":"move","from":"/a","path":""}])", R"({"b":1})"},
      {"a name that only begins alike is no child", R"({"a":1,"ab":{}})",
       R"([{"op":"move","from":"/a","path":"/ab/c"}])", R"({"ab":{"c":1}})"},
      // copy
      {"copy", R"({"a":{"b":[1]}})", R"([{"op":"copy","from":"/a/b","path":"/c"}])",
       R"({"a":{"b":[1]},"c":[1]})"},
      {"a copy is its own", R"({"a":{"b":1}})",
       R"([{"op":"copy","from":"/a","path":"/c"},{"op":"replace","path":"/c/b","value":2}])",
       R"({"a":{"b":1},"c":{"b":2}})"},
      {"copy the document into itself", R"({"a":1})", R"([{"op":"copy","from":"","path":"/b"}])",
       R"({"a":1,"b":{"a":1}})"},
      // test
      {"test of a string", R"({"a":"x"})", R"([{"op":"test","path":"/a","value":"x"}])",
       R"({"a":"x"})"},
      {"test compares numbers by value", R"({"a":[1.0,1e2,-0.0,0.10]})",
       R"([{"op":"test","path":"/a","value":[1,100,0,1e-1]}])", R"({"a":[1.0,1e2,-0.0,0.10]})"},
      {"test of large numbers", "[123456789012345678901234567890.5]",
       R"([{"op":"test","path":"/0","value":123456789012345678901234567890.50}])",
       "[123456789012345678901234567890.5]"},
      {"test whatever the order of members", R"({"a":{"x":1,"y":[{"p":null,"q":true}]}})",
       R"([{"op":"test","path":"/a","value":{"y":[{"q":true,"p":null}],"x":1}}])",
       R"({"a":{"x":1,"y":[{"p":null,"q":true}]}})"},
      {"test of the document", R"({"a":1})", R"([{"op":"test","path":"","value":{"a":1}}])",
       R"({"a":1})"},
      {"test of null", R"({"a":null})", R"([{"op":"test","path":"/a","value":null}])",
       R"({"a":null})"},
      // pointers
      {"~1 and ~0", R"({"a/b":1,"m~n":2,"~1":3})",
       R"([{"op":"test","path":"/a~1b","value":1},{"op":"test","path":"/m~0n","value":2},)"
       R"({"op":"test","path":"/~01","value":3}])",
       R"({"a/b":1,"m~n":2,"~1":3})"},
      {"the empty name", R"({"":{"":1}})", R"([{"op":"replace","path":"//","value":2}])",
       R"({"":{"":2}})"},
      {"a name with a space and a quote", R"({"a \"b":1})", R"([{"op":"remove","path":"/a \"b"}])",
       "{}"},
      // texts
      {"decimals keep their text", R"({"value":1.50})",
       R"([{"op":"add","path":"/low","value":0.10},{"op":"copy","from":"/value","path":"/high"}])",
       R"({"value":1.50,"low":0.10,"high":1.50})"},
      {"operations see what came before", R"({"a":[]})",
       R"([{"op":"add","path":"/a/-","value":{"b":1}},{"op":"replace","path":"/a/0/b","value":2},)"
       R"({"op":"test","path":"/a/0/b","value":2},{"op":"move","from":"/a/0","path":"/c"}])",
       R"({"a":[],"c":{"b":2}})"},
  };
  for (const Case& test : cases) {
    const auto result = patched(test.document, test.patch);
    EXPECT_EQ(result ? *result : result.error().issues.front().diagnostics, test.result)
        << test.name;
  }
}

TEST(JsonPatch, FailsAndSaysWhy) {
  const std::vector<Case> cases{
      {"add below nothing", R"({"a":1})", R"([{"op":"add","path":"/b/c","value":1}])",
       R"(the document has no member "b")"},
      {"add below a scalar", R"({"a":1})", R"([{"op":"add","path":"/a/b","value":1}])",
       "/a is 1: there is nothing in it"},
      {"add too far behind the end", R"({"a":[1]})", R"([{"op":"add","path":"/a/2","value":1}])",
       "/a has 1 items, so there is no 2"},
      {"a leading zero", "[1,2]", R"([{"op":"replace","path":"/01","value":1}])",
       R"(without leading zeros, or -, not "01")"},
      {"an index below zero", "[1,2]", R"([{"op":"remove","path":"/-1"}])", R"(not "-1")"},
      {"an index beyond all numbers", "[1]",
       R"([{"op":"remove","path":"/99999999999999999999999"}])", "expected an index"},
      {"a name for an index", R"({"a":[{"b":1}]})", R"([{"op":"remove","path":"/a/b"}])",
       R"(/a is an array: expected an index without leading zeros, or -, not "b")"},
      {"- is no item", "[1]", R"([{"op":"remove","path":"/-"}])", "so there is no -"},
      {"remove nothing", R"({"a":1})", R"([{"op":"remove","path":"/b"}])", R"(no member "b")"},
      {"remove the document", R"({"a":1})", R"([{"op":"remove","path":""}])",
       "the whole document cannot be removed"},
      {"replace nothing", R"({"a":{}})", R"([{"op":"replace","path":"/a/b","value":1}])",
       R"(/a has no member "b")"},
      {"replace behind the end", "[1]", R"([{"op":"replace","path":"/1","value":1}])",
       "so there is no 1"},
      {"move nothing", R"({"a":1})", R"([{"op":"move","from":"/b","path":"/c"}])",
       R"((move "/b" to "/c") fails: the document has no member "b")"},
      {"move into its own child", R"({"a":{"b":{}}})",
       R"([{"op":"move","from":"/a","path":"/a/b/c"}])", "/a cannot be moved into its own child"},
      {"move the document into itself", R"({"a":1})", R"([{"op":"move","from":"","path":"/b"}])",
       "into its own child"},
      {"copy nothing", "{}", R"([{"op":"copy","from":"/b","path":"/c"}])", R"(no member "b")"},
      {"test of another value", R"({"a":"x"})", R"([{"op":"test","path":"/a","value":"y"}])",
       R"(it is "x", not "y")"},
      {"test of a number and a string", R"({"a":10})",
       R"([{"op":"test","path":"/a","value":"10"}])", R"(it is 10, not "10")"},
      {"test of nothing", "{}", R"([{"op":"test","path":"/a","value":null}])", R"(no member "a")"},
      {"test of a longer array", "[[1]]", R"([{"op":"test","path":"/0","value":[1,2]}])",
       "it is an array, not an array"},
      {"test of an object with another name", R"([{"a":1}])",
       R"([{"op":"test","path":"/0","value":{"b":1}}])", "it is an object"},
      {"the second operation", R"({"a":1})",
       R"([{"op":"remove","path":"/a"},{"op":"remove","path":"/a"}])",
       R"(Operation 1 of the patch (remove "/a") fails)"},
  };
  for (const Case& test : cases) {
    const auto result = patched(test.document, test.patch);
    ASSERT_FALSE(result) << test.name << ": " << *result;
    EXPECT_EQ(result.error().kind, ProblemKind::unprocessable) << test.name;
    EXPECT_THAT(result.error().issues.front().diagnostics, HasSubstr(test.result)) << test.name;
  }
}

TEST(JsonPatch, RefusesWhatIsMalformed) {
  const std::vector<Case> cases{
      {"no array", "", R"({"op":"remove","path":"/a"})", "an array of operations (RFC 6902), not"},
      {"no object", "", R"(["remove"])", "Operation 0 of the patch: expected an object"},
      {"no op", "", R"([{"path":"/a"}])", "its op is missing: expected add, remove"},
      {"an unknown op", "", R"([{"op":"delete","path":"/a"}])", R"(its op is "delete")"},
      {"op in capitals", "", R"([{"op":"ADD","path":"/a","value":1}])", R"(its op is "ADD")"},
      {"no path", "", R"([{"op":"remove"}])", "its path is missing"},
      {"a path that is no string", "", R"([{"op":"remove","path":1}])", "its path is a number"},
      {"a path without a slash", "", R"([{"op":"remove","path":"a"}])", R"(its path is "a")"},
      {"a bad escape", "", R"([{"op":"remove","path":"/a~2"}])", "~ is written ~0"},
      {"an escape at the end", "", R"([{"op":"remove","path":"/a~"}])", "~ is written ~0"},
      {"no value", "", R"([{"op":"add","path":"/a"}])", "its value is missing"},
      {"no from", "", R"([{"op":"copy","path":"/a"}])", "its from is missing"},
  };
  for (const Case& test : cases) {
    const auto result = patched("{}", test.patch);
    ASSERT_FALSE(result) << test.name;
    EXPECT_EQ(result.error().kind, ProblemKind::invalid) << test.name;
    EXPECT_THAT(result.error().issues.front().diagnostics, HasSubstr(test.result)) << test.name;
  }
}

TEST(JsonPatch, ListsEveryMalformedOperation) {
  const auto result =
      patched("{}", R"([{"op":"x","path":"a"},{"op":"test","path":"","value":1},{}])");
  ASSERT_FALSE(result);
  ASSERT_EQ(result.error().issues.size(), 2);
  EXPECT_THAT(result.error().issues[0].diagnostics, HasSubstr(R"(its op is "x")"));
  EXPECT_THAT(result.error().issues[0].diagnostics, HasSubstr(R"(its path is "a")"));
  EXPECT_THAT(result.error().issues[1].diagnostics, HasSubstr("Operation 2"));
}

TEST(JsonPatch, NamesTheElementOfAResource) {
  const auto result = patched(R"({"resourceType":"Patient","name":[{"given":["A"]}]})",
                              R"([{"op":"replace","path":"/name/0/given/3","value":"B"}])");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().issues.front().expression, "Patient.name[0].given[3]");
}

TEST(JsonPatch, IsBounded) {
  // Each copy doubles the document.
  std::string doubling = "[";
  for (int i = 0; i < 40; ++i) {
    doubling += (i > 0 ? "," : "") + std::string(R"({"op":"copy","from":"/a","path":"/a/-"})");
  }
  doubling += "]";
  Limits limits;
  limits.json_depth_max = 10;
  EXPECT_THAT(patched(R"({"a":[1]})", doubling, limits).error().issues.front().diagnostics,
              HasSubstr("json_depth_max"));
  limits.json_depth_max = 64;
  EXPECT_THAT(patched(R"({"a":[1]})", doubling, limits).error().issues.front().diagnostics,
              HasSubstr("json_nodes_max"));
  limits.body_bytes_max = 2'000;
  const std::string large = R"({"a":[")" + std::string(1'000, 'x') + R"("]})";
  EXPECT_THAT(patched(large, doubling, limits).error().issues.front().diagnostics,
              HasSubstr("body_bytes_max"));
  limits.patch_steps_max = 10;
  EXPECT_THAT(patched(R"({"a":[1]})", doubling, limits).error().issues.front().diagnostics,
              HasSubstr("patch_steps_max"));
  limits.patch_operations_max = 39;
  const auto refused = patched(R"({"a":[1]})", doubling, limits);
  EXPECT_EQ(refused.error().kind, ProblemKind::invalid);
  EXPECT_THAT(refused.error().issues.front().diagnostics, HasSubstr("patch_operations_max"));
}

}  // namespace
}  // namespace lightbox::fhir
