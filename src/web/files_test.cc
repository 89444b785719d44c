#include "web/files.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "http/compression.h"

namespace lightbox::web {
namespace {

TEST(Pack, IsReadInTheOrderOfPaths) {
  const std::string pack = "/b\ttext/css\t\"x\"\t3\n/a\ttext/html\t\"y\"\t2\n\nbbbaa";
  const auto files = read_pack(pack);
  ASSERT_TRUE(files);
  ASSERT_EQ(files->size(), 2U);
  EXPECT_EQ((*files)[0].path, "/a");
  EXPECT_EQ((*files)[0].content_type, "text/html");
  EXPECT_EQ((*files)[0].etag, "\"y\"");
  EXPECT_EQ((*files)[0].gzipped, "aa");
  EXPECT_EQ((*files)[1].gzipped, "bbb");
}

TEST(Pack, ThatIsBrokenIsRefused) {
  for (const char* pack : {"", "/a\ttext/html\t\"y\"\t2\n", "/a\ttext/html\t\"y\"\t2\n\na",
                           "/a\ttext/html\t\"y\"\t2\n\naaa", "/a\ttext/html\t\"y\"\tx\n\naa",
                           "/a\ttext/html\n\naa", "/a\ttext/html\t\"y\"\t-1\n\n"}) {
    EXPECT_FALSE(read_pack(pack)) << pack;
  }
}

TEST(Page, IsInTheProgram) {
  const File* page = find_file("/");
  ASSERT_NE(page, nullptr);
  EXPECT_EQ(page->content_type, "text/html; charset=utf-8");
  EXPECT_FALSE(page->is_immutable());
  const auto html = http::gunzip(page->gzipped, 100'000);
  ASSERT_TRUE(html);
  EXPECT_NE(html->find("<title>Lightbox</title>"), std::string::npos);
  EXPECT_EQ(find_file("/index.html"), nullptr);
  EXPECT_EQ(find_file(""), nullptr);
}

// Each script and style that the page names is there, and is cached for ever.
TEST(Page, HasWhatItNames) {
  const auto html = http::gunzip(find_file("/")->gzipped, 100'000);
  ASSERT_TRUE(html);
  std::size_t named = 0;
  for (std::size_t at = html->find("\"/assets/"); at != std::string::npos;
       at = html->find("\"/assets/", at + 1)) {
    const std::string path = html->substr(at + 1, html->find('"', at + 1) - at - 1);
    const File* file = find_file(path);
    ASSERT_NE(file, nullptr) << path;
    EXPECT_TRUE(file->is_immutable());
    EXPECT_TRUE(http::gunzip(file->gzipped, 10'000'000)) << path;
    ++named;
  }
  EXPECT_GE(named, 2U);
}

}  // namespace
}  // namespace lightbox::web
