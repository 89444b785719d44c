// Each limit of base/limits.h that is http's: what passes, what does not, what the client is told;
// and that those who wait for a limit hold up nobody else.

#include <chrono>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "http/compression.h"
#include "http/testing.h"

namespace lightbox::http::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using ::testing::HasSubstr;

void expect_refused(const Server& server, std::string_view bytes, int status,
                    std::string_view limit) {
  Client client(server.port());
  const Reply reply = client.ask(bytes);
  EXPECT_EQ(reply.status, status) << limit;
  EXPECT_THAT(reply.body, HasSubstr(limit));
  EXPECT_TRUE(reply.closes()) << limit;
  EXPECT_TRUE(client.sees_end()) << limit;
}

TEST(Limits, Header) {
  Limits limits;
  limits.header_bytes_max = 1000;
  const auto server = start_server(limits);
  Client client(server->port());
  EXPECT_EQ(client.ask(get("/echo", "X: " + std::string(900, 'a') + "\r\n")).status, 200);
  expect_refused(*server, get("/echo", "X: " + std::string(1000, 'a') + "\r\n"), 431,
                 "header_bytes_max");
  expect_refused(*server, "GET / HTTP/1.1\r\nX: " + std::string(2000, 'a'), 431,
                 "header_bytes_max");
}

