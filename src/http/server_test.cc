// The server from outside: raw bytes in, raw bytes out. Its limits are in limits_test.cc.

#include "http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

#include "http/compression.h"
#include "http/testing.h"

namespace lightbox::http::testing {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Server, AnswersAndKeepsTheConnection) {
  const auto server = start_server();
  Client client(server->port());
  for (int i = 0; i < 3; ++i) {
    const Reply reply = client.ask(get("/echo?a=b"));
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "GET /echo?a=b /echo a=b ");
    EXPECT_EQ(reply.field("Content-Length"), std::to_string(reply.body.size()));
    EXPECT_EQ(reply.field("Connection"), "");
    EXPECT_THAT(reply.field("Date"), HasSubstr(" GMT"));
  }
  EXPECT_EQ(server->counts().requests_total, 3U);
  EXPECT_EQ(server->counts().connections_open, 1U);
  EXPECT_EQ(server->counts().connections_total, 1U);
}

TEST(Server, ReadsBodiesHoweverTheyCome) {
  const auto server = start_server();
  Client client(server->port());
  EXPECT_EQ(client.ask(post("/echo", "hello")).body, "POST /echo /echo  hello");
  const std::string request = post("/echo", "hello") +
                              "PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
                              "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n" +
                              get("/echo");
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, request.size()}) {
    for (std::size_t at = 0; at < request.size(); at += step) {
      client.send(std::string_view(request).substr(at, step));
    }
    EXPECT_EQ(client.read().body, "POST /echo /echo  hello") << step;
    EXPECT_EQ(client.read().body, "PUT /echo /echo  abcde") << step;
    EXPECT_EQ(client.read().body, "GET /echo /echo  ") << step;
  }
}

TEST(Server, LargeBodiesGoBothWays) {
  const auto server = start_server();
  Client client(server->port());
  const std::string body(5'000'000, 'b');
  std::thread sender([&] { client.send(post("/echo", body)); });
  const Reply reply = client.read();
  sender.join();
  EXPECT_EQ(reply.body, "POST /echo /echo  " + body);
  EXPECT_EQ(client.ask(get("/zeros?20000000")).body.size(), 20'000'000U);
}

TEST(Server, PipelinedRequestsAreAnsweredInOrder) {
  const auto server = start_server();
  Client client(server->port());
  std::string requests;
  constexpr int count = 300;
  for (int i = 0; i < count; ++i) {
    // Some answers take time; those behind them wait.
    requests += i % 50 == 0 ? get("/wait?5") : get("/echo?" + std::to_string(i));
  }
  client.send(requests);
  for (int i = 0; i < count; ++i) {
    const std::string number = std::to_string(i);
    const std::string expected = "GET /echo?" + number + " /echo " + number + " ";
    EXPECT_EQ(client.read().body, i % 50 == 0 ? "waited" : expected);
  }
}

TEST(Server, HeadHasTheFieldsOfGetAndNoBody) {
  const auto server = start_server();
  Client client(server->port());
  client.send("HEAD /zeros?100 HTTP/1.1\r\nHost: a\r\n\r\n" + get("/echo"));
  const Reply head = client.read(false);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.field("Content-Length"), "100");
  EXPECT_EQ(client.read().body, "GET /echo /echo  ");
}

TEST(Server, NoContentHasNeitherBodyNorLength) {
  const auto server = start_server();
  Client client(server->port());
  client.send(get("/empty") + get("/echo"));
  const Reply empty = client.read();
  EXPECT_EQ(empty.status, 204);
  EXPECT_EQ(empty.field("Content-Length"), "");
  EXPECT_EQ(client.read().body, "GET /echo /echo  ");
}

TEST(Server, Http10ClosesUnlessAskedNotTo) {
  const auto server = start_server();
  {
    Client client(server->port());
    const Reply reply = client.ask("GET /echo HTTP/1.0\r\n\r\n");
    EXPECT_EQ(reply.status, 200);
    EXPECT_TRUE(reply.closes());
    EXPECT_TRUE(client.sees_end());
  }
  Client client(server->port());
  const std::string request = "GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
  EXPECT_EQ(client.ask(request).field("Connection"), "keep-alive");
  EXPECT_EQ(client.ask(request).status, 200);
}

TEST(Server, ClosesWhenAskedTo) {
  const auto server = start_server();
  Client client(server->port());
  client.send(get("/echo", "Connection: close\r\n") + get("/echo"));
  EXPECT_TRUE(client.read().closes());
  EXPECT_TRUE(client.sees_end());
}

