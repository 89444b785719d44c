#include "http/router.h"

#include <gtest/gtest.h>

namespace lightbox::http {
namespace {

constexpr RoutePattern table[] = {
    {Method::get, "/"},
    {Method::get, "/baseR4/metadata"},
    {Method::post, "/baseR4"},
    {Method::get, "/baseR4/{type}"},
    {Method::post, "/baseR4/{type}"},
    {Method::post, "/baseR4/{type}/_search"},
    {Method::get, "/baseR4/{type}/{id}"},
    {Method::put, "/baseR4/{type}/{id}"},
    {Method::get, "/baseR4/{type}/{id}/_history"},
    {Method::get, "/baseR4/{resource}/{id}/_history/{version}"},
    {Method::get, "/baseR4/Patient/{id}/{type}"},
    {Method::get, "/baseR4/{type}/${operation}"},
    {Method::post, "/baseR4/{type}/{id}/${operation}"},
    {Method::get, "/baseR4/{type}/{id}/bulk/{path*}"},
};

struct Case {
  Method method;
  std::string_view path;
  std::size_t index;
  std::vector<std::string> captures;
};

TEST(Router, FindsTheMostLiteralRow) {
  const Case cases[] = {
      {Method::get, "/", 0, {}},
      {Method::get, "/baseR4/metadata", 1, {}},
      {Method::head, "/baseR4/metadata", 1, {}},
      {Method::post, "/baseR4", 2, {}},
      {Method::post, "/baseR4/", 2, {}},
      {Method::get, "/baseR4/Patient", 3, {"Patient"}},
      {Method::post, "/baseR4/Patient", 4, {"Patient"}},
      {Method::post, "/baseR4/Patient/_search", 5, {"Patient"}},
      {Method::get, "/baseR4/ImagingStudy/1", 6, {"ImagingStudy", "1"}},
      {Method::get, "/baseR4/ImagingStudy/1/", 6, {"ImagingStudy", "1"}},
      {Method::put, "/baseR4/A/a%2Fb", 7, {"A", "a/b"}},
      {Method::get, "/baseR4/A/1/_history", 8, {"A", "1"}},
      {Method::get, "/baseR4/A/1/_history/2", 9, {"A", "1", "2"}},
      {Method::get, "/baseR4/Patient/1/ImagingStudy", 10, {"1", "ImagingStudy"}},
      {Method::get, "/baseR4/%6Detadata", 1, {}},
      {Method::get, "/baseR4/ValueSet/$expand", 11, {"ValueSet", "$expand"}},
      {Method::get, "/baseR4/ValueSet/%24expand", 11, {"ValueSet", "$expand"}},
      {Method::post, "/baseR4/ValueSet/1/$expand", 12, {"ValueSet", "1", "$expand"}},
      {Method::get, "/baseR4/A/1/bulk/x", 13, {"A", "1", "x"}},
      {Method::get, "/baseR4/A/1/bulk/x/2/y", 13, {"A", "1", "x/2/y"}},
  };
  const Router router(table);
  for (const Case& c : cases) {
    std::string allowed;
    const auto match = router.match(c.method, c.path, allowed);
    ASSERT_TRUE(match) << c.path;
    EXPECT_EQ(match->index, c.index) << c.path;
    EXPECT_EQ(match->captures, c.captures) << c.path;
    EXPECT_EQ(allowed, "") << c.path;
  }
}

TEST(Router, SaysWhatIsAllowed) {
  const Router router(table);
  std::string allowed;
  const auto match = router.match(Method::delete_, "/baseR4/Patient", allowed);
  ASSERT_FALSE(match);
  EXPECT_EQ(match.error().kind, ProblemKind::method_not_allowed);
  EXPECT_EQ(allowed, "GET, HEAD, POST");
  EXPECT_FALSE(router.match(Method::get, "/baseR4/Patient/_search", allowed));
  EXPECT_EQ(allowed, "POST");
}

TEST(Router, RefusesWhatIsNotThere) {
  const Router router(table);
  for (const std::string_view path : {"/x", "/baseR4/a/b/c/d/e", "/baseR4//1", "*"}) {
    std::string allowed;
    const auto match = router.match(Method::get, path, allowed);
    ASSERT_FALSE(match) << path;
    EXPECT_EQ(match.error().kind, ProblemKind::not_found) << path;
  }
  std::string allowed;
  EXPECT_EQ(router.match(Method::get, "/baseR4/%zz", allowed).error().kind, ProblemKind::invalid);
}

}  // namespace
}  // namespace lightbox::http