TEST(Limits, Url) {
  Limits limits;
  limits.url_bytes_max = 1000;
  const auto server = start_server(limits);
  Client client(server->port());
  EXPECT_EQ(client.ask(get("/echo?" + std::string(994, 'a'))).status, 200);
  expect_refused(*server, get("/echo?" + std::string(995, 'a')), 414, "url_bytes_max");
  expect_refused(*server, "GET /" + std::string(50'000, 'a'), 414, "url_bytes_max");
}

TEST(Limits, Body) {
  Limits limits;
  limits.body_bytes_max = 100'000;
  const auto server = start_server(limits);
  Client client(server->port());
  EXPECT_EQ(client.ask(post("/echo", std::string(100'000, 'a'))).status, 200);
  EXPECT_EQ(client.ask(get("/echo")).status, 200);
  // By its Content-Length, at once; and though the client sends all before it reads.
  expect_refused(*server, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n",
                 413, "body_bytes_max");
  expect_refused(*server, post("/echo", std::string(5'000'000, 'a')), 413, "body_bytes_max");
  // In chunks, which do not say before.
  std::string chunked = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 30; ++i) chunked += "1000\r\n" + std::string(4096, 'a') + "\r\n";
  expect_refused(*server, chunked, 413, "body_bytes_max");
  // Instead of 100 Continue.
  expect_refused(*server,
                 "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\nExpect: "
                 "100-continue\r\n\r\n",
                 413, "body_bytes_max");
  // Compressed.
  expect_refused(*server,
                 post("/echo", gzip(std::string(100'001, 'a')), "Content-Encoding: gzip\r\n"), 413,
                 "body_bytes_max");
  expect_refused(*server,
                 post("/echo", gzip(std::string(50'000'000, 'a')), "Content-Encoding: gzip\r\n"),
                 413, "body_bytes_max");
}

TEST(Limits, BytesInFlight) {
  Limits limits;
  limits.requests_in_flight_bytes_max = 100'000;
  const auto server = start_server(limits);
  Client holder(server->port());
  holder.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 90001\r\n\r\n" +
              std::string(90'000, 'a'));
  std::this_thread::sleep_for(milliseconds(100));
  expect_refused(*server, post("/echo", std::string(20'000, 'a')), 503,
                 "requests_in_flight_bytes_max");
  Client small(server->port());
  EXPECT_EQ(small.ask(post("/echo", std::string(5'000, 'a'))).status, 200);
  // A promise alone takes nothing from others.
  std::vector<Client> promisers;
  for (int i = 0; i < 20; ++i) {
    promisers.emplace_back(server->port());
    promisers.back().send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n\r\n");
  }
  EXPECT_EQ(small.ask(post("/echo", std::string(5'000, 'a'))).status, 200);
  EXPECT_EQ(holder.ask("a").status, 200);
  EXPECT_EQ(small.ask(post("/echo", std::string(90'000, 'a'))).status, 200) << "given back";
}

TEST(Limits, ConnectionsInAll) {
  Limits limits;
  limits.connections_max = 5;
  const auto server = start_server(limits, 2);
  std::vector<Client> clients;
  for (int i = 0; i < 5; ++i) {
    clients.emplace_back(server->port());
    ASSERT_EQ(clients.back().ask(get("/echo")).status, 200);
  }
  expect_refused(*server, get("/echo"), 503, "connections_max");
  {
    Client silent(server->port());
    const Reply reply = silent.read();
    EXPECT_EQ(reply.status, 503) << "need not ask to be told";
    EXPECT_EQ(reply.field("Retry-After"), "1");
  }
  EXPECT_EQ(server->counts().refused_total, 2U);
  EXPECT_EQ(clients.front().ask(get("/echo")).status, 200);
  clients.pop_back();
  int status = 0;
  for (int i = 0; i < 100 && status != 200; ++i) {
    status = Client(server->port()).ask(get("/echo")).status;
    std::this_thread::sleep_for(milliseconds(5));
  }
  EXPECT_EQ(status, 200) << "there is room again";
}

TEST(Limits, ConnectionsOfOneAddress) {
  Limits limits;
  limits.connections_per_address_max = 3;
  const auto server = start_server(limits, 1, "0.0.0.0");
  std::vector<Client> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back(server->port());
    ASSERT_EQ(clients.back().ask(get("/echo")).status, 200);
  }
  expect_refused(*server, get("/echo"), 429, "connections_per_address_max");
}

TEST(Limits, TimeForTheHeader) {
  Limits limits;
  limits.header_timeout_ms = 200;
  const auto server = start_server(limits);
  Client slow(server->port());
  const auto begin = steady_clock::now();
  // A byte now and then does not buy time.
  while (steady_clock::now() - begin < std::chrono::seconds(5) && slow.send("G")) {
    if (!slow.read_some(1, milliseconds(20)).empty()) break;
  }
  EXPECT_GE(steady_clock::now() - begin, milliseconds(190));
  EXPECT_LT(steady_clock::now() - begin, milliseconds(4000));
  expect_refused(*server, "GET / HTTP/1.1\r\nHos", 408, "header_timeout_ms");
}

TEST(Limits, TimeForTheBody) {
  Limits limits;
  limits.body_timeout_ms = 200;
  const auto server = start_server(limits);
  expect_refused(*server, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc", 408,
                 "body_timeout_ms");
  expect_refused(*server,
                 "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", 408,
                 "body_timeout_ms");
  Client client(server->port());
  EXPECT_EQ(client.ask(get("/wait?500")).body, "waited") << "the handler has its own time";
}

TEST(Limits, TimeBetweenRequests) {
  Limits limits;
  limits.idle_timeout_ms = 200;
  const auto server = start_server(limits);
  Client silent(server->port());
  Client used(server->port());
  EXPECT_EQ(used.ask(get("/echo")).status, 200);
  EXPECT_TRUE(silent.sees_end(milliseconds(2000)));
  EXPECT_TRUE(used.sees_end(milliseconds(2000)));
  EXPECT_EQ(server->counts().refused_total, 0U);
}

TEST(Limits, TimeForTheReader) {
  Limits limits;
  limits.write_timeout_ms = 200;
  const auto server = start_server(limits);
  Client reader(server->port());
  reader.set_receive_buffer(4096);
  reader.send(get("/zeros?50000000"));
  for (int i = 0; i < 300 && server->counts().connections_open != 0; ++i) {
    std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_EQ(server->counts().connections_open, 0U);
}

// One thread, many clients that do each thing as slowly as they can: the fast one notices nothing.
TEST(Limits, SlowClientsHoldUpNobody) {
  const auto server = start_server();
  std::vector<Client> slow;
  for (int i = 0; i < 50; ++i) {
    slow.emplace_back(server->port()).send("GET /ec");
    slow.emplace_back(server->port())
        .send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc");
    slow.emplace_back(server->port()).send(get("/wait?60000"));
    if (i < 5) slow.emplace_back(server->port()).send(get("/zeros?20000000"));
  }
  std::this_thread::sleep_for(milliseconds(100));
  Client fast(server->port());
  const auto begin = steady_clock::now();
  constexpr int count = 200;
  for (int i = 0; i < count; ++i) {
    ASSERT_EQ(fast.ask(get("/echo")).status, 200);
    slow[static_cast<std::size_t>(i) % 2].send("a");
  }
  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(5));
}

// A large body is compressed in slices, and others have their turn in between. Without the slices,
// the small answer could never be first; with them, this client may be too slow to notice, so it
// tries again.
TEST(Limits, CompressionHoldsUpNobody) {
  const auto server = start_server();
  Client fast(server->port());
  EXPECT_EQ(fast.ask(get("/echo")).status, 200);
  bool was_first = false;
  for (int attempt = 0; attempt < 10 && !was_first; ++attempt) {
    Client large(server->port());
    large.send(get("/bytes?20000000", "Accept-Encoding: gzip\r\n"));
    std::this_thread::sleep_for(milliseconds(50));
    EXPECT_EQ(fast.ask(get("/echo")).status, 200);
    was_first = large.read_some(1, milliseconds(0)).empty();
  }
  EXPECT_TRUE(was_first);
}

TEST(Limits, NoFileDescriptorsLeft) {
  const auto server = start_server();
  Client before(server->port());
  EXPECT_EQ(before.ask(get("/echo")).status, 200);
  Client waiting(server->port());  // connected by the kernel, accepted below or not
  rlimit old_limit{};
  ::getrlimit(RLIMIT_NOFILE, &old_limit);
  std::vector<Client> clients;
  std::vector<int> taken;
  // Client sockets first, then everything that is left.
  const int lowest = ::dup(0);
  ::close(lowest);
  const rlimit low{static_cast<rlim_t>(lowest) + 20, old_limit.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &low);
  for (int i = 0; i < 8; ++i) clients.emplace_back(server->port());
  for (int descriptor = ::dup(0); descriptor >= 0; descriptor = ::dup(0))
    taken.push_back(descriptor);
  for (Client& client : clients) client.send(get("/echo"));
  rusage usage_before{};
  rusage usage_after{};
  ::getrusage(RUSAGE_SELF, &usage_before);
  std::this_thread::sleep_for(milliseconds(300));
  ::getrusage(RUSAGE_SELF, &usage_after);
  EXPECT_EQ(before.ask(get("/echo")).status, 200) << "those who are in are served";
  const auto spent_us = (usage_after.ru_utime.tv_sec - usage_before.ru_utime.tv_sec) * 1'000'000 +
                        (usage_after.ru_utime.tv_usec - usage_before.ru_utime.tv_usec);
  EXPECT_LT(spent_us, 200'000) << "accepting spins";
  ::setrlimit(RLIMIT_NOFILE, &old_limit);
  for (const int descriptor : taken) ::close(descriptor);
  for (Client& client : clients) EXPECT_EQ(client.read().status, 200);
  EXPECT_EQ(waiting.ask(get("/echo")).status, 200);
}

}  // namespace
}  // namespace lightbox::http::testing
