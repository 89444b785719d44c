// Bodies that are made while they are sent, from outside.

#include "http/body_sender.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <thread>

#include "http/compression.h"
#include "http/testing.h"

namespace lightbox::http::testing {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t large_bytes = 5'000'000;

bool wait_until_gone(int count) {
  for (int i = 0; i < 1000 && example_bodies_gone < count; ++i) {
    std::this_thread::sleep_for(milliseconds(5));
  }
  return example_bodies_gone == count;
}

TEST(BodySender, SendsPiecesOfAKnownSizeAndKeepsTheConnection) {
  const auto server = start_server();
  Client client(server->port());
  const std::string text = example_text(large_bytes);
  for (const char* query : {"5000000-1", "5000000-999", "5000000-100000", "5000000-5000000"}) {
    if (std::string_view(query).ends_with("-1")) {
      EXPECT_EQ(client.ask(get("/made?3000-1")).body, example_text(3000));
      continue;
    }
    const Reply reply = client.ask(get(std::string("/made?") + query));
    EXPECT_EQ(reply.field("Content-Length"), "5000000");
    EXPECT_EQ(reply.field("Transfer-Encoding"), "");
    EXPECT_TRUE(reply.body == text) << query;
  }
  EXPECT_EQ(client.ask(get("/made?0-1")).field("Content-Length"), "0");
  EXPECT_EQ(client.ask(get("/echo")).status, 200);
}

TEST(BodySender, SendsChunksWhenTheSizeIsNotKnown) {
  const auto server = start_server();
  Client client(server->port());
  for (const std::size_t piece : {999, 100'000, 5'000'000}) {
    const Reply reply = client.ask(get("/made?5000000-" + std::to_string(piece) + "-chunked"));
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.field("Content-Length"), "");
    EXPECT_EQ(reply.field("Transfer-Encoding"), "chunked");
    EXPECT_TRUE(reply.body == example_text(large_bytes)) << piece;
  }
  EXPECT_EQ(client.ask(get("/made?0-1-chunked")).body, "");
  EXPECT_EQ(client.ask(get("/echo")).status, 200);
}

TEST(BodySender, TheKernelSendsFiles) {
  const auto server = start_server();
  Client client(server->port());
  // Odd pieces: parts of the file and bytes take turns.
  for (const std::size_t piece : {1001, 99'999, 5'000'000}) {
    const Reply reply = client.ask(get("/made/binary?5000000-" + std::to_string(piece) + "-file"));
    EXPECT_EQ(reply.status, 200);
    EXPECT_TRUE(reply.body == example_text(large_bytes)) << piece;
  }
}

TEST(BodySender, CompressesText) {
  const auto server = start_server();
  Client client(server->port());
  const std::string accept = "Accept-Encoding: gzip\r\n";
  for (const char* query : {"5000000-999", "5000000-400000-chunked"}) {
    const Reply reply = client.ask(get(std::string("/made?") + query, accept));
    EXPECT_EQ(reply.field("Content-Encoding"), "gzip");
    EXPECT_EQ(reply.field("Transfer-Encoding"), "chunked");
    EXPECT_EQ(reply.field("Vary"), "Accept-Encoding");
    EXPECT_LT(reply.body.size(), large_bytes / 4);
    EXPECT_TRUE(gunzip(reply.body, large_bytes).value() == example_text(large_bytes)) << query;
  }
  EXPECT_EQ(client.ask(get("/made/binary?5000-999", accept)).body, example_text(5000));
  EXPECT_EQ(client.ask(get("/made?500-99", accept)).field("Content-Encoding"), "");
}

TEST(BodySender, HeadHasTheFieldsOfGet) {
  const auto server = start_server();
  Client client(server->port());
  const auto head = [&](const std::string& target) {
    client.send("HEAD " + target + " HTTP/1.1\r\nHost: a\r\n\r\n");
    return client.read(false);
  };
  EXPECT_EQ(head("/made?500-99").field("Content-Length"), "500");
  EXPECT_EQ(head("/made?500-99-chunked").field("Transfer-Encoding"), "chunked");
  EXPECT_EQ(client.ask(get("/echo")).status, 200);
}

TEST(BodySender, AnOldClientGetsAllUpToTheEndOfTheConnection) {
  const auto server = start_server();
  Client client(server->port());
  client.send("GET /made?5000-99-chunked HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const Reply reply = client.read(false);
  EXPECT_TRUE(reply.closes());
  EXPECT_EQ(reply.field("Transfer-Encoding"), "");
  EXPECT_EQ(client.read_some(6000, milliseconds(2000)), example_text(5000));
  EXPECT_TRUE(client.sees_end());
}

TEST(BodySender, ABodyThatFailsIsVisiblyCutOff) {
  const auto server = start_server();
  for (const char* query : {"5000-99-fail", "5000-99-short", "5000-99-long"}) {
    Client client(server->port());
    const Reply reply = client.ask(get(std::string("/made?") + query));
    EXPECT_EQ(reply.status, 0) << query;
    EXPECT_NE(reply.field("Content-Length"), "") << query;
  }
  Client client(server->port());
  EXPECT_EQ(client.ask(get("/made?5000-99-fail", "Accept-Encoding: gzip\r\n")).status, 0);
}

TEST(BodySender, AClientThatGoesAwayEndsIt) {
  const auto server = start_server();
  const int gone = example_bodies_gone;
  {
    Client client(server->port());
    client.set_receive_buffer(4096);
    client.send(get("/made?50000000-100000"));
    client.read_some(10'000, milliseconds(5000));
    client.reset();
  }
  EXPECT_TRUE(wait_until_gone(gone + 1));
}

TEST(BodySender, AClientThatDoesNotReadIsLetGo) {
  const auto server = start_server({.write_timeout_ms = 200});
  const int gone = example_bodies_gone;
  Client client(server->port());
  client.set_receive_buffer(4096);
  client.send(get("/made/binary?50000000-100000-file"));
  EXPECT_TRUE(wait_until_gone(gone + 1));
}

TEST(BodySender, OthersHaveTheirTurnWhileAFastClientReads) {
  const auto server = start_server();
  std::thread reader([&] {
    Client client(server->port());
    EXPECT_EQ(client.ask(get("/made/binary?100000000-200000")).body.size(), 100'000'000U);
  });
  Client client(server->port());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.ask(get("/echo")).status, 200);
  reader.join();
}

}  // namespace
}  // namespace lightbox::http::testing
