#include "ingest/merge.h"

#include <algorithm>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fhir/json.h"
#include "ingest/merge_item.h"

namespace lightbox::ingest {
namespace {

using testing::ElementsAreArray;
using Kind = ClientEdit::Kind;

// Members of an ImagingStudy, after its type, with ' for ".
std::string resource(std::string_view members) {
  std::string json = "{'resourceType':'ImagingStudy'";
  if (!members.empty()) json += "," + std::string(members);
  json += "}";
  std::ranges::replace(json, '\'', '"');
  return json;
}

struct Case {
  std::string_view name;
  std::string_view base;
  std::string_view current;
  std::string_view next;
  std::string_view merged;
  std::vector<ClientEdit> edits = {};
};

void check(const Case& c, bool has_base = true) {
  SCOPED_TRACE(c.name);
  const std::string current = resource(c.current);
  const auto merged = merge_projection(has_base ? resource(c.base) : "", current, resource(c.next));
  ASSERT_TRUE(merged) << merged.error().issues[0].diagnostics;
  EXPECT_EQ(merged->json, resource(c.merged));
  EXPECT_THAT(merged->edits, ElementsAreArray(c.edits));
  EXPECT_EQ(merged->is_changed, merged->json != current);
  // What has been merged is merged: the next time nothing happens.
  const auto again = merge_projection(resource(c.next), merged->json, resource(c.next));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->json, merged->json);
  EXPECT_FALSE(again->is_changed);
}

TEST(MergeTest, ElementsByElement) {
  const Case cases[] = {
      {"nothing changed", "'description':'CT'", "'description':'CT'", "'description':'CT'",
       "'description':'CT'"},
      {"the mapping changes, adds and removes", "'description':'CT','status':'available'",
       "'description':'CT','status':'available'", "'description':'CT head','started':'2024-01-05'",
       "'description':'CT head','started':'2024-01-05'"},
      {"a client adds an element",
       "'description':'CT'",
       "'description':'CT','language':'de'",
       "'description':'CT head'",
       "'description':'CT head','language':'de'",
       {{"ImagingStudy.language", Kind::added}}},
      {"a client changes an element",
       "'description':'CT'",
       "'description':'CT of the head'",
       "'description':'CT'",
       "'description':'CT of the head'",
       {{"ImagingStudy.description", Kind::changed}}},
      {"a client and the mapping change the same element",
       "'description':'CT'",
       "'description':'CT of the head'",
       "'description':'CT neck'",
       "'description':'CT of the head'",
       {{"ImagingStudy.description", Kind::changed}}},
      {"both change it to the same", "'description':'CT'", "'description':'CT head'",
       "'description':'CT head'", "'description':'CT head'"},
      {"both add the same element, with other values",
       "",
       "'description':'client'",
       "'description':'mapping'",
       "'description':'client'",
       {{"ImagingStudy.description", Kind::changed}}},
      {"a client removes an element",
       "'description':'CT','status':'available'",
       "'status':'available'",
       "'description':'CT','status':'available'",
       "'status':'available'",
       {{"ImagingStudy.description", Kind::removed}}},
      {"a client removes an element that the mapping changes",
       "'description':'CT'",
       "",
       "'description':'CT head'",
       "",
       {{"ImagingStudy.description", Kind::removed}}},
      {"both remove it", "'description':'CT'", "", "", ""},
      {"the mapping removes what a client changed",
       "'description':'CT'",
       "'description':'client'",
       "",
       "'description':'client'",
       {{"ImagingStudy.description", Kind::changed}}},
      {"a client moves the study to another patient, whole",
       "'subject':{'reference':'Patient/1','display':'A'}",
       "'subject':{'reference':'Patient/2'}",
       "'subject':{'reference':'Patient/1','display':'B'}",
       "'subject':{'reference':'Patient/2'}",
       {{"ImagingStudy.subject", Kind::changed}}},
      {"the mapping moves it", "'subject':{'reference':'Patient/1'}",
       "'subject':{'reference':'Patient/1'}", "'subject':{'reference':'Patient/3'}",
       "'subject':{'reference':'Patient/3'}"},
      {"a client says more of the same reference, and the mapping renames it",
       "'subject':{'reference':'Patient/1','display':'A'}",
       "'subject':{'reference':'Patient/1','display':'A','type':'Patient'}",
       "'subject':{'reference':'Patient/1','display':'B'}",
       "'subject':{'reference':'Patient/1','display':'B','type':'Patient'}",
       {{"ImagingStudy.subject.type", Kind::added}}},
      {"a client changes a code without key in common",
       "'encounter':{'display':'A'}",
       "'encounter':{'display':'B'}",
       "'encounter':{'display':'C','type':'Encounter'}",
       "'encounter':{'display':'B'}",
       {{"ImagingStudy.encounter", Kind::changed}}},
      {"extensions of a primitive",
       "'description':'CT'",
       "'description':'CT','_description':{'id':'a'}",
       "'description':'CT head'",
       "'description':'CT head','_description':{'id':'a'}",
       {{"ImagingStudy._description", Kind::added}}},
      {"numbers are compared by value", "'numberOfSeries':1", "'numberOfSeries':1.0",
       "'numberOfSeries':2", "'numberOfSeries':2"},
  };
  for (const Case& c : cases) check(c);
}

TEST(MergeTest, ItemsOfLists) {
  const Case cases[] = {
      {"a client adds a note",
       "",
       "'note':[{'text':'mine'}]",
       "'description':'CT'",
       "'description':'CT','note':[{'text':'mine'}]",
       {{"ImagingStudy.note[0]", Kind::added}}},
      {"a client adds a note to one, and the mapping changes that",
       "'note':[{'text':'A'}]",
       "'note':[{'text':'A'},{'text':'mine'}]",
       "'note':[{'text':'B'}]",
       "'note':[{'text':'mine'},{'text':'B'}]",
       {{"ImagingStudy.note[0]", Kind::added}}},
      {"a client changes the interpreter",
       "'interpreter':[{'display':'A'}]",
       "'interpreter':[{'display':'A. Alison'}]",
       "'interpreter':[{'display':'A'}]",
       "'interpreter':[{'display':'A. Alison'}]",
       {{"ImagingStudy.interpreter[0]", Kind::added},
        {"ImagingStudy.interpreter[0]", Kind::removed}}},
      {"a client changes the interpreter, the mapping finds another",
       "'interpreter':[{'display':'A'}]",
       "'interpreter':[{'display':'A. Alison'}]",
       "'interpreter':[{'display':'B'}]",
       "'interpreter':[{'display':'A. Alison'},{'display':'B'}]",
       {{"ImagingStudy.interpreter[0]", Kind::added}}},
      {"a client removes all interpreters, the mapping finds a new one",
       "'interpreter':[{'display':'A'}]",
       "",
       "'interpreter':[{'display':'A'},{'display':'B'}]",
       "'interpreter':[{'display':'B'}]",
       {{"ImagingStudy.interpreter[0]", Kind::removed}}},
      {"a client adds an identifier before the mapping's",
       "'identifier':[{'system':'s','value':'1'}]",
       "'identifier':[{'value':'mine'},{'system':'s','value':'1'}]",
       "'identifier':[{'system':'s','value':'1'},{'system':'s','value':'2'}]",
       "'identifier':[{'value':'mine'},{'system':'s','value':'1'},{'system':'s','value':'2'}]",
       {{"ImagingStudy.identifier[0]", Kind::added}}},
      {"a client says more of an identifier, and so does the mapping",
       "'identifier':[{'system':'s','value':'1'}]",
       "'identifier':[{'system':'s','value':'1','use':'official'}]",
       "'identifier':[{'type':{'text':'T'},'system':'s','value':'1'}]",
       "'identifier':[{'type':{'text':'T'},'system':'s','value':'1','use':'official'}]",
       {{"ImagingStudy.identifier[0].use", Kind::added}}},
      {"a client removes an item",
       "'identifier':[{'value':'1'},{'value':'2'}]",
       "'identifier':[{'value':'2'}]",
       "'identifier':[{'value':'1'},{'value':'2'},{'value':'3'}]",
       "'identifier':[{'value':'2'},{'value':'3'}]",
       {{"ImagingStudy.identifier[0]", Kind::removed}}},
      {"the mapping removes an item", "'identifier':[{'value':'1'},{'value':'2'}]",
       "'identifier':[{'value':'1'},{'value':'2'}]", "'identifier':[{'value':'2'}]",
       "'identifier':[{'value':'2'}]"},
      {"the mapping removes a list, a client added to it",
       "'identifier':[{'value':'1'}]",
       "'identifier':[{'value':'1'},{'value':'mine'}]",
       "",
       "'identifier':[{'value':'mine'}]",
       {{"ImagingStudy.identifier[0]", Kind::added}}},
      {"the mapping removes an item that a client changed",
       "'identifier':[{'value':'1'}]",
       "'identifier':[{'value':'1','use':'old'}]",
       "",
       "'identifier':[{'value':'1','use':'old'}]",
       {{"ImagingStudy.identifier[0]", Kind::changed}}},
      {"a client adds what the mapping finds later", "", "'identifier':[{'value':'1'}]",
       "'identifier':[{'value':'1'}]", "'identifier':[{'value':'1'}]"},
      {"a modality's display, by its code",
       "'modality':[{'system':'D','code':'CT'}]",
       "'modality':[{'system':'D','code':'CT','display':'Mine'}]",
       "'modality':[{'system':'D','code':'MR'},{'system':'D','code':'CT'}]",
       "'modality':[{'system':'D','code':'MR'},{'system':'D','code':'CT','display':'Mine'}]",
       {{"ImagingStudy.modality[1].display", Kind::added}}},
      {"an endpoint, by its reference", "'endpoint':[{'reference':'Endpoint/1'}]",
       "'endpoint':[{'reference':'Endpoint/1'}]",
       "'endpoint':[{'reference':'Endpoint/1'},{'reference':'Endpoint/2'}]",
       "'endpoint':[{'reference':'Endpoint/1'},{'reference':'Endpoint/2'}]"},
      {"the order of an item's members does not matter",
       "'reasonCode':[{'text':'A','coding':[{'code':'1'}]}]",
       "'reasonCode':[{'coding':[{'code':'1'}],'text':'A'}]", "'reasonCode':[{'text':'B'}]",
       "'reasonCode':[{'text':'B'}]"},
      {"the same item twice", "'note':[{'text':'A'},{'text':'A'}]",
       "'note':[{'text':'A'},{'text':'A'}]", "'note':[{'text':'A'}]", "'note':[{'text':'A'}]"},
      {"lists of primitives",
       "'x':['a','b']",
       "'x':['a','b','mine']",
       "'x':['b','c']",
       "'x':['b','mine','c']",
       {{"ImagingStudy.x[1]", Kind::added}}},
      {"lists of primitives with extensions stay together",
       "'x':['a','b']",
       "'x':['a','b'],'_x':[null,{'id':'i'}]",
       "'x':['b']",
       "'x':['a','b'],'_x':[null,{'id':'i'}]",
       {{"ImagingStudy.x", Kind::changed}}},
  };
  for (const Case& c : cases) check(c);
}

TEST(MergeTest, SeriesAndInstances) {
  const Case cases[] = {
      {"a client edits a series, an instance arrives",
       "'series':[{'uid':'1','description':'A','instance':[{'uid':'1.1'}]}]",
       "'series':[{'uid':'1','description':'mine','instance':[{'uid':'1.1'}]}]",
       "'series':[{'uid':'1','description':'A','instance':[{'uid':'1.1'},{'uid':'1.2'}]}]",
       "'series':[{'uid':'1','description':'mine','instance':[{'uid':'1.1'},{'uid':'1.2'}]}]",
       {{"ImagingStudy.series[0].description", Kind::changed}}},
      {"a client adds a series of its own, another arrives",
       "'series':[{'uid':'1'},{'uid':'3'}]",
       "'series':[{'uid':'1'},{'uid':'9'},{'uid':'3'}]",
       "'series':[{'uid':'1'},{'uid':'2'},{'uid':'3'}]",
       "'series':[{'uid':'1'},{'uid':'9'},{'uid':'2'},{'uid':'3'}]",
       {{"ImagingStudy.series[1]", Kind::added}}},
      {"a series goes", "'series':[{'uid':'1'},{'uid':'2'}]", "'series':[{'uid':'1'},{'uid':'2'}]",
       "'series':[{'uid':'2'}]", "'series':[{'uid':'2'}]"},
      {"an instance that a client edited goes all the same",
       "'series':[{'uid':'1','instance':[{'uid':'1.1'},{'uid':'1.2','title':'A'}]}]",
       "'series':[{'uid':'1','instance':[{'uid':'1.1'},{'uid':'1.2','title':'mine'}]}]",
       "'series':[{'uid':'1','instance':[{'uid':'1.1'}]}]",
       "'series':[{'uid':'1','instance':[{'uid':'1.1'}]}]"},
      {"a client removes an instance, another arrives",
       "'series':[{'uid':'1','instance':[{'uid':'1.1'},{'uid':'1.2'}]}]",
       "'series':[{'uid':'1','instance':[{'uid':'1.2'}]}]",
       "'series':[{'uid':'1','instance':[{'uid':'1.1'},{'uid':'1.2'},{'uid':'1.3'}]}]",
       "'series':[{'uid':'1','instance':[{'uid':'1.2'},{'uid':'1.3'}]}]",
       {{"ImagingStudy.series[0].instance[0]", Kind::removed}}},
      {"series in another order", "'series':[{'uid':'1'},{'uid':'2'}]",
       "'series':[{'uid':'1'},{'uid':'2'}]", "'series':[{'uid':'2'},{'uid':'1'}]",
       "'series':[{'uid':'2'},{'uid':'1'}]"},
      {"a performer that a client adds to a series",
       "'series':[{'uid':'1','performer':[{'actor':{'display':'A'}}]}]",
       "'series':[{'uid':'1','performer':[{'actor':{'display':'A'}},{'actor':{'display':'me'}}]}]",
       "'series':[{'uid':'1','performer':[{'actor':{'display':'A'}}],'number':2}]",
       "'series':[{'uid':'1','performer':[{'actor':{'display':'A'}},{'actor':{'display':'me'}}],"
       "'number':2}]",
       {{"ImagingStudy.series[0].performer[1]", Kind::added}}},
  };
  for (const Case& c : cases) check(c);
}

TEST(MergeTest, AdoptionOfWhatAClientMade) {
  const Case cases[] = {
      {"what both have is the mapping's, all else the client's",
       "",
       "'status':'unknown','description':'mine','note':[{'text':'mine'}]",
       "'status':'available','numberOfSeries':1",
       "'status':'available','numberOfSeries':1,'description':'mine','note':[{'text':'mine'}]",
       {{"ImagingStudy.description", Kind::added}, {"ImagingStudy.note[0]", Kind::added}}},
      {"items that are the same are merged",
       "",
       "'identifier':[{'use':'official','system':'s','value':'1'},{'value':'mine'}]",
       "'identifier':[{'system':'s','value':'1'},{'value':'2'}]",
       "'identifier':[{'system':'s','value':'1','use':'official'},{'value':'mine'},{'value':'2'}]",
       {{"ImagingStudy.identifier[0].use", Kind::added},
        {"ImagingStudy.identifier[1]", Kind::added}}},
      {"another reference is the mapping's, whole", "",
       "'subject':{'reference':'Patient/mine','type':'Patient'}",
       "'subject':{'reference':'Patient/1'}", "'subject':{'reference':'Patient/1'}"},
      {"series of both",
       "",
       "'series':[{'uid':'1','description':'mine','endpoint':[{'reference':'E/1'}]},{'uid':'8'}]",
       "'series':[{'uid':'1','description':'A'},{'uid':'2'}]",
       "'series':[{'uid':'1','description':'A','endpoint':[{'reference':'E/1'}]},{'uid':'8'},"
       "{'uid':'2'}]",
       {{"ImagingStudy.series[0].endpoint[0]", Kind::added},
        {"ImagingStudy.series[1]", Kind::added}}},
  };
  for (const Case& c : cases) check(c, false);
}

TEST(MergeTest, MetaIsTheClients) {
  const std::string base = R"({"resourceType":"Patient","id":"1","gender":"male"})";
  const std::string current =
      R"({"resourceType":"Patient","id":"1","meta":{"versionId":"7","lastUpdated":"2024-01-01",)"
      R"("source":"#x","profile":["p"],"security":[{"code":"R"}],"tag":[{"code":"mine"}]},)"
      R"("gender":"male"})";
  const auto changed =
      merge_projection(base, current, R"({"resourceType":"Patient","gender":"female"})");
  ASSERT_TRUE(changed);
  EXPECT_TRUE(changed->is_changed);
  EXPECT_EQ(changed->json,
            R"({"resourceType":"Patient","meta":{"profile":["p"],"security":[{"code":"R"}],)"
            R"("tag":[{"code":"mine"}]},"gender":"female"})");
  const auto same =
      merge_projection(base, current, R"({"resourceType":"Patient","gender":"male"})");
  ASSERT_TRUE(same);
  EXPECT_FALSE(same->is_changed);
  EXPECT_EQ(same->json,
            R"({"resourceType":"Patient","meta":{"profile":["p"],"security":[{"code":"R"}],)"
            R"("tag":[{"code":"mine"}]},"gender":"male"})");
  const auto bare = merge_projection(
      base, R"({"resourceType":"Patient","id":"1","meta":{"versionId":"7"},"gender":"male"})",
      R"({"resourceType":"Patient","gender":"male"})");
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->json, R"({"resourceType":"Patient","gender":"male"})");
}

