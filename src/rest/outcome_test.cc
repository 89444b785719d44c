#include "rest/outcome.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace lightbox::rest {
namespace {

const Negotiated wants_xml{.format = Format::xml,
                           .content_type = "application/fhir+xml;charset=utf-8"};

std::string_view field(const http::Response& response, std::string_view name) {
  const auto found =
      std::ranges::find_if(response.fields, [&](const auto& pair) { return pair.first == name; });
  return found == response.fields.end() ? std::string_view{} : std::string_view(found->second);
}

TEST(JsonResponse, IsTheJsonAsItIs) {
  const auto response = json_response(200, R"({"resourceType":"Patient"})", {});
  EXPECT_EQ(response.body, R"({"resourceType":"Patient"})");
  EXPECT_EQ(field(response, "Vary"), "Accept");
}

TEST(JsonResponse, BecomesXmlForWhoWantsIt) {
  const auto response = json_response(201, R"({"resourceType":"Patient","id":"p"})", wants_xml);
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.body, R"(<?xml version="1.0" encoding="UTF-8"?>)"
                           R"(<Patient xmlns="http://hl7.org/fhir"><id value="p"/></Patient>)");
  EXPECT_EQ(field(response, "Content-Type"), "application/fhir+xml;charset=utf-8");
}

TEST(JsonResponse, NestsDeeperThanARequestMay) {
  std::string json = R"({"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient")";
  std::string end = "}}]}";
  for (int i = 0; i < 30; ++i) {
    json += R"(,"extension":[{"url":"u")";
    end = "}]" + end;
  }
  EXPECT_EQ(json_response(200, json + end, wants_xml).status, 200);
}

TEST(JsonResponse, IsAProblemWhenItHasNoXmlForm) {
  const auto response = json_response(200, R"({"resourceType":"Patient","colour":1})", wants_xml);
  EXPECT_EQ(response.status, 500);
  EXPECT_TRUE(response.body.contains("<OperationOutcome xmlns=\"http://hl7.org/fhir\">"));
  EXPECT_TRUE(response.body.contains("cannot be written as XML"));
}

TEST(ProblemResponse, IsXmlForWhoWantsIt) {
  const auto response = problem_response(
      problem(ProblemKind::not_found, "not-found", "a < b \x01", "Patient.id"), wants_xml);
  EXPECT_EQ(response.status, 404);
  EXPECT_TRUE(response.body.contains(
      "<issue><severity value=\"error\"/><code value=\"not-found\"/>"
      "<diagnostics value=\"a &lt; b \xEF\xBF\xBD\"/><expression value=\"Patient.id\"/></issue>"))
      << response.body;
}

}  // namespace
}  // namespace lightbox::rest
