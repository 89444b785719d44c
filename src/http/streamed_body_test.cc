// Bodies that their handler reads as they come, from outside.

#include "http/streamed_body.h"

#include <chrono>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "http/compression.h"
#include "http/testing.h"

namespace lightbox::http::testing {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

std::string chunked(std::string_view target, std::string_view body, std::size_t chunk_bytes,
                    std::string_view more_fields = "") {
  std::string request = "POST ";
  request.append(target).append(" HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n");
  request.append(more_fields).append("\r\n");
  char size[20];
  while (!body.empty()) {
    const auto chunk = body.substr(0, chunk_bytes);
    std::snprintf(size, sizeof(size), "%zx\r\n", chunk.size());
    request.append(size).append(chunk).append("\r\n");
    body.remove_prefix(chunk.size());
  }
  return request.append("0\r\n\r\n");
}

std::string pattern(std::size_t bytes) {
  std::string text(bytes, '\0');
  std::uint32_t state = 1;
  for (char& c : text) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  return text;
}

TEST(StreamedBody, ComesWholeHoweverItIsSent) {
  const auto server = start_server();
  Client client(server->port());
  const std::string body = pattern(1000);
  const std::string requests = post("/stream", body) + chunked("/stream", body, 7) +
                               post("/stream", "") + chunked("/stream", "", 1) + get("/stream") +
                               post("/stream", gzip(body), "Content-Encoding: gzip\r\n") +
                               chunked("/stream", gzip(body), 11, "Content-Encoding: gzip\r\n") +
                               get("/echo");
  for (const std::size_t step : {std::size_t{1}, std::size_t{13}, requests.size()}) {
    for (std::size_t at = 0; at < requests.size(); at += step) {
      client.send(std::string_view(requests).substr(at, step));
    }
    for (const std::string& expected :
         {example_sum(body), example_sum(body), example_sum(""), example_sum(""), example_sum(""),
          example_sum(body), example_sum(body), std::string("GET /echo /echo  ")}) {
      EXPECT_EQ(client.read().body, expected) << step;
    }
  }
}

TEST(StreamedBody, MayBeLargerThanABodyThatIsHeld) {
  Limits limits;
  limits.body_bytes_max = 100'000;
  limits.requests_in_flight_bytes_max = 100'000;
  const auto server = start_server(limits);
  const std::string body = pattern(20'000'000);
  for (const std::string& request :
       {post("/stream", body), chunked("/stream", body, 60'000),
        post("/stream", gzip(body), "Content-Encoding: gzip\r\n"),
        // A thousandfold: much more than a piece of the input.
        post("/stream", gzip(std::string(30'000'000, 'a')), "Content-Encoding: gzip\r\n")}) {
    Client client(server->port());
    std::thread sender([&] { client.send(request); });
    const Reply reply = client.read();
    sender.join();
    EXPECT_EQ(reply.status, 200);
    EXPECT_FALSE(reply.closes());
    EXPECT_THAT(reply.body,
                ::testing::AnyOf(example_sum(body), example_sum(std::string(30'000'000, 'a'))));
    EXPECT_EQ(client.ask(get("/echo")).body, "GET /echo /echo  ");
  }
}

TEST(StreamedBody, WaitsForItsHandler) {
  Limits limits;
  limits.body_timeout_ms = 200;
  const auto server = start_server(limits);
  Client client(server->port());
  const std::string body = pattern(3'000'000);
  std::thread sender([&] { client.send(post("/stream/slow?30", body)); });
  // Longer than the time for progress: the handler's own time does not count.
  const Reply reply = client.read();
  sender.join();
  EXPECT_EQ(reply.body, example_sum(body));
}

TEST(StreamedBody, IsAskedForWhenItsHandlerReads) {
  const auto server = start_server();
  const std::string expect = "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n";
  Client client(server->port());
  client.send("POST /stream HTTP/1.1\r\nHost: a\r\n" + expect);
  EXPECT_EQ(client.read(false).status, 100);
  EXPECT_EQ(client.ask("hello").body, example_sum("hello"));

  Client refused(server->port());
  const Reply reply = refused.ask("POST /stream/refuse HTTP/1.1\r\nHost: a\r\n" + expect);
  EXPECT_EQ(reply.status, 403);
  EXPECT_TRUE(reply.closes());
  EXPECT_EQ(client.ask(post("/stream/throw", "a")).status, 500);
}

TEST(StreamedBody, MayBeAnsweredBeforeItHasCome) {
  const auto server = start_server();
  for (const std::string_view path : {"/stream/refuse", "/stream/first"}) {
    Client client(server->port());
    std::thread sender([&] { client.send(post(path, pattern(2'000'000))); });
    const Reply reply = client.read();
    sender.join();
    EXPECT_EQ(reply.body, "unread") << path;
    EXPECT_TRUE(reply.closes()) << path;
    EXPECT_TRUE(client.sees_end()) << path;
  }
}

TEST(StreamedBody, MustMakeProgress) {
  Limits limits;
  limits.body_timeout_ms = 300;
  limits.body_progress_bytes_min = 1000;
  const auto server = start_server(limits);
  const std::string head = "POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n";
  {
    // In all it takes longer than the time, and is read to its end.
    Client client(server->port());
    client.send(head);
    for (int i = 0; i < 10; ++i) {
      client.send(std::string(2000, 'a'));
      std::this_thread::sleep_for(milliseconds(60));
    }
    EXPECT_EQ(client.read().body, example_sum(std::string(20'000, 'a')));
  }
  Client client(server->port());
  client.send(head);
  const auto started = std::chrono::steady_clock::now();
  while (client.send("a") && std::chrono::steady_clock::now() - started < milliseconds(450)) {
    std::this_thread::sleep_for(milliseconds(20));
  }
  const Reply reply = client.read();
  EXPECT_EQ(reply.status, 408);
  EXPECT_THAT(reply.body, HasSubstr("body_timeout_ms"));
  EXPECT_TRUE(reply.closes());
}

TEST(StreamedBody, TellsWhatIsWrongWithIt) {
  const auto server = start_server();
  const std::string head = "POST /stream HTTP/1.1\r\nHost: a\r\n";
  {
    Client client(server->port());
    const Reply reply = client.ask(head + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n");
    EXPECT_EQ(reply.status, 400);
    EXPECT_TRUE(reply.closes());
  }
  {
    Client client(server->port());
    const Reply reply = client.ask(post("/stream", "no gzip", "Content-Encoding: gzip\r\n"));
    EXPECT_EQ(reply.status, 400);
    EXPECT_THAT(reply.body, HasSubstr("gzip"));
  }
  {
    const std::string cut = gzip(pattern(1000)).substr(0, 500);
    Client client(server->port());
    const Reply reply = client.ask(post("/stream", cut, "Content-Encoding: gzip\r\n"));
    EXPECT_EQ(reply.status, 400);
  }
  Client client(server->port());
  client.send(head + "Content-Length: 10\r\n\r\nabc");
  client.end_sending();
  const Reply reply = client.read();
  EXPECT_EQ(reply.status, 400);
  EXPECT_THAT(reply.body, HasSubstr("after 3 bytes"));
}

TEST(StreamedBody, EndsWithTheServer) {
  const auto server = start_server();
  Client client(server->port());
  client.send("POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(client.read_some(1, milliseconds(100)), "");
  server->stop(50);
  EXPECT_TRUE(client.sees_end());
}

}  // namespace
}  // namespace lightbox::http::testing
