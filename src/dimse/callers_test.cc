#include "dimse/callers.h"

#include <gtest/gtest.h>

namespace lightbox::dimse {
namespace {

constexpr auto refused = Callers::Unlisted::refused;
constexpr auto accepted = Callers::Unlisted::accepted;

TEST(Callers, AnybodyOnThisMachine) {
  const auto callers = Callers::parse({"CT1=10.0.0.5"});
  ASSERT_TRUE(callers.has_value());
  EXPECT_TRUE(callers->accepts("WHOEVER", "127.0.0.1", refused));
  EXPECT_TRUE(callers->accepts("", "127.8.0.1", refused));
  EXPECT_TRUE(callers->accepts("WHOEVER", "::1", refused));
}

TEST(Callers, OfOtherMachinesThoseThatAreListed) {
  const auto callers =
      Callers::parse({"CT1=10.0.0.5", " MR2 ", "US3=10.1.0.0/16", "*=10.2.3.0/24", "V6=fd00::/8"});
  ASSERT_TRUE(callers.has_value());
  struct Case {
    const char* title;
    const char* address;
    bool is_accepted;
  };
  const Case cases[] = {
      {"CT1", "10.0.0.5", true},   {"CT1 ", "10.0.0.5", true}, {"CT1", "10.0.0.6", false},
      {"ct1", "10.0.0.5", false},  {"MR2", "192.0.2.1", true}, {"MR2", "2001:db8::1", true},
      {"US3", "10.1.200.7", true}, {"US3", "10.2.0.1", false}, {"ANY", "10.2.3.4", true},
      {"ANY", "10.2.4.4", false},  {"V6", "fd12::1", true},    {"V6", "fe80::1", false},
      {"V6", "10.2.0.1", false},   {"", "10.0.0.5", false},    {"CT1", "nonsense", false},
  };
  for (const auto& [title, address, is_accepted] : cases) {
    EXPECT_EQ(callers->accepts(title, address, refused), is_accepted) << title << " " << address;
    EXPECT_EQ(callers->accepts(title, address, accepted), is_accepted) << title << " " << address;
  }
}

TEST(Callers, WithoutAListAllOrNone) {
  const auto callers = Callers::parse({});
  EXPECT_FALSE(callers->accepts("CT1", "10.0.0.5", refused));
  EXPECT_TRUE(callers->accepts("CT1", "10.0.0.5", accepted));
}

TEST(Callers, AnEntryThatIsNoneIsNamed) {
  for (const char* entry : {"", "=10.0.0.5", "CT1=", "CT1=host", "CT1=10.0.0.0/40",
                            "ABCDEFGHIJKLMNOPQ", "A\\B", "CT1=10.0.0.5=", "CT\xC3\xA4"}) {
    const auto callers = Callers::parse({entry});
    ASSERT_FALSE(callers.has_value()) << entry;
    EXPECT_NE(callers.error().issues[0].diagnostics.find("'" + std::string(entry) + "'"),
              std::string::npos);
  }
}

TEST(Callers, APeerIsTitleHostAndPort) {
  const auto peer = parse_peer("ARCHIVE=pacs.example.org:104");
  ASSERT_TRUE(peer.has_value());
  EXPECT_EQ(peer->ae_title, "ARCHIVE");
  EXPECT_EQ(peer->host, "pacs.example.org");
  EXPECT_EQ(peer->port, 104);
  EXPECT_EQ(parse_peer("V6=[::1]:104")->host, "::1");
  EXPECT_EQ(peer->transport, PeerAddress::Transport::tcp);
  const auto secure = parse_peer("ARCHIVE=tls://pacs.example.org:2762");
  ASSERT_TRUE(secure.has_value());
  EXPECT_EQ(secure->host, "pacs.example.org");
  EXPECT_EQ(secure->port, 2762);
  EXPECT_EQ(secure->transport, PeerAddress::Transport::tls);
  for (const char* text : {"ARCHIVE", "ARCHIVE=host", "ARCHIVE=:104", "=host:104", "A=host:0",
                           "A=host:65536", "A=host:x", "A:1=host"}) {
    EXPECT_FALSE(parse_peer(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace lightbox::dimse
