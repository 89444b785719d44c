#include "base/network.h"

#include <gtest/gtest.h>

namespace lightbox {
namespace {

TEST(Network, HoldsItsAddresses) {
  struct Case {
    const char* address;
    const char* network;
    bool is_in;
  };
  const Case cases[] = {
      {"10.0.0.5", "10.0.0.5", true},     {"10.0.0.6", "10.0.0.5", false},
      {"10.0.0.5", "10.0.0.0/24", true},  {"10.0.1.5", "10.0.0.0/24", false},
      {"10.0.0.5", "10.0.0.9/24", true},  {"192.0.2.1", "0.0.0.0/0", true},
      {"::1", "0.0.0.0/0", false},        {"::1", "::1", true},
      {"fd12::1", "fd00::/8", true},      {"fe80::1", "fd00::/8", false},
      {"10.0.0.5", "fd00::/8", false},    {"nonsense", "10.0.0.0/8", false},
      {"10.0.0.5", "10.0.0.0/33", false}, {"10.0.0.5", "", false},
  };
  for (const auto& [address, network, is_in] : cases) {
    EXPECT_EQ(is_in_network(address, network), is_in) << address << " " << network;
  }
}

TEST(Network, IsAnAddressOrHasAPrefix) {
  for (const char* text : {"10.0.0.5", "10.0.0.0/24", "::1", "fd00::/8", "0.0.0.0/0"}) {
    EXPECT_TRUE(is_network(text)) << text;
  }
  for (const char* text : {"", "host", "10.0.0", "10.0.0.0/33", "10.0.0.0/", "fd00::/129", "/8"}) {
    EXPECT_FALSE(is_network(text)) << text;
  }
}

}  // namespace
}  // namespace lightbox