TEST(MergeTest, UnchangedKeepsTheClientsOrderOfMembers) {
  const auto merged =
      merge_projection(R"({"resourceType":"Patient","gender":"male","active":true})",
                       R"({"resourceType":"Patient","active":true,"gender":"male"})",
                       R"({"resourceType":"Patient","gender":"male","active":true})");
  ASSERT_TRUE(merged);
  EXPECT_FALSE(merged->is_changed);
  EXPECT_EQ(merged->json, R"({"resourceType":"Patient","active":true,"gender":"male"})");
}

TEST(MergeTest, WhatIsNoResourceIsRefused) {
  const std::string good = R"({"resourceType":"Patient"})";
  for (const std::string bad : {"", "[]", "1", "{", R"({"a":1,"a":2})"}) {
    if (!bad.empty()) {
      EXPECT_FALSE(merge_projection(bad, good, good)) << bad;
    }
    EXPECT_FALSE(merge_projection(good, bad, good)) << bad;
    EXPECT_FALSE(merge_projection(good, good, bad)) << bad;
  }
  EXPECT_EQ(merge_projection(good, "[]", good).error().kind, ProblemKind::invalid);
}

TEST(MergeTest, KeysOfItems) {
  const auto key = [](std::string_view text) { return item_key(*fhir::parse_json(text)->root()); };
  EXPECT_EQ(key(R"({"uid":"1.2","number":1})"), "u:1.2");
  EXPECT_EQ(key(R"({"reference":"Patient/1"})"), "r:Patient/1");
  EXPECT_EQ(key(R"({"system":"s","value":"v"})"), "i:s|v");
  EXPECT_EQ(key(R"({"system":"s","code":"c"})"), "c:s|c");
  EXPECT_EQ(key(R"({"b":1,"a":[1,"x"]})"), key(R"({"a":[1,"x"],"b":1})"));
  EXPECT_NE(key(R"({"b":1})"), key(R"({"b":"1"})"));
  EXPECT_EQ(item_keys(*fhir::parse_json(R"(["a","a","b"])")->root()),
            (std::vector<std::string>{"=\"a\"", "=\"a\"#1", "=\"b\""}));
}

