#include "http/response_head.h"

#include <gtest/gtest.h>

namespace lightbox::http {
namespace {

TEST(ResponseHead, IsWrittenWhole) {
  const Response response{201, {{"Location", "x"}, {"content-length", "9"}, {"Date", "d"}}, "abc"};
  std::string out = "before";
  ASSERT_TRUE(append_head(response, {"now", Persistence::close}, out));
  EXPECT_EQ(out,
            "beforeHTTP/1.1 201 Created\r\nDate: now\r\nLocation: x\r\nContent-Length: "
            "3\r\nConnection: close\r\n\r\n");
}

TEST(ResponseHead, RefusesWhatWouldBreakIt) {
  const Response cases[] = {
      {200, {{"A", "b\r\nC: d"}}, ""},
      {200, {{"A", "b\n"}}, ""},
      {200, {{"A", std::string("b\0", 2)}}, ""},
      {200, {{"A:", "b"}}, ""},
      {200, {{"", "b"}}, ""},
      {200, {{"A b", "c"}}, ""},
      {100, {}, ""},
      {600, {}, ""},
  };
  for (const Response& response : cases) {
    std::string out;
    EXPECT_FALSE(append_head(response, {"now", Persistence::implied}, out));
  }
}

TEST(ResponseHead, DatesAreImfFixdate) {
  EXPECT_EQ(http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(http_date(1709210096), "Thu, 29 Feb 2024 12:34:56 GMT");
}

TEST(ResponseHead, GzipIsForTextOfSomeSize) {
  struct Case {
    std::string_view content_type;
    std::size_t bytes;
    int status;
    bool wanted;
  };
  const Case cases[] = {
      {"application/fhir+json", 1024, 200, true},
      {"application/fhir+json;charset=utf-8", 1024, 404, true},
      {"Text/HTML", 5000, 200, true},
      {"application/fhir+ndjson", 5000, 200, true},
      {"image/svg+xml", 5000, 200, true},
      {"application/fhir+json", 1023, 200, false},
      {"application/fhir+json", 5000, 206, false},
      {"application/fhir+json", 5000, 304, false},
      {"application/dicom", 5000, 200, false},
      {"image/jpeg", 5000, 200, false},
      {"", 5000, 200, false},
  };
  for (const Case& c : cases) {
    Response response{
        c.status, {{"Content-Type", std::string(c.content_type)}}, std::string(c.bytes, 'a')};
    EXPECT_EQ(wants_gzip(response, true), c.wanted) << c.content_type << c.bytes;
    EXPECT_EQ(response.fields.size(), c.wanted ? 2U : 1U) << "Vary";
    EXPECT_FALSE(wants_gzip(response, false));
  }
}

TEST(ResponseHead, VaryIsExtendedOnce) {
  Response response{
      200, {{"Content-Type", "text/plain"}, {"Vary", "Origin"}}, std::string(2000, 'a')};
  EXPECT_TRUE(wants_gzip(response, true));
  EXPECT_TRUE(wants_gzip(response, true));
  EXPECT_EQ(response.fields[1].second, "Origin, Accept-Encoding");
  response.fields.emplace_back("Content-Encoding", "br");
  EXPECT_FALSE(wants_gzip(response, true));
}

}  // namespace
}  // namespace lightbox::http
