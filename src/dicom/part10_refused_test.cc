// What Part10 refuses, and what it says of it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dicom/part10.h"
#include "dicom/part10_test_support.h"

namespace lightbox::dicom {
namespace {

using ::testing::HasSubstr;
using namespace testing;  // NOLINT: the builders

Result<Part10> read(std::string_view bytes, std::string_view transfer_syntax = {},
                    const Limits& limits = {}) {
  MemorySource source(bytes);
  return Part10::read(source, limits, transfer_syntax);
}

const std::string id = element(tags::PatientID, "LO", "ID1 ");
const std::string modality = element(tags::Modality, "CS", "CT");
constexpr Tag other_patient_ids = 0x00101002;

struct Bad {
  const char* name;
  std::string bytes;
  std::string says;
};

std::string nested(std::size_t depth) {
  std::string inner = id;
  for (std::size_t i = 0; i < depth; ++i) inner = element(other_patient_ids, "SQ", item(inner));
  return inner;
}

const std::vector<Bad>& bad_cases() {
  static const std::string start = file({});
  static const std::string at = std::to_string(start.size());
  static const std::vector<Bad> cases = {
      {"nothing", "", "byte 0: not a DICOM object"},
      {"text", "This is not a DICOM object, however long it may be.",
       "neither \"DICM\" at byte 128"},
      {"file meta information alone", start, "byte " + at + ": no data set follows"},
      {"a value that is cut", start + element(tags::PatientID, "LO", "ID1 ", 10),
       "byte " + at +
           ", (0010,0020): the object is truncated: 6 of the 10 bytes of this value are "
           "missing"},
      {"pixel data that is cut", start + element(tags::PixelData, "OW", "1234", 100),
       "(7FE0,0010): the object is truncated: 96 of the 100 bytes"},
      {"an element that is cut", start + id + "\x10", "1 bytes are no element"},
      {"a length that is cut", start + id + element(tags::PixelData, "OW", "").substr(0, 10),
       "(7FE0,0010): the object is truncated here"},
      {"fragments that are cut",
       file(element(tags::PixelData, "OB", item({}) + implicit(tags::Item, "ab", 10),
                    undefined_length),
            jpeg),
       "the object is truncated: 8 of the 10 bytes"},
      {"fragments without an end",
       file(element(tags::PixelData, "OB", item({}) + item("ab"), undefined_length), jpeg),
       "(7FE0,0010): the object is truncated: at least 8 bytes, the sequence delimitation item"},
      {"fragments that are none",
       file(element(tags::PixelData, "OB", id + id, undefined_length), jpeg),
       "(0010,0020): (7FE0,0010) holds fragments: an item (FFFE,E000) of defined length was"},
      {"a lying length in an item",
       start + element(other_patient_ids, "SQ", item(element(tags::PatientID, "LO", "ID1 ", 400))) +
           std::string(600, ' '),
       "(0010,0020): the length is 400 bytes, but its item or sequence ends after 4"},
      {"an item that is longer than its sequence",
       start + element(other_patient_ids, "SQ", implicit(tags::Item, id, 500)) +
           std::string(600, ' '),
       "(FFFE,E000): the length is 500 bytes, but its item or sequence ends after 12"},
      {"an item that ends within an element",
       start + element(other_patient_ids, "SQ", item(id + "1234")) + std::string(600, ' '),
       "the item ends within an element: its length is wrong"},
      {"a header across the end of an item",
       start +
           element(other_patient_ids, "SQ", item(id + "\x10" + std::string("\0\x20\0UT\0\0", 7))) +
           element(0x00200010, "SH", "1 "),
       "the element ends after the item that it stands in"},
      {"a sequence that ends within an item",
       start + element(other_patient_ids, "SQ", item(id) + "1234") + std::string(600, ' '),
       "(0010,1002): the sequence ends within an item: its length is wrong"},
      {"a sequence without items", start + element(other_patient_ids, "SQ", id),
       "an item (FFFE,E000) was expected here"},
      {"a sequence without an end",
       start + element(other_patient_ids, "SQ", item(id), undefined_length),
       "(0010,1002): the object is truncated within this sequence"},
      {"an item without an end",
       start + element(other_patient_ids, "SQ", implicit(tags::Item, id, undefined_length),
                       undefined_length),
       "the object is truncated within this item"},
      {"a delimiter where an element was expected", start + id + sequence_end(),
       "(FFFE,E0DD): an element was expected here, not a delimiter"},
      {"an undefined length of text", start + element(0x00104000, "UT", "", undefined_length),
       "(0010,4000): the VR UT has an undefined length"},
      {"no VR and no length", start + id + tag_bytes(0x00101010) + "\1\2\xFF\x70",
       "(0010,1010): the VR is the bytes 01 02; two capital letters, such as \"LO\""},
      {"zeros and more", start + id + std::string(20, '\0') + "x",
       "zeros, and then something else"},
      {"deflated data that is none", file("\xFF\xFF\xFF\xFF\xFF", deflated),
       "the data set is not deflated as its transfer syntax"},
      {"deflated data that is cut", file(deflate_raw(id).substr(0, 5), deflated),
       "its deflated data set does not end"},
      {"a deflated value that is cut",
       file(deflate_raw(element(tags::PatientID, "LO", "ID1 ", 10)), deflated),
       "byte 0, (0010,0020): the object is truncated: 6 of the 10 bytes"},
  };
  return cases;
}

TEST(Part10RefusedTest, RefusesWhatIsBroken) {
  for (const Bad& example : bad_cases()) {
    const auto object = read(example.bytes);
    ASSERT_FALSE(object) << example.name;
    EXPECT_EQ(object.error().kind, ProblemKind::invalid) << example.name;
    EXPECT_THAT(text_of(object.error()), HasSubstr(example.says)) << example.name;
  }
}

TEST(Part10RefusedTest, NamesTheLimitThatIsPassed) {
  const auto says = [](std::string_view bytes, const Limits& limits) {
    const auto object = read(bytes, {}, limits);
    EXPECT_FALSE(object);
    if (object) return std::string("accepted");
    EXPECT_EQ(object.error().kind, ProblemKind::too_large);
    return text_of(object.error());
  };
  EXPECT_TRUE(read(file(nested(32))));
  EXPECT_THAT(says(file(nested(33)), {}), HasSubstr("dicom_depth_max"));
  std::string open;
  for (int i = 0; i < 100'000; ++i) {
    open += element(other_patient_ids, "SQ", "", undefined_length) +
            implicit(tags::Item, {}, undefined_length);
  }
  EXPECT_THAT(says(file(open), {}), HasSubstr("dicom_depth_max"));
  EXPECT_THAT(says(file(modality + id), {.dicom_elements_max = 1}),
              HasSubstr("dicom_elements_max"));
  EXPECT_THAT(says(file(element(0x00104000, "UT", std::string(100'000, 'x'))),
                   {.dicom_header_bytes_max = 50'000}),
              HasSubstr("dicom_header_bytes_max"));
  const std::string bomb = deflate_raw(element(0x00420011, "OB", std::string(10U << 20U, 'x')));
  EXPECT_THAT(says(file(bomb, deflated), {.dicom_inflated_bytes_max = 1U << 20U}),
              HasSubstr("dicom_inflated_bytes_max"));
}

}  // namespace
}  // namespace lightbox::dicom
