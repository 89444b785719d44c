#include "http/media_type.h"

#include <gtest/gtest.h>

namespace lightbox::http {
namespace {

TEST(MediaType, IsReadWithItsParameters) {
  for (const char* text :
       {"multipart/related; type=\"application/dicom\"; boundary=\"a;b\\\"c\"",
        "Multipart/Related;TYPE=\"application/dicom\";Boundary=\"a;b\\\"c\";",
        "multipart/related ; type = application/dicom ; boundary=\"a;b\\\"c\"; start=x"}) {
    const auto type = parse_media_type(text);
    ASSERT_TRUE(type) << text;
    EXPECT_EQ(type->name, "multipart/related") << text;
    EXPECT_EQ(type->parameter("type"), "application/dicom") << text;
    EXPECT_EQ(type->parameter("boundary"), "a;b\"c") << text;
    EXPECT_EQ(type->parameter("charset"), "") << text;
  }
}

TEST(MediaType, IsRefusedWhenItIsNone) {
  for (const char* text : {"", "multipart", "multipart/", "/related", "a b/c", "a/b/c", "a/b; c",
                           "a/b; =c", "a/b; c d=e", ";"}) {
    EXPECT_FALSE(parse_media_type(text)) << text;
  }
}

TEST(Accept, IsAListWithQualities) {
  const auto accepted = parse_accept(
      "application/dicom+xml;q=0.5, nonsense, multipart/related; "
      "type=\"application/dicom+xml\", */*;q=0.1, a/b;q=7");
  ASSERT_EQ(accepted.size(), 4U);
  EXPECT_EQ(accepted[0].type.name, "application/dicom+xml");
  EXPECT_EQ(accepted[0].quality, 0.5);
  EXPECT_EQ(accepted[1].type.parameter("type"), "application/dicom+xml");
  EXPECT_EQ(accepted[1].quality, 1);
  EXPECT_EQ(accepted[2].type.name, "*/*");
  EXPECT_EQ(accepted[3].quality, 1);
  EXPECT_TRUE(parse_accept("").empty());
}

TEST(Accept, NamesTypesMoreOrLessExactly) {
  EXPECT_EQ(specificity_of("text/xml", "text/xml"), 3);
  EXPECT_EQ(specificity_of("text/*", "text/xml"), 2);
  EXPECT_EQ(specificity_of("*/*", "text/xml"), 1);
  EXPECT_EQ(specificity_of("text/*", "textual/xml"), 0);
  EXPECT_EQ(specificity_of("text/html", "text/xml"), 0);
  EXPECT_EQ(specificity_of("", "text/xml"), 0);
}

}  // namespace
}  // namespace lightbox::http
