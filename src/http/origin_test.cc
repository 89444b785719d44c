#include "http/origin.h"

#include <gtest/gtest.h>

namespace lightbox::http {
namespace {

Request request_of(Method method, Fields fields) {
  Request request;
  request.method = method;
  request.fields = std::move(fields);
  return request;
}

OriginRules rules_with(std::vector<std::string> origins) {
  OriginRules rules;
  rules.public_url = "https://fhir.example.org";
  rules.allowed_hosts = {"pacs-gateway"};
  rules.cors_origins = std::move(origins);
  return rules;
}

TEST(Host, IsOursOrAnAddress) {
  const auto rules = rules_with({});
  for (const char* good : {"localhost", "LOCALHOST:8080", "127.0.0.1:8080", "[::1]:8080",
                           "10.1.2.3", "fhir.example.org", "pacs-gateway:8080"}) {
    EXPECT_TRUE(check_host(rules, request_of(Method::get, {{"Host", good}}))) << good;
  }
  for (const char* bad : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example",
                          "[::1]evil.example:80", "[::1", "localhost:evil", "localhost:8080:1",
                          "localhost:1234567", "localhost.", "127.1", "2130706433"}) {
    const auto checked = check_host(rules, request_of(Method::get, {{"Host", bad}}));
    ASSERT_FALSE(checked) << bad;
    EXPECT_EQ(checked.error().kind, ProblemKind::misdirected);
  }
}

TEST(Origin, OfAnotherPageMayNotChangeAnything) {
  const Fields fields = {{"Host", "localhost:8080"}, {"Origin", "http://evil.example"}};
  const auto none = rules_with({});
  EXPECT_TRUE(check_origin(none, request_of(Method::get, fields)));
  EXPECT_FALSE(check_origin(none, request_of(Method::post, fields)));
  EXPECT_FALSE(check_origin(none, request_of(Method::delete_, fields)));
  EXPECT_TRUE(check_origin(rules_with({"http://evil.example"}), request_of(Method::post, fields)));
  EXPECT_TRUE(check_origin(none, request_of(Method::post, {{"Host", "localhost:8080"},
                                                           {"Origin", "http://localhost:8080"}})));
}

TEST(Cors, AllowsWhatIsConfigured) {
  const Fields fields = {{"Host", "localhost:8080"},
                         {"Origin", "https://app.example"},
                         {"Access-Control-Request-Method", "PUT"}};
  const auto preflight = request_of(Method::options, fields);
  ASSERT_TRUE(is_preflight(preflight));
  EXPECT_EQ(preflight_response(rules_with({}), preflight).status, 403);
  EXPECT_EQ(preflight_response(rules_with({"https://app.example"}), preflight).status, 204);

  Response refused;
  add_cors_fields(rules_with({}), preflight, refused);
  ASSERT_EQ(refused.fields.size(), 1U);
  EXPECT_EQ(refused.fields[0].first, "Vary");
}

}  // namespace
}  // namespace lightbox::http
