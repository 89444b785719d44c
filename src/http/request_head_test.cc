#include "http/request_head.h"

#include <gtest/gtest.h>
#include <vector>

namespace lightbox::http {
namespace {

int status_of(const Refusal& refusal) {
  if (refusal.status != 0) return refusal.status;
  switch (refusal.problem.kind) {
    case ProblemKind::invalid:
      return 400;
    case ProblemKind::uri_too_long:
      return 414;
    case ProblemKind::unsupported_media_type:
      return 415;
    case ProblemKind::header_too_large:
      return 431;
    case ProblemKind::not_supported:
      return 501;
    default:
      return 500;
  }
}

struct Refused {
  std::string_view name;
  std::string bytes;
  int status;
};

std::vector<Refused> refused_heads() {
  const std::string get = "GET / HTTP/1.1\r\n";
  const std::string host = "Host: a\r\n";
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
  return {
      {"no host", get + "\r\n", 400},
      {"two hosts", get + host + host + "\r\n", 400},
      {"two hosts, in HTTP/1.0", "GET / HTTP/1.0\r\n" + host + host + "\r\n", 400},
      {"host with a path", get + "Host: a/b\r\n\r\n", 400},
      {"host with user", get + "Host: u@a\r\n\r\n", 400},
      {"host list", get + "Host: a b\r\n\r\n", 400},
      {"length and chunked", post + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"chunked and length", post + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", 400},
      {"two different lengths", post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
      {"two lengths in a list", post + "Content-Length: 1, 2\r\n\r\n", 400},
      {"negative length", post + "Content-Length: -1\r\n\r\n", 400},
      {"signed length", post + "Content-Length: +1\r\n\r\n", 400},
      {"length is no number", post + "Content-Length: 1x\r\n\r\n", 400},
      {"length is hexadecimal", post + "Content-Length: 0x10\r\n\r\n", 400},
      {"empty length", post + "Content-Length: \r\n\r\n", 400},
      {"length overflows", post + "Content-Length: 18446744073709551617\r\n\r\n", 400},
      {"chunked twice", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
       400},
      {"gzip, chunked", post + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
      {"chunked, identity", post + "Transfer-Encoding: chunked, identity\r\n\r\n", 501},
      {"xchunked", post + "Transfer-Encoding: xchunked\r\n\r\n", 501},
      {"empty transfer-encoding", post + "Transfer-Encoding:\r\n\r\n", 501},
      {"unknown coding and a length", post + "Transfer-Encoding: x\r\nContent-Length: 3\r\n\r\n",
       501},
      {"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"folded line", get + host + "X: a\r\n b\r\n\r\n", 400},
      {"folded line by a tab", get + host + "X: a\r\n\tb\r\n\r\n", 400},
      {"first field begins with a space", get + " Host: a\r\n\r\n", 400},
      {"space before the colon", get + "Host : a\r\n\r\n", 400},
      {"no colon", get + host + "nonsense\r\n\r\n", 400},
      {"empty name", get + host + ": x\r\n\r\n", 400},
      {"name with a space", get + host + "a b: x\r\n\r\n", 400},
      {"NUL in a value", get + host + std::string("X: a\0b\r\n\r\n", 10), 400},
      {"carriage return in a value", get + host + "X: a\rb\r\n\r\n", 400},
      {"bare line feeds", "GET / HTTP/1.1\nHost: a\n\n", 400},
      {"one bare line feed", get + "Host: a\n\r\n", 400},
      {"control in the target", std::string("GET /\x01 HTTP/1.1\r\n") + host + "\r\n", 400},
      {"space in the target", "GET /a b HTTP/1.1\r\n" + host + "\r\n", 400},
      {"fragment in the target", "GET /a#b HTTP/1.1\r\n" + host + "\r\n", 400},
      {"relative target", "GET a HTTP/1.1\r\n" + host + "\r\n", 400},
      {"asterisk with GET", "GET * HTTP/1.1\r\n" + host + "\r\n", 400},
      {"other scheme", "GET ftp://a/ HTTP/1.1\r\n" + host + "\r\n", 400},
      {"absolute form without authority", "GET http:///x HTTP/1.1\r\n" + host + "\r\n", 400},
      {"absolute form with user", "GET http://u@a/x HTTP/1.1\r\n" + host + "\r\n", 400},
      {"no version", "GET /\r\n" + host + "\r\n", 400},
      {"other protocol", "GET / ICY/1.1\r\n" + host + "\r\n", 400},
      {"HTTP/2", "GET / HTTP/2.0\r\n" + host + "\r\n", 505},
      {"HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"HTTP/0.9's version", "GET / HTTP/0.9\r\n\r\n", 505},
      {"two spaces", "GET  / HTTP/1.1\r\n" + host + "\r\n", 400},
      {"leading space", " GET / HTTP/1.1\r\n" + host + "\r\n", 400},
      {"not HTTP", std::string("\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 11), 400},
      {"other expectation", get + host + "Expect: 200-ok\r\n\r\n", 417},
      {"deflate", post + "Content-Encoding: deflate\r\n\r\n", 415},
      {"gzip twice", post + "Content-Encoding: gzip, gzip\r\n\r\n", 415},
      {"gzip in two fields", post + "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n\r\n",
       415},
      {"long URL", "GET /" + std::string(1000, 'a') + " HTTP/1.1\r\n" + host + "\r\n", 414},
      {"long URL without an end", "GET /" + std::string(5000, 'a'), 414},
      {"large header", get + host + "X: " + std::string(4000, 'a') + "\r\n\r\n", 431},
      {"large header without an end", get + host + "X: " + std::string(4000, 'a'), 431},
  };
}

Limits small_limits() {
  Limits limits;
  limits.header_bytes_max = 2048;
  limits.url_bytes_max = 1000;
  return limits;
}

TEST(RequestHead, RefusesWhatIsNotSafeHttp) {
  const Limits limits = small_limits();
  std::size_t count = 0;
  for (const Refused& c : refused_heads()) {
    Request request;
    Framing framing;
    const auto used = parse_request_head(c.bytes, limits, request, framing);
    ASSERT_FALSE(used) << c.name;
    EXPECT_EQ(status_of(used.error()), c.status)
        << c.name << ": " << used.error().problem.issues.front().diagnostics;
    ++count;
  }
  EXPECT_GE(count, 55U);
}

TEST(RequestHead, TooManyFieldsAreRefusedByNumber) {
  const Limits limits;
  Request request;
  Framing framing;
  std::string head = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 300; ++i) head += "a: b\r\n";
  const auto used = parse_request_head(head + "\r\n", limits, request, framing);
  ASSERT_FALSE(used);
  EXPECT_EQ(status_of(used.error()), 431);
  EXPECT_TRUE(used.error().problem.issues.front().diagnostics.ends_with("more than 256 fields"));
}

TEST(RequestHead, TakesTheHeadAndNothingElse) {
  const Limits limits;
  Request request;
  Framing framing;
  const std::string head =
      "\r\nPUT /baseR4/Patient/1?a=b&c HTTP/1.1\r\nhost: example.org:80\r\nX-A:  b c \r\nX-E:\r\n"
      "Content-Length: 5\r\nExpect: 100-Continue\r\nAccept-Encoding: br, gzip\r\n\r\n";
  for (std::size_t i = 1; i < head.size(); ++i) {
    const auto partial =
        parse_request_head(std::string_view(head).substr(0, i), limits, request, framing);
    ASSERT_TRUE(partial) << i;
    ASSERT_EQ(*partial, 0U) << i;
  }
  const auto used = parse_request_head(head + "12345GET", limits, request, framing);
  ASSERT_TRUE(used);
  EXPECT_EQ(*used, head.size());
  EXPECT_EQ(request.method, Method::put);
  EXPECT_EQ(request.target, "/baseR4/Patient/1?a=b&c");
  EXPECT_EQ(request.path, "/baseR4/Patient/1");
  EXPECT_EQ(request.query, "a=b&c");
  EXPECT_EQ(request.field("Host"), "example.org:80");
  EXPECT_EQ(request.field("x-a"), "b c");
  EXPECT_EQ(request.fields.size(), 6U);
  EXPECT_EQ(framing.body, Framing::Body::length);
  EXPECT_EQ(framing.content_length, 5U);
  EXPECT_TRUE(framing.expects_continue);
  EXPECT_TRUE(framing.keeps_alive);
  EXPECT_TRUE(framing.accepts_gzip);
  EXPECT_FALSE(framing.is_gzip);
}

TEST(RequestHead, UnderstandsTheFormsOfTargets) {
  struct Case {
    std::string_view line, path, query, host;
  };
  const Case cases[] = {
      {"GET / HTTP/1.1", "/", "", "a"},
      {"GET /x? HTTP/1.1", "/x", "", "a"},
      {"GET /x?y?z HTTP/1.1", "/x", "y?z", "a"},
      {"GET /x%20y|z HTTP/1.1", "/x%20y|z", "", "a"},
      {"GET http://b:81/x?y HTTP/1.1", "/x", "y", "b:81"},
      {"GET HTTPS://b HTTP/1.1", "/", "", "b"},
      {"GET http://b?y HTTP/1.1", "/", "y", "b"},
      {"OPTIONS * HTTP/1.1", "*", "", "a"},
      {"CONNECT b:443 HTTP/1.1", "", "", "a"},
  };
  const Limits limits;
  for (const Case& c : cases) {
    Request request;
    Framing framing;
    const auto used =
        parse_request_head(std::string(c.line) + "\r\nHost: a\r\n\r\n", limits, request, framing);
    ASSERT_TRUE(used) << c.line;
    EXPECT_EQ(request.path, c.path) << c.line;
    EXPECT_EQ(request.query, c.query) << c.line;
    EXPECT_EQ(request.field("Host"), c.host) << c.line;
  }
}

TEST(RequestHead, KnowsWhetherTheConnectionGoesOn) {
  struct Case {
    std::string_view version, connection;
    bool keeps_alive;
  };
  const Case cases[] = {
      {"1.1", "", true},
      {"1.1", "Connection: close\r\n", false},
      {"1.0", "", false},
      {"1.0", "Connection: Keep-Alive\r\n", true},
      {"1.1", "Connection: x, CLOSE\r\n", false},
      {"1.1", "Connection: keep-alive\r\n", true},
  };
  const Limits limits;
  for (const Case& c : cases) {
    Request request;
    Framing framing;
    std::string head = "GET / HTTP/";
    head.append(c.version).append("\r\nHost: a\r\n").append(c.connection).append("\r\n");
    ASSERT_TRUE(parse_request_head(head, limits, request, framing)) << head;
    EXPECT_EQ(framing.keeps_alive, c.keeps_alive) << head;
    EXPECT_EQ(framing.is_http_1_0, c.version == "1.0");
  }
}

}  // namespace
}  // namespace lightbox::http
