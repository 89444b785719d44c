#include "cli/serve_dimse.h"

#include <gtest/gtest.h>

namespace lightbox::cli {
namespace {

Result<dimse::ServerOptions> options_of(const std::map<std::string, std::string>& flags) {
  const auto settings = Settings::resolve(flags);
  if (!settings) return settings.error();
  return dimse_options(*settings);
}

TEST(ServeDimse, TheDefaultsAreOfThisMachineOnly) {
  const auto options = options_of({});
  ASSERT_TRUE(options.has_value());
  EXPECT_EQ(options->listen->address, "127.0.0.1");
  EXPECT_EQ(options->listen->port, 11112);
  EXPECT_FALSE(options->tls.has_value());
  EXPECT_EQ(options->ae_title, "LIGHTBOX");
  EXPECT_EQ(options->called, dimse::CalledTitles::any);
  EXPECT_EQ(options->unknown, dimse::UnknownClasses::stored);
  EXPECT_EQ(options->unlisted, dimse::Callers::Unlisted::refused);
}

TEST(ServeDimse, TakesWhatTheSettingsSay) {
  const auto options = options_of({{"dimse", "off"},
                                   {"dimse_tls_listen", "[::1]:0"},
                                   {"dimse_tls_cert", "c.pem"},
                                   {"dimse_tls_key", "k.pem"},
                                   {"dimse_tls_client", "ignored"},
                                   {"dimse_called", "own"},
                                   {"dimse_unknown", "refuse"},
                                   {"peer", "A=host:104,B=[::1]:105"}});
  ASSERT_TRUE(options.has_value());
  EXPECT_FALSE(options->listen.has_value());
  EXPECT_EQ(options->tls->listen.address, "::1");
  EXPECT_EQ(options->tls->clients, dimse::ClientCertificates::ignored);
  EXPECT_EQ(options->called, dimse::CalledTitles::own);
  EXPECT_EQ(options->unknown, dimse::UnknownClasses::refused);
  ASSERT_EQ(options->peers.size(), 2U);
  EXPECT_EQ(options->peers[1].port, 105);
}

TEST(ServeDimse, WhatIsWrongIsNamed) {
  const std::map<std::string, std::string> tls = {
      {"dimse_tls_listen", "127.0.0.1:0"}, {"dimse_tls_cert", "c.pem"}, {"dimse_tls_key", "k.pem"}};
  const std::pair<const char*, const char*> wrong[] = {
      {"dimse", "11112"},           {"dimse", "host:11112"},
      {"dimse", "127.0.0.1:99999"}, {"aet", ""},
      {"aet", "MORE THAN SIXTEEN"}, {"dimse_called", "mine"},
      {"dimse_unknown", "maybe"},   {"dimse_accept", "CT1=nowhere"},
      {"peer", "CT1=nowhere"},      {"dimse_tls_listen", "on"},
  };
  for (const auto& [name, value] : wrong) {
    const auto options = options_of({{name, value}});
    ASSERT_FALSE(options.has_value()) << name << " " << value;
    EXPECT_NE(options.error().issues[0].diagnostics.find(value), std::string::npos) << name;
  }
  const auto without_ca = options_of(tls);
  ASSERT_FALSE(without_ca.has_value());
  EXPECT_TRUE(without_ca.error().issues[0].diagnostics.starts_with("dimse_tls_ca"));
}

TEST(ServeDimse, OtherMachinesMayComeWhenItIsSaidWhich) {
  const std::map<std::string, std::string> open = {{"dimse", "0.0.0.0:0"}};
  EXPECT_EQ(options_of(open).error().kind, ProblemKind::forbidden);
  auto listed = open;
  listed["dimse_accept"] = "CT1";
  EXPECT_TRUE(options_of(listed).has_value());
  auto insecure = open;
  insecure["insecure"] = "true";
  EXPECT_EQ(options_of(insecure)->unlisted, dimse::Callers::Unlisted::accepted);

  std::map<std::string, std::string> tls = {{"dimse_tls_listen", "0.0.0.0:0"},
                                            {"dimse_tls_cert", "c.pem"},
                                            {"dimse_tls_key", "k.pem"},
                                            {"dimse_tls_ca", "ca.pem"}};
  EXPECT_TRUE(options_of(tls).has_value());
  tls["dimse_tls_client"] = "wanted";
  EXPECT_EQ(options_of(tls).error().kind, ProblemKind::forbidden);
}

}  // namespace
}  // namespace lightbox::cli
