#include "cli/settings.h"

#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

namespace lightbox::cli {
namespace {

std::string write_file(const std::string& text) {
  const std::string path = testing::TempDir() + "/lightbox-settings.toml";
  std::ofstream(path) << text;
  return path;
}

TEST(Settings, FlagsWinOverEnvironmentOverFile) {
  const auto path = write_file("page_size_max = 11\npage_size_default = 7\nthreads = 3\n");
  ::setenv("LIGHTBOX_PAGE_SIZE_MAX", "12", 1);
  const auto settings = Settings::resolve({{"config", path}, {"threads", "4"}});
  ::unsetenv("LIGHTBOX_PAGE_SIZE_MAX");
  ASSERT_TRUE(settings.has_value());
  EXPECT_EQ(settings->limits().page_size_default, 7U);
  EXPECT_EQ(settings->limits().page_size_max, 12U);
  EXPECT_EQ(settings->get("threads").value, "4");
  EXPECT_EQ(settings->get("threads").origin, "flag");
  EXPECT_EQ(settings->get("page_size_max").origin, "environment");
  EXPECT_EQ(settings->get("page_size_default").origin, "file " + path);
  EXPECT_EQ(settings->get("listen").origin, "default");
}

TEST(Settings, AllThatIsWrongIsTold) {
  const auto path = write_file("colour = 1\nbody_bytes_max = -1\ntime_zone = \"Paris\"\n");
  const auto settings = Settings::resolve({{"config", path}});
  ASSERT_FALSE(settings.has_value());
  EXPECT_EQ(settings.error().issues.size(), 3U);
}

TEST(Settings, AValueOfTheWrongFormIsRefused) {
  const std::pair<const char*, const char*> wrong[] = {{"threads", "many"},
                                                       {"threads", "-1"},
                                                       {"log_level", "loud"},
                                                       {"study_id", "name"},
                                                       {"time_zone", "+25:00"},
                                                       {"insecure", "yes"},
                                                       {"public_url", "fhir.example.org"},
                                                       {"cors_origin", "app"},
                                                       {"cors_origin", "https://a.example/,*"},
                                                       {"page_size_max", "0"},
                                                       {"page_size_max", "1e3"},
                                                       {"body_bytes_max", "64 MB"},
                                                       {"data", ""}};
  for (const auto& [name, value] : wrong) {
    const auto settings = Settings::resolve({{name, value}});
    ASSERT_FALSE(settings.has_value()) << name << " " << value;
    EXPECT_TRUE(settings.error().issues[0].diagnostics.starts_with(name));
  }
  for (const char* text : {"data = 2024-01-01\n", "page_size_max = 1.5\n", "[data]\nx = 1\n"}) {
    EXPECT_FALSE(Settings::resolve({{"config", write_file(text)}}).has_value()) << text;
  }
}

// What --print-config shows is a file that says the same.
TEST(Settings, ThePrintedConfigurationIsOne) {
  const auto settings = Settings::resolve({{"data", "a \"quoted\\ folder"},
                                           {"cors_origin", "https://a.example,https://b.example"},
                                           {"insecure", "true"},
                                           {"page_size_max", "17"}});
  ASSERT_TRUE(settings.has_value());
  const auto again = Settings::resolve({{"config", write_file(settings->print())}});
  ASSERT_TRUE(again.has_value());
  for (const auto& info : setting_infos()) {
    if (info.name == "config") continue;
    EXPECT_EQ(again->get(info.name).value, settings->get(info.name).value) << info.name;
  }
}

TEST(Settings, SourcesAreTablesOfTheFile) {
  const auto path = write_file(
      "threads = 3\n[sources.main]\nprotocol = \"dicomweb\"\nurl = "
      "\"https://pacs.example.org/dw\"\n"
      "requests_per_second = 2.5\nhours = [\"19:00-07:00\"]\ntoken = \"secret\"\n"
      "[sources.old]\nprotocol = \"dimse\"\npeer = \"PACS=10.0.0.9:104\"\nresults_max = 200\n");
  const auto settings = Settings::resolve({{"config", path}});
  ASSERT_TRUE(settings.has_value());
  ASSERT_EQ(settings->sources().size(), 2U);
  EXPECT_EQ(settings->sources()[0].name, "main");
  EXPECT_EQ(settings->sources()[0].requests_per_second, 2.5);
  EXPECT_EQ(settings->sources()[1].results_max, 200U);
  EXPECT_EQ(settings->get("threads").value, "3");
  EXPECT_EQ(settings->print().find("secret"), std::string::npos);
  const auto again = Settings::resolve({{"config", write_file(settings->print())}});
  ASSERT_TRUE(again.has_value());
  ASSERT_EQ(again->sources().size(), 2U);
  EXPECT_EQ(again->sources()[0].hours.size(), 1U);
  EXPECT_EQ(again->sources()[1].results_max, 200U);
}

TEST(Settings, SourcesThatAreWrongAreTold) {
  const auto path = write_file(
      "colour = 1\n[sources.main]\nprotocol = \"dicomweb\"\nurl = 7\nhours = 2024-01-01\n"
      "[sources]\nold = 1\n");
  EXPECT_FALSE(Settings::resolve({{"config", path}}).has_value());
  const auto wrong = Settings::resolve(
      {{"config", write_file("colour = 1\n[sources.main]\nprotocol = \"dimse\"\nhours = 7\n")}});
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().issues.size(), 3U);
}

TEST(Settings, ListsComeAsArraysOrCommas) {
  const auto path = write_file("cors_origin = [\"https://a.example\", \"https://b.example\"]\n");
  const auto settings = Settings::resolve({{"config", path}, {"allowed_host", "x,y"}});
  ASSERT_TRUE(settings.has_value());
  EXPECT_EQ(settings->api_options().origins.cors_origins.size(), 2U);
  EXPECT_EQ(settings->api_options().origins.allowed_hosts.size(), 2U);
}

TEST(Settings, ListenIsAddressAndPort) {
  const auto v6 = Settings::resolve({{"listen", "[::1]:0"}});
  EXPECT_EQ(v6->server_options()->address, "::1");
  EXPECT_EQ(v6->server_options()->port, 0);
  EXPECT_FALSE(Settings::resolve({{"listen", "127.0.0.1:80800"}})->server_options().has_value());
  EXPECT_FALSE(Settings::resolve({{"listen", "8080"}})->server_options().has_value());
}

// The page and the table are one.
TEST(Settings, AreAllInTheDocumentation) {
  std::ifstream file("docs/configuration.md");
  std::stringstream text;
  text << file.rdbuf();
  for (const auto& info : setting_infos()) {
    if (info.name == "config") continue;
    const std::string row = info.name + " with its default, " + info.default_value;
    const bool is_there =
        text.str().find("| `" + info.name + "` | " + info.default_value) != std::string::npos ||
        text.str().find("| `" + info.name + "` | `" + info.default_value + "`") !=
            std::string::npos;
    EXPECT_TRUE(is_there) << row;
  }
}

}  // namespace
}  // namespace lightbox::cli
