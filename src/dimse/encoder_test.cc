#include "dimse/encoder.h"

#include <gtest/gtest.h>

namespace lightbox::dimse {
namespace {

using namespace std::string_literals;

std::string encode(Encoder::Vrs vrs) {
  Encoder item(vrs);
  item.uid(0x00081155, "1.2.3");
  item.number(0x00081197, 0x0112);
  Encoder encoder(vrs);
  encoder.uid(0x00081195, "1.2");
  encoder.sequence(0x00081198, {item.bytes()});
  return encoder.bytes();
}

TEST(Encoder, WritesImplicit) {
  EXPECT_EQ(encode(Encoder::Vrs::implicit),
            "\x08\0\x95\x11\4\0\0\0"
            "1.2\0"
            "\x08\0\x98\x11\x20\0\0\0"
            "\xFE\xFF\0\xE0\x18\0\0\0"
            "\x08\0\x55\x11\6\0\0\0"
            "1.2.3\0"
            "\x08\0\x97\x11\2\0\0\0\x12\1"s);
}

TEST(Encoder, WritesExplicit) {
  EXPECT_EQ(encode(Encoder::Vrs::explicit_),
            "\x08\0\x95\x11UI\4\0"
            "1.2\0"
            "\x08\0\x98\x11SQ\0\0\x20\0\0\0"
            "\xFE\xFF\0\xE0\x18\0\0\0"
            "\x08\0\x55\x11UI\6\0"
            "1.2.3\0"
            "\x08\0\x97\x11US\2\0\x12\1"s);
}

}  // namespace
}  // namespace lightbox::dimse
