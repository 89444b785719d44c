#include "fhir/rewrite.h"

#include <gmock/gmock.h>

namespace lightbox::fhir {
namespace {

// The resource's JSON after each URL that is "urn:x" was replaced by "Patient/1".
std::string rewritten(std::string_view json) {
  auto document = parse_json(json);
  if (!document) throw std::runtime_error(document.error().issues[0].diagnostics);
  const auto edits = rewrite_urls(
      *document, *document->root(), [&](const FoundUrl& url) -> std::optional<std::string> {
        return url.text == "urn:x" ? std::optional<std::string>("Patient/1") : std::nullopt;
      });
  std::string text;
  write_json(*document->root(), text);
  // Undone, it is as before.
  for (const UrlEdit& edit : edits) edit.value->text = edit.before;
  std::string before;
  write_json(*document->root(), before);
  EXPECT_EQ(before, json);
  return text;
}

struct Case {
  std::string_view what;
  std::string_view before;
  std::string_view after;
};

TEST(RewriteTest, ReplacesWhereR4SaysSo) {
  const Case cases[] = {
      {"a Reference", R"({"resourceType":"ImagingStudy","subject":{"reference":"urn:x"}})",
       R"({"resourceType":"ImagingStudy","subject":{"reference":"Patient/1"}})"},
      {"a list of them", R"({"resourceType":"ImagingStudy","endpoint":[{"reference":"urn:x"},{}]})",
       R"({"resourceType":"ImagingStudy","endpoint":[{"reference":"Patient/1"},{}]})"},
      {"a choice",
       R"({"resourceType":"Observation","extension":[{"valueReference":{"reference":"urn:x"}}]})",
       R"({"resourceType":"Observation","extension":[{"valueReference":{"reference":"Patient/1"}}]})"},
      {"a url", R"({"resourceType":"Endpoint","address":"urn:x"})",
       R"({"resourceType":"Endpoint","address":"Patient/1"})"},
      {"a oid and a uuid",
       R"({"resourceType":"Basic","extension":[{"valueOid":"urn:x"},{"valueUuid":"urn:x"}]})",
       R"({"resourceType":"Basic","extension":[{"valueOid":"Patient/1"},{"valueUuid":"Patient/1"}]})"},
      {"a content reference",
       R"({"resourceType":"Questionnaire","item":[{"item":[{"item":[{"definition":"urn:x"}]}]}]})",
       R"({"resourceType":"Questionnaire","item":[{"item":[{"item":[{"definition":"Patient/1"}]}]}]})"},
      {"a contained resource",
       R"({"resourceType":"Basic","contained":[{"resourceType":"Basic","subject":{"reference":"urn:x"}}]})",
       R"({"resourceType":"Basic","contained":[{"resourceType":"Basic","subject":{"reference":"Patient/1"}}]})"},
      {"an extension of a primitive",
       R"({"resourceType":"Patient","_gender":{"extension":[{"valueUri":"urn:x"}]}})",
       R"({"resourceType":"Patient","_gender":{"extension":[{"valueUri":"Patient/1"}]}})"},
      {"one of several primitives",
       R"({"resourceType":"Patient","name":[{"given":["a",null],"_given":[null,{"extension":[{"valueUri":"urn:x"}]}]}]})",
       R"({"resourceType":"Patient","name":[{"given":["a",null],"_given":[null,{"extension":[{"valueUri":"Patient/1"}]}]}]})"},
      {"not a string", R"({"resourceType":"Patient","name":[{"text":"urn:x"}]})",
       R"({"resourceType":"Patient","name":[{"text":"urn:x"}]})"},
      {"not a canonical", R"({"resourceType":"Patient","meta":{"profile":["urn:x"]}})",
       R"({"resourceType":"Patient","meta":{"profile":["urn:x"]}})"},
      {"not a nested Bundle", R"({"resourceType":"Bundle","entry":[{"fullUrl":"urn:x"}]})",
       R"({"resourceType":"Bundle","entry":[{"fullUrl":"urn:x"}]})"},
  };
  for (const Case& each : cases) EXPECT_EQ(rewritten(each.before), each.after) << each.what;
}

TEST(RewriteTest, ReplacesInTheNarrative) {
  const auto in_div = [](std::string_view inner) {
    std::string json = R"({"resourceType":"Patient","text":{"div":)";
    write_json_string(std::string("<div>") + std::string(inner) + "</div>", json);
    return json + "}}";
  };
  const Case cases[] = {
      {"href", R"(<a href="urn:x">urn:x</a>)", R"(<a href="Patient/1">urn:x</a>)"},
      {"src", R"(<img src='urn:x' alt="urn:x"/>)", R"(<img src='Patient/1' alt="urn:x"/>)"},
      {"both", R"(<a href="urn:x"><img src="urn:x"/></a>)",
       R"(<a href="Patient/1"><img src="Patient/1"/></a>)"},
      {"spaces", "<a\n title = \"a > b\"  href  = 'urn:x' >x</a>",
       "<a\n title = \"a > b\"  href  = 'Patient/1' >x</a>"},
      {"another attribute's value", R"(<a title='href="urn:x"'>x</a>)",
       R"(<a title='href="urn:x"'>x</a>)"},
      {"a longer name", R"(<a longhref="urn:x">x</a>)", R"(<a longhref="urn:x">x</a>)"},
      {"a comment", R"(<!-- <a href="urn:x"> --><b>x</b>)", R"(<!-- <a href="urn:x"> --><b>x</b>)"},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(rewritten(in_div(each.before)), in_div(each.after)) << each.what;
  }
}

TEST(RewriteTest, TellsTheTargetsOfAReference) {
  auto document = parse_json(
      R"({"resourceType":"ImagingStudy","subject":{"reference":"a"},"text":{"div":"<div><a href='b'/></div>"}})");
  std::vector<std::string> places;
  rewrite_urls(
      *document, *document->root(), [&](const FoundUrl& url) -> std::optional<std::string> {
        places.push_back(std::string(url.text) + std::to_string(static_cast<int>(url.place)) +
                         (url.type != nullptr ? std::to_string(url.type->targets.size()) : "-"));
        return std::nullopt;
      });
  EXPECT_THAT(places, ::testing::ElementsAre("a03", "b2-"));
}

}  // namespace
}  // namespace lightbox::fhir
