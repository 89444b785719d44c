#include "dicom/base64.h"

#include <gtest/gtest.h>

namespace lightbox::dicom {
namespace {

// RFC 4648, section 10.
TEST(Base64Test, IsThatOfTheRfc) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
      {"\xFB\xFF", "+/8="},
  };
  for (const auto& [bytes, text] : cases) {
    std::string encoded = ">";
    append_base64(bytes, encoded);
    EXPECT_EQ(encoded, ">" + std::string(text));
    EXPECT_EQ(decode_base64(text), bytes);
  }
  for (const std::string_view bad : {"Zg", "Zg=", "Z===", "Zg==Zg==", "Z g=", "Zm8-", "===="}) {
    EXPECT_FALSE(decode_base64(bad)) << bad;
  }
}

}  // namespace
}  // namespace lightbox::dicom