TEST(Server, AClientThatHasFinishedSendingIsStillAnswered) {
  const auto server = start_server();
  Client client(server->port());
  client.send(get("/wait?50") + get("/echo"));
  client.end_sending();
  EXPECT_EQ(client.read().body, "waited");
  EXPECT_EQ(client.read().status, 200);
  EXPECT_TRUE(client.sees_end());
}

TEST(Server, ExpectContinue) {
  const auto server = start_server();
  const std::string head =
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
  {
    Client client(server->port());
    client.send(head);
    EXPECT_EQ(client.read_some(25, milliseconds(5000)), "HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_EQ(client.ask("hello").body, "POST /echo /echo  hello");
  }
  {
    Client client(server->port());  // which does not wait: needs no telling
    EXPECT_EQ(client.ask(head + "hello").body, "POST /echo /echo  hello");
  }
  Client client(server->port());
  const Reply reply = client.ask(get("/echo", "Expect: something\r\n"));
  EXPECT_EQ(reply.status, 417);
  EXPECT_TRUE(reply.closes());
  EXPECT_TRUE(client.sees_end());
}

TEST(Server, WhatBreaksHttpIsRefusedAndClosed) {
  struct Case {
    std::string bytes;
    int status;
  };
  const Case cases[] = {
      {"nonsense\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
       400},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", 400},
      {"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
      {post("/echo", "abc", "Content-Encoding: br\r\n"), 415},
      {post("/echo", "not gzip", "Content-Encoding: gzip\r\n"), 400},
      {post("/echo", gzip("abc").substr(0, 12), "Content-Encoding: gzip\r\n"), 400},
  };
  const auto server = start_server();
  for (const Case& c : cases) {
    Client client(server->port());
    // What comes after it must not be taken for a request.
    const Reply reply = client.ask(c.bytes + get("/echo?smuggled"));
    EXPECT_EQ(reply.status, c.status) << c.bytes;
    EXPECT_THAT(reply.body, HasSubstr("problem: ")) << c.bytes;
    EXPECT_TRUE(reply.closes()) << c.bytes;
    EXPECT_TRUE(client.sees_end()) << c.bytes;
  }
  EXPECT_EQ(server->counts().refused_total, std::size(cases));
  EXPECT_EQ(server->counts().requests_total, 0U);
}

TEST(Server, AnErrorOfTheHandlerIs500AndTheConnectionGoesOn) {
  const auto server = start_server();
  Client client(server->port());
  const Reply thrown = client.ask(get("/throw"));
  EXPECT_EQ(thrown.status, 500);
  EXPECT_FALSE(thrown.closes());
  EXPECT_THAT(thrown.body, Not(HasSubstr("as asked for")));
  const Reply split = client.ask(get("/split"));
  EXPECT_EQ(split.status, 500);
  EXPECT_THAT(split.head, Not(HasSubstr("Set-Cookie")));
  EXPECT_EQ(client.ask(get("/echo")).status, 200);
}

TEST(Server, DecodesGzipRequests) {
  const auto server = start_server();
  Client client(server->port());
  const std::string body(300'000, 'z');
  const Reply reply = client.ask(post("/echo", gzip(body), "Content-Encoding: gzip\r\n"));
  EXPECT_EQ(reply.body, "POST /echo /echo  " + body);
  EXPECT_EQ(client.ask(post("/echo", "", "Content-Encoding: gzip\r\n")).status, 200);
  EXPECT_EQ(client.ask(post("/echo", "plain", "Content-Encoding: identity\r\n")).body,
            "POST /echo /echo  plain");
}

TEST(Server, CompressesWhatIsWorthIt) {
  const auto server = start_server();
  Client client(server->port());
  const std::string wish = "Accept-Encoding: gzip\r\n";
  const std::string plain = client.ask(get("/bytes?2000000")).body;
  const Reply large = client.ask(get("/bytes?2000000", wish));
  EXPECT_EQ(large.field("Content-Encoding"), "gzip");
  EXPECT_EQ(large.field("Vary"), "Accept-Encoding");
  EXPECT_EQ(*gunzip(large.body, plain.size()), plain);
  EXPECT_LT(large.body.size(), plain.size() / 2);

  const Reply middle = client.ask(get("/bytes?1024", wish));
  EXPECT_EQ(middle.field("Content-Encoding"), "gzip");
  EXPECT_EQ(gunzip(middle.body, 1024)->size(), 1024U);
  client.send("HEAD /bytes?1024 HTTP/1.1\r\nHost: a\r\n" + wish + "\r\n");
  EXPECT_EQ(client.read(false).field("Content-Length"), std::to_string(middle.body.size()));

  EXPECT_EQ(client.ask(get("/bytes?1023", wish)).field("Content-Encoding"), "");
  EXPECT_EQ(client.ask(get("/zeros?5000", wish)).field("Content-Encoding"), "");
  const Reply unwished = client.ask(get("/bytes?5000"));
  EXPECT_EQ(unwished.field("Content-Encoding"), "");
  EXPECT_EQ(unwished.field("Vary"), "Accept-Encoding") << "a cache must know";
  EXPECT_EQ(client.ask(get("/etag", wish)).field("ETag"), "W/\"abc\"");
  EXPECT_EQ(client.ask(get("/etag")).field("ETag"), "\"abc\"");
}

TEST(Server, ClientsThatVanishHarmNobody) {
  const auto server = start_server();
  const std::string beginnings[] = {
      "",
      "GET / HT",
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc",
      get("/wait?100"),
      get("/zeros?10000000"),
      get("/bytes?1000000", "Accept-Encoding: gzip\r\n")};
  for (int round = 0; round < 5; ++round) {
    for (const std::string& beginning : beginnings) {
      Client client(server->port());
      client.send(beginning);
      std::this_thread::sleep_for(milliseconds(2));
      client.reset();
    }
  }
  Client client(server->port());
  EXPECT_EQ(client.ask(get("/echo")).status, 200);
  for (int i = 0; i < 500 && server->counts().connections_open > 1; ++i) {
    std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_EQ(server->counts().connections_open, 1U);
}

TEST(Server, AThousandConnectionsAtOnce) {
  const auto server = start_server({}, 2);
  std::vector<Client> clients;
  constexpr std::size_t count = 1000;
  for (std::size_t i = 0; i < count; ++i) {
    clients.emplace_back(server->port());
    ASSERT_TRUE(clients.back().is_connected()) << i;
  }
  for (int round = 0; round < 3; ++round) {
    for (Client& client : clients) client.send(get("/bytes?2048"));
    for (Client& client : clients) ASSERT_EQ(client.read().body.size(), 2048U);
  }
  EXPECT_EQ(server->counts().connections_open, count);
  EXPECT_EQ(server->counts().requests_total, 3 * count);
}

TEST(Server, ListensOnIpv6AndOnBoth) {
  {
    const auto server = start_server({}, 1, "::1");
    Client client(server->port(), "::1");
    if (!client.is_connected()) GTEST_SKIP() << "no IPv6 here";
    EXPECT_EQ(client.ask(get("/echo")).status, 200);
  }
  const auto server = start_server({}, 1, "::");
  Client v6(server->port(), "::1");
  Client v4(server->port(), "127.0.0.1");
  EXPECT_EQ(v6.ask(get("/echo")).status, 200);
  EXPECT_EQ(v4.ask(get("/echo")).status, 200);
}

TEST(Server, SaysWhyItCannotListen) {
  const auto server = start_server();
  ServerOptions options;
  options.port = server->port();
  const auto second = Server::listen(options, example_handler, example_problem_response);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ProblemKind::unavailable);
  EXPECT_THAT(second.error().issues.front().diagnostics, HasSubstr("in use"));
  options.address = "somewhere";
  EXPECT_FALSE(Server::listen(options, example_handler, example_problem_response));
}

TEST(Server, StopLetsRequestsFinish) {
  auto server = start_server();
  Client busy(server->port());
  Client idle(server->port());
  EXPECT_EQ(idle.ask(get("/echo")).status, 200);
  busy.send(get("/wait?1500"));
  std::this_thread::sleep_for(milliseconds(100));
  std::thread stopper([&] { server->stop(10'000); });
  EXPECT_TRUE(idle.sees_end(milliseconds(1000))) << "idle connections go at once";
  const Reply reply = busy.read();
  EXPECT_EQ(reply.body, "waited");
  EXPECT_TRUE(reply.closes());
  stopper.join();
  EXPECT_FALSE(Client(server->port()).is_connected());
}

TEST(Server, StopCutsWhatTakesTooLong) {
  auto server = start_server({}, 2);
  Client waiting(server->port());
  Client not_reading(server->port());
  Client half_sent(server->port());
  waiting.send(get("/wait?60000"));
  not_reading.send(get("/zeros?50000000"));
  half_sent.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
  std::this_thread::sleep_for(milliseconds(100));
  const auto begin = std::chrono::steady_clock::now();
  server->stop(100);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  EXPECT_EQ(server->counts().connections_open, 0U);
  server->stop(100);  // once more is no harm
}

}  // namespace
}  // namespace lightbox::http::testing
