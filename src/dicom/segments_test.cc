#include "dicom/segments.h"

#include <array>
#include <gtest/gtest.h>

#include "dicom/json.h"
#include "dicom/part10_test_support.h"

namespace lightbox::dicom::testing {
namespace {

std::string joined(Source& source, const Segments& segments) {
  std::string out;
  for (const Segment& segment : segments) {
    if (!segment.is_range()) {
      out += segment.bytes;
      continue;
    }
    std::string bytes(segment.length, '\0');
    EXPECT_TRUE(read_range(source, segment, 0, bytes));
    out += bytes;
  }
  EXPECT_EQ(out.size(), size_of(segments));
  return out;
}

std::string json_of(const std::string& bytes) {
  MemorySource source(bytes);
  const auto object = Part10::read(source, {});
  EXPECT_TRUE(object) << text_of(object.error());
  std::string json;
  append_json(object->data_set(), {}, json);
  return json;
}

struct Case {
  const char* name;
  std::string_view transfer_syntax;
  std::string data_set;
};

TEST(Segments, WhateverItIsItBecomesExplicitLittleEndian) {
  std::string pixels;
  for (std::uint32_t i = 0; i < 3000; ++i) pixels += number_16(i);
  std::string swapped;
  constexpr auto big = ByteOrder::big_endian;
  for (std::uint32_t i = 0; i < 3000; ++i) swapped += number_16(i, big);
  const std::string name = "Doe^J ";
  const std::vector<Case> cases = {
      {"explicit", explicit_little,
       element(0x00080018, "UI", "1.2.3") + element(0x00100010, "PN", name) +
           element(0x00280010, "US", number_16(50)) + element(0x7FE00010, "OW", pixels)},
      {"implicit", implicit_little,
       implicit(0x00080018, "1.2.3") + implicit(0x00100010, name) +
           implicit(0x00280010, number_16(50)) + implicit(0x7FE00010, pixels)},
      {"big endian", explicit_big,
       element(0x00080018, "UI", "1.2.3", big) + element(0x00100010, "PN", name, big) +
           element(0x00280010, "US", number_16(50, big), big) +
           element(0x7FE00010, "OW", swapped, big)},
  };
  const std::string expected = json_of(file(cases[0].data_set));
  for (const Case& c : cases) {
    const std::string bytes = file(c.data_set, c.transfer_syntax);
    MemorySource source(bytes);
    const auto object = Part10::read(source, {});
    ASSERT_TRUE(object) << c.name;
    const auto segments = to_explicit_little_endian(*object);
    ASSERT_TRUE(segments) << c.name << text_of(segments.error());
    EXPECT_EQ(segments->size(), 2U) << "the pixel data is not copied";
    const std::string made = joined(source, *segments);
    EXPECT_TRUE(made.ends_with(pixels)) << c.name;
    MemorySource again(made);
    EXPECT_EQ(Part10::read(again, {})->transfer_syntax(), explicit_little);
    EXPECT_EQ(json_of(made), expected) << c.name;

    const auto bare = native_data_set(*object, VrForm::implicit_vr);
    ASSERT_TRUE(bare) << c.name;
    const std::string implicit_made = joined(source, *bare);
    EXPECT_TRUE(implicit_made.ends_with(pixels)) << c.name;
    EXPECT_EQ(json_of(file(implicit_made, implicit_little)), expected) << c.name;
  }
}

TEST(Segments, AnEncapsulatedOrDeflatedObjectIsRefused) {
  const std::string encapsulated = file(
      element(0x7FE00010, "OB", item("") + item("abcd") + sequence_end(), undefined_length), jpeg);
  const std::string deflated_object =
      file(deflate_raw(element(0x00280010, "US", number_16(50))), deflated);
  for (const std::string& bytes : {encapsulated, deflated_object}) {
    MemorySource source(bytes);
    const auto segments = to_explicit_little_endian(*Part10::read(source, {}));
    ASSERT_FALSE(segments);
    EXPECT_EQ(segments.error().kind, ProblemKind::not_supported);
  }
}

TEST(Segments, PartsOfSwappedNumbers) {
  const std::string bytes = "..badcfehg";
  MemorySource source(bytes);
  for (const std::uint8_t swapped : std::array<std::uint8_t, 3>{1, 2, 4}) {
    const Segment range{.offset = 2, .length = 8, .swapped_bytes = swapped};
    const std::string whole = joined(source, {range});
    EXPECT_EQ(whole, swapped == 1 ? "badcfehg" : swapped == 2 ? "abcdefgh" : "cdabghef");
    for (std::uint64_t from = 0; from < 8; ++from) {
      for (std::uint64_t length = 1; from + length <= 8; ++length) {
        const auto part = part_of(source, range, from, length);
        ASSERT_TRUE(part);
        EXPECT_EQ(joined(source, *part), whole.substr(from, length)) << from << '+' << length;
      }
    }
  }
}

TEST(Segments, ADeflatedObjectIsInflated) {
  std::string pixels;
  for (std::uint32_t i = 0; i < 100'000; ++i) pixels += number_16(i * i);
  const std::string data_set = element(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.2") +
                               element(0x00080018, "UI", "1.2.3") +
                               element(0x7FE00010, "OW", pixels);
  const std::string bytes = file(deflate_raw(data_set), deflated);
  MemorySource source(bytes);
  const auto object = Part10::read(source, {});
  ASSERT_TRUE(object);
  const auto inflated = inflate_object(*object, source, {});
  ASSERT_TRUE(inflated) << text_of(inflated.error());
  EXPECT_TRUE(inflated->ends_with(data_set));
  MemorySource again(*inflated);
  EXPECT_EQ(Part10::read(again, {})->transfer_syntax(), explicit_little);
  const auto refused = inflate_object(*object, source, {.dicom_inflated_bytes_max = 1000});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ProblemKind::too_large);
}

}  // namespace
}  // namespace lightbox::dicom::testing
