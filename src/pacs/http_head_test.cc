#include "pacs/http_head.h"

#include <gtest/gtest.h>

namespace lightbox::pacs {
namespace {

HttpHead head_of(std::initializer_list<std::string_view> lines) {
  HttpHeadReader reader;
  for (const std::string_view line : lines) reader.add_line(line);
  return reader.head();
}

TEST(HttpHead, FieldsAreRead) {
  const HttpHead head =
      head_of({"HTTP/1.1 206 Partial Content\r\n", "content-type:  image/jls \r\n",
               "Content-Length: 12\r\n", "Content-Range: bytes 0-11/20\r\n",
               "Content-Location: http://a/b:c\r\n", "Warning: 299 a \"b\"\r\n",
               "Retry-After: 3\r\n", "\r\n"});
  EXPECT_EQ(head.status, 206);
  EXPECT_EQ(head.content_type, "image/jls");
  EXPECT_EQ(head.body_bytes, 12U);
  EXPECT_EQ(head.content_range, "bytes 0-11/20");
  EXPECT_EQ(head.content_location, "http://a/b:c");
  EXPECT_TRUE(head.has_warning);
  EXPECT_EQ(head.retry_after_ms, 3000);
}

TEST(HttpHead, TheLastHeadCounts) {
  const HttpHead head = head_of({"HTTP/1.1 100 Continue\r\n", "Content-Length: 3\r\n", "\r\n",
                                 "HTTP/2 200\r\n", "Content-Type: a/b\r\n", "\r\n"});
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.content_type, "a/b");
  EXPECT_EQ(head.body_bytes, std::nullopt);
}

TEST(HttpHead, TheLengthOfWhatIsEncodedIsAnother) {
  for (const std::string_view field : {"Content-Encoding: gzip", "Transfer-Encoding: chunked"}) {
    EXPECT_EQ(head_of({"Content-Length: 3", field}).body_bytes, std::nullopt) << field;
    EXPECT_EQ(head_of({field, "Content-Length: 3"}).body_bytes, std::nullopt) << field;
  }
  EXPECT_EQ(head_of({"Content-Length: 3x"}).body_bytes, std::nullopt);
}

TEST(HttpHead, AStrangersTextIsMadeReadable) {
  EXPECT_EQ(readable("a\r\nb\x1b[31m\x7f"), "a  b [31m ");
  EXPECT_EQ(readable("gr\xc3\xbc\xc3"), "gr???");
}

}  // namespace
}  // namespace lightbox::pacs