std::string large(std::size_t instances, std::string_view title) {
  std::string json = R"({"resourceType":"ImagingStudy","series":[)";
  constexpr std::size_t a_series = 200;
  for (std::size_t i = 0; i < instances; ++i) {
    if (i % a_series == 0)
      json += fmt::format(R"({}{{"uid":"1.2.{}","instance":[)", i == 0 ? "" : "]},", i);
    json += fmt::format(
        R"({}{{"uid":"1.2.840.{}","sopClass":{{"system":"urn:ietf:rfc:3986","code":"urn:oid:1"}},)"
        R"("number":{},"title":"{}"}})",
        i % a_series == 0 ? "" : ",", i, i, title);
  }
  return json + "]}]}";
}

// What is quadratic in the instances does not end here in any test's time.
TEST(MergeTest, ALargeStudyIsMerged) {
  constexpr std::size_t instances = 100'000;
  const std::string base = large(instances, "A");
  std::string current = base;
  current.insert(current.size() - 1, R"(,"note":[{"text":"mine"}])");
  const std::string next = large(instances, "B");
  const auto merged = merge_projection(base, current, next);
  ASSERT_TRUE(merged);
  EXPECT_TRUE(merged->is_changed);
  EXPECT_EQ(merged->edits.size(), 1U);
  EXPECT_EQ(merged->json.size(), current.size());
}

}  // namespace
}  // namespace lightbox::ingest
