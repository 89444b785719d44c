#include "rest/negotiate.h"

#include <gtest/gtest.h>

#include "http/response_head.h"
#include "rest/condition.h"
#include "rest/outcome.h"

namespace lightbox::rest {
namespace {

http::Request request_with(http::Fields fields) {
  http::Request request;
  request.fields = std::move(fields);
  return request;
}

struct AcceptCase {
  const char* accept;
  const char* format;
  const char* content_type;  // nullptr: 406
};

constexpr const char* fhir_json = "application/fhir+json;charset=utf-8";
constexpr const char* plain_json = "application/json;charset=utf-8";
constexpr const char* fhir_xml = "application/fhir+xml;charset=utf-8";
constexpr const char* plain_xml = "application/xml;charset=utf-8";

class Accept : public testing::TestWithParam<AcceptCase> {};

TEST_P(Accept, ChoosesWhatWeHave) {
  const auto& given = GetParam();
  http::Parameters parameters;
  if (given.format != nullptr) parameters.emplace_back("_format", given.format);
  const auto request =
      given.accept == nullptr ? request_with({}) : request_with({{"Accept", given.accept}});
  const auto wants = negotiate(request, parameters);
  if (given.content_type == nullptr) {
    ASSERT_FALSE(wants.has_value());
    EXPECT_EQ(wants.error().kind, ProblemKind::not_acceptable);
    return;
  }
  ASSERT_TRUE(wants.has_value());
  EXPECT_EQ(wants->content_type, given.content_type);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, Accept,
    testing::Values(
        AcceptCase{nullptr, nullptr, fhir_json}, AcceptCase{"*/*", nullptr, fhir_json},
        AcceptCase{"application/*", nullptr, fhir_json},
        AcceptCase{"application/fhir+json", nullptr, fhir_json},
        AcceptCase{"Application/FHIR+JSON", nullptr, fhir_json},
        AcceptCase{"application/json", nullptr, plain_json},
        AcceptCase{"application/json, application/fhir+json", nullptr, fhir_json},
        AcceptCase{"application/json, */*;q=0.1", nullptr, plain_json},
        AcceptCase{"application/fhir+json; fhirVersion=4.0", nullptr, fhir_json},
        AcceptCase{"application/fhir+json; fhirVersion=3.0", nullptr, nullptr},
        AcceptCase{"application/fhir+json;q=0", nullptr, nullptr},
        AcceptCase{"application/fhir+xml", nullptr, fhir_xml},
        AcceptCase{"application/xml+fhir", nullptr, fhir_xml},
        AcceptCase{"application/xml", nullptr, plain_xml},
        AcceptCase{"text/xml", nullptr, "text/xml;charset=utf-8"},
        AcceptCase{"application/xml, application/fhir+xml", nullptr, fhir_xml},
        AcceptCase{"application/fhir+xml, application/fhir+json", nullptr, fhir_xml},
        AcceptCase{"application/fhir+json, application/fhir+xml", nullptr, fhir_json},
        AcceptCase{"*/*, application/fhir+xml", nullptr, fhir_xml},
        AcceptCase{"application/fhir+xml;q=0.2, */*;q=0.5", nullptr, fhir_json},
        AcceptCase{"application/fhir+json;q=0, */*", nullptr, plain_json},
        AcceptCase{"text/*", nullptr, "text/json;charset=utf-8"},
        AcceptCase{"application/fhir+xml; fhirVersion=4.0", nullptr, fhir_xml},
        AcceptCase{"application/fhir+xml; fhirVersion=3.0", nullptr, nullptr},
        AcceptCase{"text/html, image/png", nullptr, nullptr},
        AcceptCase{"application/fhir+json", "xml", fhir_xml},
        AcceptCase{nullptr, "text/xml", "text/xml;charset=utf-8"},
        AcceptCase{nullptr, "application/xml", plain_xml},
        AcceptCase{nullptr, "application/fhir xml", fhir_xml},
        AcceptCase{nullptr, "application/fhir+xml; fhirVersion=3.0", nullptr},
        AcceptCase{"application/fhir+xml;q=0.4, application/fhir+json;q=0.5", nullptr, fhir_json},
        AcceptCase{"application/fhir+xml, application/fhir+json;q=0.5", nullptr, fhir_xml},
        AcceptCase{"text/html,application/xhtml+xml,*/*;q=0.8", nullptr, fhir_json},
        AcceptCase{"application/fhir+xml", "json", fhir_json},
        AcceptCase{nullptr, "application/fhir+json", fhir_json},
        AcceptCase{nullptr, "application/fhir json", fhir_json},
        AcceptCase{nullptr, "application/json", plain_json}, AcceptCase{nullptr, "xml", fhir_xml},
        AcceptCase{"text/json", nullptr, "text/json;charset=utf-8"},
        AcceptCase{"application/json+fhir", nullptr, fhir_json},
        AcceptCase{"application/fhir+json;q=0.1, */*;q=0.2", nullptr, plain_json},
        AcceptCase{"application/json+fhir;q=0, */*", nullptr, plain_json},
        AcceptCase{"*/*, application/fhir+json;q=0, application/json;q=0, text/json;q=0", nullptr,
                   fhir_xml},
        AcceptCase{"*/*;q=0, application/json", nullptr, plain_json},
        AcceptCase{"application/fhir+json;q=nan", nullptr, fhir_json},
        AcceptCase{"text/html", nullptr, nullptr}, AcceptCase{",,", nullptr, nullptr},
        AcceptCase{"application/fhir+xml", "", fhir_xml},
        AcceptCase{"application/fhir+xml", "json;fhirVersion=4.0", fhir_json},
        AcceptCase{nullptr, "xml;fhirVersion=4.0", fhir_xml},
        AcceptCase{nullptr, "JSON", fhir_json},
        AcceptCase{nullptr, "json;fhirVersion=5.0", nullptr}, AcceptCase{nullptr, "ttl", nullptr}));

constexpr const char* firefox = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
constexpr const char* chrome =
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;"
    "q=0.8,application/signed-exchange;v=b3;q=0.7";

INSTANTIATE_TEST_SUITE_P(
    Browsers, Accept,
    testing::Values(
        AcceptCase{firefox, nullptr, fhir_json}, AcceptCase{chrome, nullptr, fhir_json},
        AcceptCase{"application/xml,application/xhtml+xml,text/html;q=0.9,*/*;q=0.5", nullptr,
                   fhir_json},
        AcceptCase{firefox, "xml", fhir_xml},
        AcceptCase{"text/html, application/fhir+xml;q=0.9, */*;q=0.8", nullptr, fhir_xml},
        AcceptCase{"text/html, application/xml;q=0.9", nullptr, plain_xml},
        AcceptCase{"application/xml;q=0.9, */*;q=0.8", nullptr, plain_xml},
        AcceptCase{"application/xml;q=0.9, application/json;q=0.8", nullptr, plain_xml}));

TEST(Accept, IsHeardEvenWhenTheRestIsWrong) {
  const auto xml = request_with({{"Accept", "application/fhir+xml"}});
  EXPECT_EQ(negotiate_leniently(xml).format, Format::xml);
  auto bad = xml;
  bad.query = "_pretty=maybe";
  EXPECT_EQ(negotiate_leniently(bad).format, Format::xml);
  bad.query = "_format=json&a=%zz";
  EXPECT_EQ(negotiate_leniently(bad).format, Format::xml) << "the query is not one";
  EXPECT_EQ(negotiate_leniently(request_with({{"Accept", "text/html"}})).format, Format::json);
}

TEST(Prefer, IsHeardInAnyOrderAndField) {
  const auto wants = negotiate(
      request_with({{"Prefer", "respond-async, return=minimal"}, {"prefer", "handling=strict"}}),
      {});
  ASSERT_TRUE(wants.has_value());
  EXPECT_EQ(wants->prefer_return, PreferReturn::minimal);
  EXPECT_EQ(wants->handling, fhir::Handling::strict);
}

TEST(Prefer, CountsTheFirst) {
  const auto wants =
      negotiate(request_with({{"Prefer", "return=minimal, return=representation"}}), {});
  ASSERT_TRUE(wants.has_value());
  EXPECT_EQ(wants->prefer_return, PreferReturn::minimal);
}

TEST(Outcome, IsUtf8WhateverItQuotes) {
  const auto wants = negotiate(request_with({{"Accept", "text/\xFF\xC3"}}), {});
  ASSERT_FALSE(wants.has_value());
  EXPECT_TRUE(problem_response(wants.error()).body.contains("'text/\uFFFD\uFFFD'"));
}

TEST(Pretty, MustBeTrueOrFalse) {
  EXPECT_TRUE(negotiate(request_with({}), {{"_pretty", "true"}})->is_pretty);
  EXPECT_FALSE(negotiate(request_with({}), {{"_pretty", "yes"}}).has_value());
}

TEST(Content, IsJsonOrXmlInUtf8) {
  EXPECT_EQ(*content_format(request_with({})), Format::json);
  for (const char* good : {"application/fhir+json", "application/json; charset=UTF-8",
                           "application/fhir+json; fhirVersion=4.0"}) {
    EXPECT_EQ(*content_format(request_with({{"Content-Type", good}})), Format::json) << good;
  }
  for (const char* good : {"application/fhir+xml", "text/xml; charset=\"utf-8\"", "application/xml",
                           "Application/FHIR+XML; fhirVersion=4.0"}) {
    EXPECT_EQ(*content_format(request_with({{"Content-Type", good}})), Format::xml) << good;
  }
  for (const char* bad :
       {"text/html", "text/plain", "application/json; charset=latin1",
        "application/fhir+xml; charset=utf-16", "application/fhir+xml; fhirVersion=3.0",
        "application/x-www-form-urlencoded", "application/fhir+json; fhirVersion=5.0"}) {
    const auto checked = content_format(request_with({{"Content-Type", bad}}));
    ASSERT_FALSE(checked.has_value()) << bad;
    EXPECT_EQ(checked.error().kind, ProblemKind::unsupported_media_type) << bad;
  }
}

TEST(HttpDate, RoundTrips) {
  EXPECT_EQ(http::http_date(784'111'777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), 784'111'777);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), 784'111'777);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994"), 784'111'777);
  EXPECT_EQ(parse_http_date("yesterday"), std::nullopt);
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT x"), std::nullopt);
}

// Two versions may have one second: an instant tells them apart, a header cannot.
TEST(ModifiedSince, OfAnEntryCountsMilliseconds) {
  store::StoredResource version;
  version.updated_ms = 784'111'777'500;
  http::Request request;
  request.modified_since_ms = 784'111'777'499;
  EXPECT_FALSE(is_not_modified(request, version));
  request.modified_since_ms = 784'111'777'500;
  EXPECT_TRUE(is_not_modified(request, version));
  EXPECT_TRUE(is_not_modified(
      request_with({{"If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"}}), version));
}

}  // namespace
}  // namespace lightbox::rest
