#include "pacs/source.h"

#include <fstream>
#include <gmock/gmock.h>

namespace lightbox::pacs {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

SourceTable dicomweb_table() {
  return {{"protocol", {"dicomweb"}}, {"url", {"https://pacs.example.org/dicom-web/"}}};
}

std::vector<std::string> wrongs(const SourceTable& table) {
  const auto source = parse_source("main", table);
  std::vector<std::string> texts;
  if (source) return texts;
  EXPECT_EQ(source.error().kind, ProblemKind::invalid);
  for (const Issue& issue : source.error().issues) texts.push_back(issue.diagnostics);
  return texts;
}

TEST(Source, DicomwebHasOneRootOrSeveral) {
  auto table = dicomweb_table();
  const auto source = parse_source("main", table);
  ASSERT_TRUE(source);
  const auto& access = std::get<DicomwebAccess>(source->access);
  EXPECT_EQ(access.qido_url, "https://pacs.example.org/dicom-web");
  EXPECT_EQ(access.wado_url, access.qido_url);
  table["wado_url"] = {"https://images.example.org/wado"};
  EXPECT_EQ(std::get<DicomwebAccess>(parse_source("main", table)->access).wado_url,
            "https://images.example.org/wado");
}

TEST(Source, DimseHasAPeer) {
  const auto source = parse_source("old", {{"protocol", {"dimse"}},
                                           {"peer", {"PACS=tls://10.0.0.9:2762"}},
                                           {"retrieve", {"move"}},
                                           {"root", {"patient"}}});
  ASSERT_TRUE(source);
  const auto& peer = std::get<DimseAccess>(source->access).peer;
  EXPECT_EQ(peer.ae_title, "PACS");
  EXPECT_EQ(peer.port, 2762);
  EXPECT_EQ(peer.transport, dimse::PeerAddress::Transport::tls);
  EXPECT_EQ(std::get<DimseAccess>(source->access).retrieve, DimseAccess::Retrieve::move);
  EXPECT_EQ(std::get<DimseAccess>(source->access).root, dimse::QueryModel::patient_root);
  EXPECT_THAT(
      wrongs({{"protocol", {"dimse"}}, {"peer", {"A=b:1"}}, {"retrieve", {"pull"}}}).front(),
      HasSubstr("sources.main.retrieve is 'pull'; it must be"));
  EXPECT_THAT(print_source(*source), HasSubstr("peer = \"PACS=tls://10.0.0.9:2762\""));
}

TEST(Source, AllSettingsAreRead) {
  auto table = dicomweb_table();
  table["patient_system"] = {"urn:oid:1.2.3"};
  table["dicom_time_zone"] = {"Europe/Berlin"};
  table["hours"] = {"19:00-07:00", "12:00-13:00"};
  table["requests_per_second"] = {"0.5"};
  table["connections_max"] = {"4"};
  table["retries_max"] = {"0"};
  table["timeout_ms"] = {"5000"};
  table["results_max"] = {"100"};
  table["image_connections_max"] = {"12"};
  table["image_requests_per_second"] = {"99.5"};
  table["headers"] = {"X-Tenant: a, b"};
  table["token"] = {"secret"};
  const auto source = parse_source("main", table);
  ASSERT_TRUE(source);
  EXPECT_EQ(source->hours.size(), 2U);
  EXPECT_EQ(source->requests_per_second, 0.5);
  EXPECT_EQ(source->connections_max, 4U);
  EXPECT_EQ(source->retries_max, 0U);
  EXPECT_EQ(source->results_max, 100U);
  EXPECT_EQ(source->image_connections_max, 12U);
  EXPECT_EQ(source->image_requests_per_second, 99.5);
  EXPECT_EQ(std::get<DicomwebAccess>(source->access).headers.front(), "X-Tenant: a, b");
  const std::string printed = print_source(*source);
  EXPECT_THAT(printed, HasSubstr("hours = [\"19:00-07:00\", \"12:00-13:00\"]"));
  EXPECT_THAT(printed, HasSubstr("image_connections_max = 12\n"));
  EXPECT_THAT(printed, HasSubstr("image_requests_per_second = 99.5\n"));
  EXPECT_THAT(printed, Not(HasSubstr("secret")));
  EXPECT_THAT(printed, Not(HasSubstr("X-Tenant")));
}

TEST(Source, ATokenMayBeInAFile) {
  const std::string path = ::testing::TempDir() + "/lightbox-token";
  std::ofstream(path) << "abc.def\n";
  auto table = dicomweb_table();
  table["token_file"] = {path};
  EXPECT_EQ(std::get<DicomwebAccess>(parse_source("main", table)->access).token, "abc.def");
  table["token"] = {"xyz"};
  EXPECT_EQ(wrongs(table).size(), 1U);
  table.erase("token");
  table["token_file"] = {path + "-not-there"};
  EXPECT_THAT(wrongs(table).front(), HasSubstr("sources.main.token_file is"));
}

// Each message names the key, the value, and what would be right.
TEST(Source, WhatIsWrongIsSaid) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"url", "pacs.example.org"},
      {"url", "https://user:secret@pacs.example.org"},
      {"qido_url", "ftp://a"},
      {"headers", "no colon"},
      {"headers", "A: b\r\nC: d"},
      {"patient_system", "hospital"},
      {"dicom_time_zone", "Berlin"},
      {"hours", "7-19"},
      {"requests_per_second", "0"},
      {"requests_per_second", "fast"},
      {"connections_max", "0"},
      {"connections_max", "2.5"},
      {"retries_max", "-1"},
      {"timeout_ms", "10"},
      {"results_max", "0"},
      {"ca_file", "/not/there.pem"},
      {"protocol", "http"},
      {"image_connections_max", "65"},
      {"image_requests_per_second", "0"},
  };
  for (const auto& [key, value] : cases) {
    auto table = dicomweb_table();
    table[key] = {value};
    const auto found = wrongs(table);
    ASSERT_FALSE(found.empty()) << key << " " << value;
    EXPECT_THAT(found.front(),
                AllOf(HasSubstr("sources.main." + key), HasSubstr(value), HasSubstr("must be")));
  }
}

TEST(Source, AllThatIsWrongIsSaidAtOnce) {
  EXPECT_EQ(
      wrongs({{"protocol", {"dicomweb"}}, {"colour", {"red"}}, {"results_max", {"x"}}}).size(), 3U);
  EXPECT_THAT(wrongs({}).front(), HasSubstr("sources.main.protocol is missing"));
  EXPECT_THAT(wrongs({{"protocol", {"dimse"}}}).front(), HasSubstr("sources.main.peer is missing"));
  EXPECT_THAT(wrongs({{"protocol", {"dimse"}}, {"peer", {"A=b:1"}}, {"url", {"http://a"}}}).front(),
              HasSubstr("sources.main.url is a setting of DICOMweb"));
  EXPECT_THAT(
      wrongs({{"protocol", {"dimse"}}, {"peer", {"A=b:1"}}, {"qido_url", {"http://h"}}}).front(),
      HasSubstr("sources.main.qido_url is a setting of DICOMweb"));
  EXPECT_FALSE(parse_source("a b", dicomweb_table()));
}

TEST(Source, AKeyGoesWithItsCertificate) {
  const std::string path = ::testing::TempDir() + "/lightbox-certificate";
  std::ofstream(path) << "PEM\n";
  auto table = dicomweb_table();
  table["certificate_file"] = {path};
  EXPECT_THAT(wrongs(table).front(), HasSubstr("sources.main.key_file is missing"));
}

}  // namespace
}  // namespace lightbox::pacs
