#include "dicom/part10.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "dicom/json.h"
#include "dicom/part10_test_support.h"

namespace lightbox::dicom {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace testing;  // NOLINT: the builders

Result<Part10> read(std::string_view bytes, std::string_view transfer_syntax = {},
                    const Limits& limits = {}) {
  MemorySource source(bytes);
  return Part10::read(source, limits, transfer_syntax);
}

std::string json_of(const Part10& object) {
  std::string json;
  append_json(object.data_set(), {}, json);
  return json;
}

const std::string id = element(tags::PatientID, "LO", "ID1 ");
const std::string id_implicit = implicit(tags::PatientID, "ID1 ");
const std::string id_big = element(tags::PatientID, "LO", "ID1 ", ByteOrder::big_endian);
const std::string modality = element(tags::Modality, "CS", "CT");
const std::string id_json = R"({"00100020":{"vr":"LO","Value":["ID1"]}})";
constexpr Tag other_patient_ids = 0x00101002;

struct Good {
  const char* name;
  std::string bytes;
  std::string_view transfer_syntax;
  std::string json;
  std::vector<std::string> remarks;
};

const std::string both_json =
    R"({"00080060":{"vr":"CS","Value":["CT"]},"00100020":{"vr":"LO","Value":["ID1"]}})";
const std::string nested_json =
    R"({"00101002":{"vr":"SQ","Value":[{"00100020":{"vr":"LO","Value":["ID1"]}},{}]}})";

const std::vector<Good>& good_cases() {
  static const std::vector<Good> cases = {
      {"explicit little endian", file(id), "", id_json, {}},
      {"implicit little endian", file(id_implicit, implicit_little), "", id_json, {}},
      {"explicit big endian",
       file(id_big +
                element(0x00280010, "US", number_16(515, ByteOrder::big_endian),
                        ByteOrder::big_endian) +
                element(0x00289999, "AT", tag_bytes(0x00100020, ByteOrder::big_endian),
                        ByteOrder::big_endian),
            explicit_big),
       "",
       R"({"00100020":{"vr":"LO","Value":["ID1"]},"00280010":{"vr":"US","Value":[515]},)"
       R"("00289999":{"vr":"AT","Value":["00100020"]}})",
       {}},
      {"deflated", file(deflate_raw(id), deflated), "", id_json, {}},
      {"a transfer syntax that nobody knows", file(id, "1.2.3.4"), "", id_json, {}},
      {"without preamble",
       file(id).substr(128),
       "",
       id_json,
       {"the preamble of 128 bytes is missing"}},
      {"without preamble and prefix",
       file(id).substr(132),
       "",
       id_json,
       {"preamble and \"DICM\" are missing"}},
      {"bare, as an association says", id_implicit, implicit_little, id_json, {}},
      {"bare, explicit",
       modality + id,
       "",
       both_json,
       {"no transfer syntax is given: the data set looks explicit VR little endian"}},
      {"bare, implicit",
       implicit(tags::Modality, "CT") + id_implicit,
       "",
       both_json,
       {"no transfer syntax is given: the data set looks implicit VR little endian"}},
      {"bare, big endian",
       element(tags::Modality, "CS", "CT", ByteOrder::big_endian) + id_big,
       "",
       both_json,
       {"no transfer syntax is given: the data set looks explicit VR big endian"}},
      {"without group length",
       std::string(128, '\0') + "DICM" +
           element(tags::TransferSyntaxUID, "UI", std::string(explicit_little) + '\0') + id,
       "",
       id_json,
       {"(0002,0000) File Meta Information Group Length is missing"}},
      {"a wrong group length",
       std::string(128, '\0') + "DICM" + element(0x00020000, "UL", number_32(4)) +
           element(tags::TransferSyntaxUID, "UI", std::string(explicit_little) + '\0') + id,
       "",
       id_json,
       {"(0002,0000) File Meta Information Group Length is wrong"}},
      {"explicit by name, implicit in fact",
       file(id_implicit),
       "",
       id_json,
       {"the data set is implicit VR little endian, though its transfer syntax says explicit VR "
        "little endian"}},
      {"implicit by name, explicit in fact",
       file(modality + id, implicit_little),
       "",
       both_json,
       {"the data set is explicit VR little endian, though its transfer syntax says implicit VR "
        "little endian"}},
      {"big endian by name, little in fact",
       file(id, explicit_big),
       "",
       id_json,
       {"the data set is explicit VR little endian, though its transfer syntax says explicit VR "
        "big endian"}},
      {"group lengths are left out",
       file(element(0x00100000, "UL", number_32(12)) + id),
       "",
       id_json,
       {}},
      {"trailing padding",
       file(id + element(0xFFFCFFFC, "OB", std::string(6, '\0'))),
       "",
       id_json,
       {}},
      {"zeros at the end",
       file(id + std::string(20, '\0')),
       "",
       id_json,
       {"20 bytes of zeros follow the data set"}},
      {"a zero at the end",
       file(id + std::string(1, '\0')),
       "",
       id_json,
       {"1 bytes of zeros follow the data set"}},
      {"an odd length",
       file(element(tags::PatientID, "LO", "ID1")),
       "",
       id_json,
       {"(0010,0020) has an odd length"}},
      {"out of order",
       file(id + modality),
       "",
       both_json,
       {"the elements are not in ascending order of their tags"}},
      {"twice",
       file(id + element(tags::PatientID, "LO", "ID2 ")),
       "",
       id_json,
       {"(0010,0020) is there more than once: the first was taken"}},
      {"a VR of the future",
       file(element(0x00100021, "ZZ", "ab")),
       "",
       R"({"00100021":{"vr":"LO","Value":["ab"]}})",
       {"(0010,0021) has the unknown VR \"ZZ\""}},
      {"an element without VR",
       file(modality + id_implicit),
       "",
       both_json,
       {"(0010,0020) has no VR"}},
      {"a sequence of defined length",
       file(element(other_patient_ids, "SQ", item(id) + item({}))),
       "",
       nested_json,
       {}},
      {"a sequence of undefined length",
       file(element(other_patient_ids, "SQ", open_item(id) + open_item({}), undefined_length) +
            sequence_end()),
       "",
       nested_json,
       {}},
      {"an implicit sequence",
       file(implicit(other_patient_ids, open_item(id_implicit) + item({}), undefined_length) +
                sequence_end(),
            implicit_little),
       "",
       nested_json,
       {}},
      {"UN of undefined length is implicit (PS3.5 6.2.2)",
       file(element(other_patient_ids, "UN", item(id_implicit) + item({}), undefined_length) +
            sequence_end()),
       "",
       nested_json,
       {}},
      {"UN of defined length that is a sequence",
       file(element(other_patient_ids, "UN", item(id_implicit) + item({}))),
       "",
       nested_json,
       {}},
      {"UN that the dictionary knows",
       file(element(tags::PatientID, "UN", "ID1 ")),
       "",
       id_json,
       {}},
      {"UN that is not what the dictionary says",
       file(element(0x00280010, "UN", "abc ") +
            element(other_patient_ids + 0x10000000, "UN", "abcd")),
       "",
       R"({"00280010":{"vr":"US","Value":[25185,8291]},)"
       R"("10101002":{"vr":"UN","InlineBinary":"YWJjZA=="}})",
       {}},
      {"implicit items in an explicit sequence",
       file(element(other_patient_ids, "SQ", item(id_implicit) + item({}))),
       "",
       nested_json,
       {}},
      {"delimiters though lengths are defined",
       file(element(
           other_patient_ids, "SQ",
           item(id + implicit(tags::ItemDelimitationItem, {})) + item({}) + sequence_end())),
       "",
       nested_json,
       {"an item of defined length has an item delimitation item",
        "a sequence of defined length has a sequence delimitation item"}},
      {"private elements",
       file(implicit(0x00090010, "ACME") + implicit(0x00091001, "ab"), implicit_little),
       "",
       R"({"00090010":{"vr":"LO","Value":["ACME"]},"00091001":{"vr":"UN","InlineBinary":"YWI="}})",
       {}},
      {"US or SS by Pixel Representation",
       file(implicit(0x00280103, number_16(1)) + implicit(0x00280106, number_16(65535)),
            implicit_little),
       "",
       R"({"00280103":{"vr":"US","Value":[1]},"00280106":{"vr":"SS","Value":[-1]}})",
       {}},
      {"repeating groups",
       file(implicit(0x60020010, number_16(7)), implicit_little),
       "",
       R"({"60020010":{"vr":"US","Value":[7]}})",
       {}},
      {"native pixel data is not read",
       file(id + element(tags::PixelData, "OW", std::string(16, 'x'))),
       "",
       R"({"00100020":{"vr":"LO","Value":["ID1"]},"7FE00010":{"vr":"OW"}})",
       {}},
      {"deflated, it ends at the pixel data",
       file(deflate_raw(id + element(tags::PixelData, "OW", "", 16)), deflated),
       "",
       R"({"00100020":{"vr":"LO","Value":["ID1"]},"7FE00010":{"vr":"OW"}})",
       {}},
      {"an item has the character set around it",
       file(element(tags::SpecificCharacterSet, "CS", "ISO_IR 100") +
            element(other_patient_ids, "SQ", item(element(tags::PatientName, "PN", "M\xFCller")))),
       "",
       R"({"00080005":{"vr":"CS","Value":["ISO_IR 192"]},"00101002":{"vr":"SQ","Value":[)"
       R"({"00100010":{"vr":"PN","Value":[{"Alphabetic":"Müller"}]}}]}})",
       {}},
  };
  return cases;
}

TEST(Part10Test, ReadsWhatIsOutThere) {
  for (const Good& example : good_cases()) {
    const auto object = read(example.bytes, example.transfer_syntax);
    ASSERT_TRUE(object) << example.name << ": " << text_of(object.error());
    EXPECT_EQ(json_of(*object), example.json) << example.name;
    EXPECT_EQ(object->remarks(), example.remarks) << example.name;
  }
}

TEST(Part10Test, SaysWhereBulkDataLies) {
  const std::string start = file({}, jpeg);
  const std::string pixels =
      element(tags::PixelData, "OB", item({}) + item("abcd") + item("ef") + sequence_end(),
              undefined_length);
  const auto object = read(start + id + pixels);
  ASSERT_TRUE(object) << text_of(object.error());
  const Element* element = object->data_set().find(tags::PixelData);
  ASSERT_TRUE(element && element->bulk);
  const std::uint64_t first = start.size() + id.size() + 12;
  EXPECT_EQ(element->bulk->offset, first);
  EXPECT_EQ(element->bulk->length, pixels.size() - 12);
  ASSERT_EQ(element->bulk->fragments.size(), 3U);
  EXPECT_EQ(element->bulk->fragments[0].length, 0U);
  EXPECT_EQ(element->bulk->fragments[1].offset, first + 16);
  EXPECT_EQ(element->bulk->fragments[2].offset, first + 28);
  EXPECT_EQ(element->bulk->fragments[2].length, 2U);
}

TEST(Part10Test, KeepsWhatIsShortAndNotWhatIsLong) {
  const Limits limits{.dicom_inline_bytes_max = 10, .dicom_text_bytes_max = 20};
  const std::string bytes = file(element(0x00104000, "LT", std::string(20, 'x')) +
                                 element(0x00189004, "LT", std::string(21, 'x')) +
                                 element(0x00282000, "OB", std::string(10, 'x')) +
                                 element(0x00282002, "OB", std::string(12, 'x')));
  const auto object = read(bytes, {}, limits);
  ASSERT_TRUE(object);
  EXPECT_FALSE(object->data_set().find(0x00104000)->bulk);
  EXPECT_EQ(object->data_set().find(0x00189004)->bulk->length, 21U);
  EXPECT_FALSE(object->data_set().find(0x00282000)->bulk);
  EXPECT_EQ(object->data_set().find(0x00282002)->bulk->offset, bytes.size() - 12);
}

// Many chunks, long skips and walks between what is kept.
TEST(Part10Test, ReadsThroughAWindow) {
  std::string bytes;
  std::string json = "{";
  for (Tag tag = 0x00091001; tag < 0x00091001 + 60; ++tag) {
    const std::string text(1000, static_cast<char>('a' + tag % 26));
    bytes += element(tag, "LT", text);
    json += "\"" + text_of(tag) + R"(":{"vr":"LT","Value":[")" + text + "\"]},";
    bytes += element(tag + 0x10000000, "OB", std::string(9000, 'x'));
  }
  std::string walked = element(0x30091001, "OB", "", undefined_length);
  for (int i = 0; i < 3000; ++i) walked += item(std::string(static_cast<std::size_t>(i % 50), 'x'));
  bytes += walked + sequence_end() + element(0x30091002, "LO", "after ");
  const auto object = read(file(bytes));
  ASSERT_TRUE(object) << text_of(object.error());
  EXPECT_THAT(json_of(*object), ::testing::StartsWith(json));
  EXPECT_EQ(object->data_set().find(0x30091001)->bulk->fragments.size(), 3000U);
  EXPECT_EQ(object->data_set().text(0x30091002), "after");
}

TEST(Part10Test, ReadsAFile) {
  std::FILE* temporary = std::tmpfile();
  ASSERT_NE(temporary, nullptr);
  const std::string bytes = file(id);
  ASSERT_EQ(std::fwrite(bytes.data(), 1, bytes.size(), temporary), bytes.size());
  std::fflush(temporary);
  auto source = FileSource::of(fileno(temporary));
  ASSERT_TRUE(source);
  const auto object = Part10::read(*source, Limits{});
  ASSERT_TRUE(object) << text_of(object.error());
  EXPECT_EQ(object->meta().first(tags::MediaStorageSOPInstanceUID), "1.2.3");
  EXPECT_EQ(object->transfer_syntax(), explicit_little);
  EXPECT_EQ(object->data_set_offset(), bytes.size() - id.size());
  // It shrinks after its size was asked for.
  ASSERT_EQ(ftruncate(fileno(temporary), 140), 0);
  const auto shrunk = Part10::read(*source, Limits{});
  ASSERT_FALSE(shrunk);
  EXPECT_THAT(text_of(shrunk.error()), HasSubstr("truncated"));
  std::fclose(temporary);
}

TEST(UidTest, FollowsTheRules) {
  for (const std::string_view good : {"1", "0", "1.2.840.10008.1.2", "2.25.0", "1.0.3"}) {
    EXPECT_TRUE(is_uid(good, UidRule::strict)) << good;
  }
  for (const std::string_view bad : {"", ".", "1.", ".1", "1..2", "1.a", "1 ", "urn:oid:1.2"}) {
    EXPECT_FALSE(is_uid(bad, UidRule::lenient)) << bad;
  }
  EXPECT_FALSE(is_uid("1.02", UidRule::strict));
  EXPECT_TRUE(is_uid("1.02", UidRule::lenient));
  EXPECT_TRUE(is_uid(std::string(64, '1'), UidRule::strict));
  EXPECT_FALSE(is_uid(std::string(65, '1'), UidRule::lenient));
}

}  // namespace
}  // namespace lightbox::dicom
